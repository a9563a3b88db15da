"""Parents and children: what an execution and those that its subflow tasks started do to each other.

A parent never outruns its child: whatever stops the task run leaves it KILLING until the child has told of its end. A
child is created, or restarted, in the transaction in which its parent adopts it, so that none is left without one.
"""

from models.errors import Problem, ProblemCode, Refused
from models.events.events import ChildLinked, ChildStateChanged, Parent, TaskError
from models.lifecycle.actions import ALLOWED_IN, Action
from models.lifecycle.advance.advance import advance, move, set_timer, tell_parent_of_the_end
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
from models.lifecycle.reruns.reruns import bring_back
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.stopping import end_stopped, hurry, kill
from models.lifecycle.transition_builder import TransitionBuilder
from models.lifecycle.visibility.apart import shows_child
from models.lifecycle.visibility.outside import SUBFLOW, did_not_succeed
from models.spec import SubflowTask
from models.states import (
    EXECUTION_SUCCESSES,
    WITH_CHILD,
    ExecutionState,
    TaskRunState,
)

_LOOK_AGAIN = 1.0
"""Seconds until a child that has to end before another starts is looked at again."""

# -- the parent -------------------------------------------------------------------------------------------------------


def adopt(builder: TransitionBuilder, command: Adopt) -> None:
    """Link the child to the attempt that waits for it. Raises Refused CONFLICT where the attempt waits for none: then
    the child is neither created nor restarted."""
    execution = builder.execution
    task = execution.tasks[command.path]
    if (task.child, task.attempt) == (command.child, command.attempt):
        return
    waits = task.state is TaskRunState.RUNNING and task.attempt == command.attempt
    if not waits or task.child or execution.state is ExecutionState.PAUSED:
        told = f"{command.path} of {execution.name} does not wait for an execution to start"
        raise Refused([Problem(ProblemCode.CONFLICT, told)])
    builder.emit(ChildLinked(task.path, task.attempt, command.child, command.child_seq))
    spec = execution.spec_of(task)
    if isinstance(spec, SubflowTask) and not spec.wait:
        end_attempt(builder, task, Succeeded(), TaskRunState.SUCCESS)
        advance(builder)


_MIRRORED = {
    ExecutionState.SUCCESS: TaskRunState.SUCCESS,
    ExecutionState.CACHED: TaskRunState.SUCCESS,
    ExecutionState.WARNING: TaskRunState.WARNING,
    ExecutionState.FAILED: TaskRunState.FAILED,
    ExecutionState.ERROR: TaskRunState.ERROR,
    ExecutionState.REJECTED: TaskRunState.REJECTED,
    ExecutionState.CANCELLED: TaskRunState.CANCELLED,
    ExecutionState.KILLED: TaskRunState.KILLED,
}
"""The state that the end of a child gives the subflow's task run."""


def await_child(builder: TransitionBuilder, command: AwaitChild) -> None:
    """Try again later to start a child: that of an earlier attempt still runs."""
    task = builder.execution.tasks[command.path]
    if task.state is TaskRunState.RUNNING and (task.attempt, task.child) == (command.attempt, None):
        builder.promise(StartChild(command.path, command.attempt), _LOOK_AGAIN)


def child_ended(builder: TransitionBuilder, command: ChildEnded) -> None:
    task = _waiting_for(builder.execution, command.path, command)
    if task is None:
        return
    to_state = _MIRRORED[command.state]
    error = _ended_so(builder.execution, task, command)
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


def _ended_so(execution: Execution, task: TaskRun, command: ChildEnded) -> TaskError:
    said = f": {command.message}" if command.message else ""
    told = f"{command.name} ended {command.state.value}{said}"
    spec = execution.spec_of(task)
    if shows_child(execution, task) or not isinstance(spec, SubflowTask):
        return TaskError(SUBFLOW, told)
    namespace = spec.namespace or execution.plan.spec.namespace
    return TaskError(SUBFLOW, did_not_succeed(namespace, spec.flow), below=told)


