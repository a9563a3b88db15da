"""Parents and children: the rules between an execution and those that its subflow tasks started.

A parent never ends before its child: a task run that is stopped stays KILLING until the child has reported its end. A
child is created or restarted in the transaction in which its parent adopts it, so that none is left without a parent.
"""

from models.errors import Problem, ProblemCode, Refused
from models.events.events import ChildLinked, ChildStateChanged, Parent, TaskError
from models.lifecycle.actions import ALLOWED_IN, Action
from models.lifecycle.advance.advance import advance, move, report_end_to_parent, set_timer
from models.lifecycle.commands.commands import Pause, Resume, StartChild
from models.lifecycle.commands.outcomes import Failed, Killed, Succeeded, TimedOut
from models.lifecycle.commands.subflows import (
    Adopt,
    AwaitChild,
    ChildEnded,
    FollowParent,
    ReportChildState,
    ResumeChild,
    StopChild,
)
from models.lifecycle.ending import end_attempt, fail
from models.lifecycle.engine_tasks.timeouts import set_task_timers
from models.lifecycle.pausing import pause, resume
from models.lifecycle.reruns.reruns import restart_execution
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.stopping import end_stopped, force_kill, kill
from models.lifecycle.transition_builder import TransitionBuilder
from models.lifecycle.visibility.outside import SUBFLOW, did_not_succeed
from models.lifecycle.visibility.separation import shows_child
from models.spec import SubflowTask
from models.states import EXECUTION_SUCCESSES, WITH_CHILD, ExecutionState, TaskRunState

_RETRY_SECONDS = 1.0
"""Seconds until the next check whether an earlier child has ended, so that another can start."""

# -- the parent -------------------------------------------------------------------------------------------------------


def adopt(builder: TransitionBuilder, command: Adopt) -> None:
    """Links the child to the attempt that waits for it. Raises Refused CONFLICT if the attempt waits for none: then the
    child is neither created nor restarted."""
    execution = builder.execution
    task = execution.tasks[command.path]
    if (task.child, task.attempt) == (command.child, command.attempt):
        return
    waits = task.state is TaskRunState.RUNNING and task.attempt == command.attempt
    if not waits or task.child or execution.state is ExecutionState.PAUSED:
        message = f"{command.path} of {execution.name} does not wait for an execution to start"
        raise Refused([Problem(ProblemCode.CONFLICT, message)])
    builder.emit(ChildLinked(task.path, task.attempt, command.child, command.child_seq))
    spec = execution.spec_of(task)
    if isinstance(spec, SubflowTask) and not spec.wait:
        end_attempt(builder, task, Succeeded(), TaskRunState.SUCCESS)
        advance(builder)


_STATE_BY_CHILD = {
    ExecutionState.SUCCESS: TaskRunState.SUCCESS,
    ExecutionState.CACHED: TaskRunState.SUCCESS,
    ExecutionState.WARNING: TaskRunState.WARNING,
    ExecutionState.FAILED: TaskRunState.FAILED,
    ExecutionState.ERROR: TaskRunState.ERROR,
    ExecutionState.REJECTED: TaskRunState.REJECTED,
    ExecutionState.CANCELLED: TaskRunState.CANCELLED,
    ExecutionState.KILLED: TaskRunState.KILLED,
}
"""The state of the subflow's task run by the end of its child."""


def await_child(builder: TransitionBuilder, command: AwaitChild) -> None:
    """Retries the start of a child later, as the child of an earlier attempt still runs."""
    task = builder.execution.tasks[command.path]
    if task.state is TaskRunState.RUNNING and (task.attempt, task.child) == (command.attempt, None):
        builder.defer(StartChild(command.path, command.attempt), _RETRY_SECONDS)


def child_ended(builder: TransitionBuilder, command: ChildEnded) -> None:
    task = _waiting_for(builder.execution, command.path, command)
    if task is None:
        return
    to_state = _STATE_BY_CHILD[command.state]
    error = _error_of(builder.execution, task, command)
    if command.state in EXECUTION_SUCCESSES:
        end_attempt(builder, task, Succeeded(), to_state, command.outputs)
    elif task.state is TaskRunState.KILLING:
        _end_killing(builder, task)
    elif command.stopped:
        _end_with_stopped_child(builder, task, to_state, error)
    else:
        failed = TaskRunState.FAILED if to_state is TaskRunState.KILLED else to_state
        fail(builder, task, Failed(error), failed)
    advance(builder)


def _error_of(execution: Execution, task: TaskRun, command: ChildEnded) -> TaskError:
    cause = f": {command.message}" if command.message else ""
    message = f"{command.name} ended {command.state.value}{cause}"
    spec = execution.spec_of(task)
    if shows_child(execution, task) or not isinstance(spec, SubflowTask):
        return TaskError(SUBFLOW, message)
    namespace = spec.namespace or execution.plan.spec.namespace
    return TaskError(SUBFLOW, did_not_succeed(namespace, spec.flow), below=message)


def _end_killing(builder: TransitionBuilder, task: TaskRun) -> None:
    """Ends a task run that was killed with its execution, or by its own timeout, which is retried like any failure."""
    if task.error and builder.execution.state is not ExecutionState.KILLING:
        fail(builder, task, TimedOut(task.error))
    else:
        end_stopped(builder, task)


def _end_with_stopped_child(
    builder: TransitionBuilder, task: TaskRun, to_state: TaskRunState, error: TaskError
) -> None:
    """Ends the task run without a retry, as its child was stopped on request."""
    outcome = Failed(error) if to_state is TaskRunState.REJECTED else Killed(error)
    allowed = builder.execution.spec_of(task).allow_failure
    end_attempt(builder, task, outcome, TaskRunState.WARNING if allowed else to_state)


def record_child_state(builder: TransitionBuilder, command: ReportChildState) -> None:
    """Records that the child is paused, waits for a person, or continues. Reports may arrive late and in any order:
    only the newest counts."""
    task = _waiting_for(builder.execution, command.path, command)
    if task is None:
        return
    builder.emit(
        ChildStateChanged(task.path, command.child, command.state, command.held, command.child_seq)
    )
    if not command.held:
        set_task_timers(builder, task.path)
    advance(builder)


def _waiting_for(
    execution: Execution, path: str, command: ChildEnded | ReportChildState
) -> TaskRun | None:
    """Returns the task run if it still waits for this child and has no newer report from it."""
    task = execution.tasks[path]
    if task.state not in WITH_CHILD or task.child != command.child:
        return None
    known = task.standing.seq if task.standing else None
    is_new = known is None or command.child_seq is None or command.child_seq > known
    return task if is_new else None


# -- the child --------------------------------------------------------------------------------------------------------


def follow_up(builder: TransitionBuilder, before: Execution) -> None:
    """After each decision: sets the execution's timer if its time counts again, and reports a changed state to the
    parent, whose clocks stop while this execution is held."""
    execution = builder.execution
    released = before.clock.held is not None and execution.clock.held is None
    if released and execution.clock.since and not execution.ended:
        set_timer(builder)
    _report_state_to_parent(builder, before)


def _report_state_to_parent(builder: TransitionBuilder, before: Execution) -> None:
    """Reports only changes that the parent sees."""
    execution = builder.execution
    parent = execution.parent
    if parent is None or execution.ended or _reported_state(before) == _reported_state(execution):
        return
    _report_state(builder, parent)


def _report_state(builder: TransitionBuilder, parent: Parent) -> None:
    execution = builder.execution
    state, held = _reported_state(execution)
    report = ReportChildState(parent.path, execution.id, state, held, execution.seq)
    builder.defer_to(parent.execution_id, report)


_HELD = frozenset({ExecutionState.PAUSED, ExecutionState.WAITING_FOR_APPROVAL})


def _reported_state(execution: Execution) -> tuple[ExecutionState, bool]:
    """Returns the state that the parent sees, and whether its clocks have to stop. The parent sees everything that is
    not held as RUNNING."""
    if execution.state in _HELD:
        return execution.state, True
    return ExecutionState.RUNNING, execution.clock.held is not None and not execution.ended


def stop_child(builder: TransitionBuilder, command: StopChild) -> None:
    """Kills the execution for its parent, which waits for the end. One that has ended already reports its end again."""
    execution, parent = builder.execution, builder.context.parent
    task = parent.tasks.get(command.parent.path) if parent else None
    if task is None or (task.child, task.attempt) != (execution.id, command.parent.attempt):
        return  # the parent has been restarted since
    if execution.ended:
        report_end_to_parent(builder, command.parent)
    elif execution.state is not ExecutionState.KILLING:
        kill(builder, command.force)
    elif command.force:
        force_kill(builder)
    advance(builder)


def follow_parent(builder: TransitionBuilder, command: FollowParent) -> None:
    """Pauses or resumes with the parent, if the parent's current state still requires it."""
    parent = builder.context.parent
    execution = builder.execution
    task = parent.tasks.get(command.parent.path) if parent else None
    if parent is None or task is None or task.child != execution.id or task.ended:
        return
    is_paused = parent.paused is not None
    if command.pause and parent.paused and parent.paused.cascade:
        if execution.state in ALLOWED_IN[Action.PAUSE]:
            pause(builder, Pause())
    elif not command.pause and not is_paused and execution.state is ExecutionState.PAUSED:
        resume(builder, Resume())


def resume_child(builder: TransitionBuilder, command: ResumeChild) -> None:
    """Restarts the execution for its parent, or reports its state if it still runs or has succeeded. Raises Refused
    INVALID_STATE if it cannot be restarted."""
    execution = builder.execution
    if execution.state in EXECUTION_SUCCESSES:
        report_end_to_parent(builder, command.parent)
    elif execution.ended:
        restart_execution(builder, command.shares_slot)
    else:
        if execution.state is ExecutionState.QUEUED and command.shares_slot:
            move(builder, ExecutionState.RUNNING, shares_slot=True)
            advance(builder)
        _report_state(builder, command.parent)