def _end_killing(builder: TransitionBuilder, task: TaskRun) -> None:
    """With its execution, or by its own timeout, which is retried like any failure."""
    if task.error and builder.execution.state is not ExecutionState.KILLING:
        fail(builder, task, TimedOut(task.error))
    else:
        end_stopped(builder, task)


def _end_with_stopped_child(
    builder: TransitionBuilder, task: TaskRun, to_state: TaskRunState, error: TaskError
) -> None:
    """A child that was stopped on request is not started again."""
    outcome = Failed(error) if to_state is TaskRunState.REJECTED else Killed(error)
    allowed = builder.execution.spec_of(task).allow_failure
    end_attempt(builder, task, outcome, TaskRunState.WARNING if allowed else to_state)


def record_child_state(builder: TransitionBuilder, command: ReportChildState) -> None:
    """Record that the child is paused, waits for a person, or goes on. Reports may come late and in any order: only the
    newest counts."""
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
    """The task run, if it still waits for this child and has no newer report from it."""
    task = execution.tasks[path]
    if task.state not in WITH_CHILD or task.child != command.child:
        return None
    known = task.standing.seq if task.standing else None
    is_new = known is None or command.child_seq is None or command.child_seq > known
    return task if is_new else None


# -- the child --------------------------------------------------------------------------------------------------------


def follow_up(builder: TransitionBuilder, before: Execution) -> None:
    """After any decision: set the execution's timer where its time counts again, and report a changed state to the
    parent, whose clocks stand while this execution is held."""
    execution = builder.execution
    released = before.clock.held is not None and execution.clock.held is None
    if released and execution.clock.since and not execution.ended:
        set_timer(builder)
    _report_state_to_parent(builder, before)


def _report_state_to_parent(builder: TransitionBuilder, before: Execution) -> None:
    """Only where the parent would see a change."""
    execution = builder.execution
    parent = execution.parent
    if parent is None or execution.ended or _reported_state(before) == _reported_state(execution):
        return
    _report_state(builder, parent)


def _report_state(builder: TransitionBuilder, parent: Parent) -> None:
    execution = builder.execution
    state, held = _reported_state(execution)
    news = ReportChildState(parent.path, execution.id, state, held, execution.seq)
    builder.promise_to(parent.execution_id, news)


_HELD = frozenset({ExecutionState.PAUSED, ExecutionState.WAITING_FOR_APPROVAL})


def _reported_state(execution: Execution) -> tuple[ExecutionState, bool]:
    """The state that the parent sees, and whether its clocks have to stand. Whatever is not held is RUNNING to the
    parent."""
    if execution.state in _HELD:
        return execution.state, True
    return ExecutionState.RUNNING, execution.clock.held is not None and not execution.ended


def stop_child(builder: TransitionBuilder, command: StopChild) -> None:
    """Kill the execution for its parent, which waits for the end. One that has ended already reports its end again."""
    execution, parent = builder.execution, builder.context.parent
    task = parent.tasks.get(command.parent.path) if parent else None
    if task is None or (task.child, task.attempt) != (execution.id, command.parent.attempt):
        return  # the parent was put back to run since
    if execution.ended:
        tell_parent_of_the_end(builder, command.parent)
    elif execution.state is not ExecutionState.KILLING:
        kill(builder, command.force)
    elif command.force:
        hurry(builder)
    advance(builder)


def follow_parent(builder: TransitionBuilder, command: FollowParent) -> None:
    """Pause or resume with the parent, if the parent's state at this moment still asks for it."""
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
    """Restart the execution for its parent, or report how it stands if it still runs or has ended well. Raises Refused
    INVALID_STATE where it cannot be restarted."""
    execution = builder.execution
    if execution.state in EXECUTION_SUCCESSES:
        tell_parent_of_the_end(builder, command.parent)
    elif execution.ended:
        bring_back(builder, command.shares_slot)
    else:
        if execution.state is ExecutionState.QUEUED and command.shares_slot:
            move(builder, ExecutionState.RUNNING, shares_slot=True)
            advance(builder)
        _report_state(builder, command.parent)
