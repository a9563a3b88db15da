"""Applies the consequences of a change: handles failures, starts tasks, ends the execution.

`advance` is called after every change. It finds everything that is due from the snapshot alone.
"""

from collections.abc import Iterable

from models.events.events import ConditionRequested, ExecutionMoved, Parent, TaskError, TaskRunMoved
from models.lifecycle.advance.affected import affected_by
from models.lifecycle.advance.foreach import Iterations, iteration_has_begun
from models.lifecycle.advance.starting import start
from models.lifecycle.approvals.approvals import close_decided
from models.lifecycle.commands.commands import AdmitNext, Continue, Evaluate, TimeOutExecution
from models.lifecycle.commands.subflows import ChildEnded
from models.lifecycle.copies import copy_with
from models.lifecycle.ending import error_end
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.stopping import close_stopped, is_person, kill, set_deadline_if_finally_begins
from models.lifecycle.transition_builder import TransitionBuilder
from models.states import (
    FAILED_ENDS,
    STOPPED_ENDS,
    SUCCESSFUL_ENDS,
    ApprovalState,
    Condition,
    ExecutionState,
    FailureAction,
    OnTimeout,
    RunIf,
    Section,
    TaskRunState,
)

_NOT_HANDLED = frozenset({ExecutionState.CREATED, ExecutionState.QUEUED, ExecutionState.RESTARTED})
MAX_STARTS = 1_000
"""The most task runs that one decision starts, so that other executions do not wait long."""


def move(
    builder: TransitionBuilder,
    to: ExecutionState,
    *,
    cascade: bool = True,
    shares_slot: bool = False,
) -> None:
    """Changes the state; at an end, notifies the flow's queue and the parent. The current state emits no event."""
    before = builder.execution
    if before.state is to:
        return
    builder.emit(ExecutionMoved(before.state, to, cascade=cascade, shares_slot=shares_slot))
    execution = builder.execution
    if execution.clock.since == builder.now:
        set_timer(builder)
    if execution.ended and not before.ended:
        _report_end(builder)


def set_timer(builder: TransitionBuilder) -> None:
    """Defers a timeout for what is left of the execution's own timeout, whose clock has just started."""
    timeout, clock = builder.execution.plan.spec.timeout, builder.execution.clock
    if timeout and clock.held is None:
        builder.defer(TimeOutExecution(), timeout - clock.counted(builder.now))


def _report_end(builder: TransitionBuilder) -> None:
    """Notifies the next execution in the flow's queue, and the subflow task that waits for this execution."""
    execution = builder.execution
    if execution.plan.spec.concurrency:
        builder.defer(AdmitNext())
    if execution.parent:
        report_end_to_parent(builder, execution.parent)


def report_end_to_parent(builder: TransitionBuilder, parent: Parent) -> None:
    execution = builder.execution
    ended = ChildEnded(
        parent.path,
        parent.attempt,
        execution.id,
        execution.name,
        execution.state,
        execution.outputs,
        _why(execution),
        _was_stopped(execution),
        execution.seq,
    )
    builder.defer_to(parent.execution_id, ended)


def _why(execution: Execution) -> str | None:
    """Returns the message of the execution's failure, or who cancelled it."""
    if execution.failure:
        return execution.failure.message
    if execution.state is ExecutionState.CANCELLED:
        return "its flow's concurrency limit was reached"
    if killing := execution.killing:
        return f"cancelled by {killing.by.partition(':')[2] or killing.by}"
    stopped = [task.error for task in execution.tasks.values() if task.state in STOPPED_ENDS]
    return next((error.message for error in stopped if error), None)


def _was_stopped(execution: Execution) -> bool:
    """Checks whether it was stopped on request, not by its timeout or by its own failure that cancels all."""
    if execution.state is not ExecutionState.KILLED:
        return execution.state in (ExecutionState.CANCELLED, ExecutionState.REJECTED)
    if execution.killing and is_person(execution.killing.by):
        return True
    return not (execution.has_timed_out or _cancels_all(execution) or _has_expired(execution))


def _has_expired(execution: Execution) -> bool:
    """Checks for an approval request that expired, if that cancels the execution."""
    requests = [task.approval for task in execution.tasks.values() if task.approval]
    return any(
        one.state is ApprovalState.EXPIRED and one.policy.on_timeout is OnTimeout.CANCEL
        for one in requests
    )


def advance(builder: TransitionBuilder) -> None:
    execution = builder.execution
    if execution.ended or execution.ran_elsewhere or execution.state in _NOT_HANDLED:
        return
    if execution.plan.unreadable:  # only `give_up` moves it
        return
    if execution.state is ExecutionState.KILLING:
        _continue_killing(builder)
    elif _cancels_all(execution):
        kill(builder)
        _continue_killing(builder)
    elif execution.state is not ExecutionState.PAUSED:
        _continue(builder)


def _continue(builder: TransitionBuilder) -> None:
    close_decided(builder)
    close_stopped(builder)
    if builder.execution.state is ExecutionState.KILLING:  # an approval whose timeout cancels
        _continue_killing(builder)
        return
    while True:
        if builder.execution.has_failed:
            if _cancels_all(builder.execution):
                kill(builder)
                _continue_killing(builder)
                return
            move(builder, ExecutionState.FAILED_FINISHING)
            _cancel_what_failure_forbids(builder)
        changed = _advance(builder, *_active_sections(builder))
        if not changed or (builder.is_behind and not builder.execution.has_failed):
            break
    _defer_the_rest(builder)
    if all(task.ended for task in builder.execution.tasks.values()):
        _conclude(builder)
    elif not builder.execution.has_failed:
        move(builder, _active_state(builder.execution))


def _continue_killing(builder: TransitionBuilder) -> None:
    """Runs `finally` once all other tasks have ended; then ends the execution."""
    close_stopped(builder)
    execution = builder.execution
    if all(task.ended for task in execution.in_section(Section.TASKS, Section.ERRORS)):
        set_deadline_if_finally_begins(builder)
        close_decided(builder)
        while _advance(builder, Section.FINALLY):
            pass
        _defer_the_rest(builder)
    if all(task.ended for task in builder.execution.tasks.values()):
        move(builder, ExecutionState.KILLED)


def _cancels_all(execution: Execution) -> bool:
    """Checks for a failed task under CANCEL_ALL; failures in `errors` and `finally` cancel nothing."""
    if execution.on_failure is not FailureAction.CANCEL_ALL:
        return False
    return any(_is_main(execution, task) for task in execution.failed_tasks())


def _is_main(execution: Execution, task: TaskRun) -> bool:
    return execution.section_of(task) is Section.TASKS


def _active_state(execution: Execution) -> ExecutionState:
    """Returns WAITING_FOR_APPROVAL if nothing can progress without a person, else RUNNING."""
    waiting = False
    for task in execution.tasks.values():
        if _waits_for_a_person(task):
            waiting = True
        elif not task.ended and _can_progress(execution, task):
            return ExecutionState.RUNNING
    return ExecutionState.WAITING_FOR_APPROVAL if waiting else ExecutionState.RUNNING


def _waits_for_a_person(task: TaskRun) -> bool:
    """Checks whether the task run waits for an approval, or its child does and cannot progress without."""
    if task.state is TaskRunState.WAITING_FOR_APPROVAL:
        return True
    standing = task.standing if task.state is TaskRunState.RUNNING else None
    return standing is not None and standing.state is ExecutionState.WAITING_FOR_APPROVAL


def _can_progress(execution: Execution, task: TaskRun) -> bool:
    if task.state is TaskRunState.CREATED:
        return task.condition is Condition.EVALUATING
    return task.path not in execution.families


# -- what may start ---------------------------------------------------------------------------------------------------


def _active_sections(builder: TransitionBuilder) -> list[Section]:
    """Returns the section to run: `errors` after the tasks if there was a failure, then `finally`."""
    execution = builder.execution
    if not all(task.ended for task in execution.in_section(Section.TASKS)):
        return [Section.TASKS]
    errors = execution.in_section(Section.ERRORS)
    if not execution.has_failed:
        for task in errors:
            if task.state is TaskRunState.CREATED:
                builder.move_task(task, TaskRunState.SKIPPED)
    elif not all(task.ended for task in errors):
        return [Section.ERRORS]
    return [Section.FINALLY]


def _advance(builder: TransitionBuilder, *sections: Section) -> bool:
    """Starts tasks that are ready, cancels or skips those that can no longer run. Returns whether anything happened."""
    before = len(builder.events)
    iterations = Iterations()
    touched = builder.execution.unsettled
    if touched is None or sections != (Section.TASKS,):
        builder.execution = copy_with(builder.execution, unsettled=frozenset())
        everything = builder.execution.in_section(*sections)
        _advance_each(builder, [task.path for task in everything if not task.ended], iterations)
    elif touched:
        builder.execution = copy_with(builder.execution, unsettled=frozenset())
        _advance_each(builder, affected_by(builder.execution, touched), iterations)
        _begin_iterations(builder, touched, iterations)
    return len(builder.events) > before


def _advance_each(builder: TransitionBuilder, paths: Iterable[str], iterations: Iterations) -> None:
    for path in paths:
        if builder.is_behind:
            return
        task = builder.execution.tasks[path]
        if task.state is TaskRunState.CREATED:
            _advance_task(builder, task, iterations)
        elif task.state is TaskRunState.RUNNING:
            iterations.close(builder, task)


def _begin_iterations(
    builder: TransitionBuilder, touched: Iterable[str], iterations: Iterations
) -> None:
    """Starts the next iterations of each foreach in which something has ended."""
    ended = [task for path in touched if (task := builder.execution.tasks[path]).ended]
    for around in dict.fromkeys(task.parent for task in ended if task.parent is not None):
        foreach = builder.execution.tasks[around]
        _advance_each(builder, iterations.idle_tasks(builder.execution, foreach), iterations)
        for path in builder.execution.families[around]:
            task = builder.execution.tasks[path]
            if task.state is not TaskRunState.CREATED:
                continue
            if not iterations.has_room(builder.execution, builder.execution.tasks[around]):
                break
            _advance_task(builder, task, iterations)


def _defer_the_rest(builder: TransitionBuilder) -> None:
    """Leaves further starts to a decision that follows at once, if this one has reached its limit."""
    if builder.is_behind:
        builder.execution = copy_with(builder.execution, unsettled=None)
        builder.defer(Continue())


def _advance_task(builder: TransitionBuilder, task: TaskRun, iterations: Iterations) -> None:
    execution = builder.execution
    if execution.is_disabled(task):
        builder.move_task(task, TaskRunState.SKIPPED)
        return
    state = _state_by_needs(execution, task)
    if state is TaskRunState.RUNNING:
        if builder.started >= MAX_STARTS:
            builder.is_behind = True
        elif iterations.may_start(execution, task):
            builder.started += 1
            _start_if(builder, task)
    elif state is not None:
        builder.move_task(task, state)


def _state_by_needs(execution: Execution, task: TaskRun) -> TaskRunState | None:
    """Returns RUNNING if its needs allow it, SKIPPED or CANCELLED if they never will, None while they are open."""
    needs = execution.awaited_by(task)
    rule = execution.spec_of(task).run_if
    if rule is RunIf.SUCCESS:
        if any(need.ended and need.state not in SUCCESSFUL_ENDS for need in needs):
            return TaskRunState.CANCELLED
        return TaskRunState.RUNNING if all(need.ended for need in needs) else None
    if not all(need.ended for need in needs):
        return None
    if rule is RunIf.ALWAYS or any(need.state in FAILED_ENDS for need in needs):
        return TaskRunState.RUNNING
    good = all(need.state in SUCCESSFUL_ENDS for need in needs)
    return TaskRunState.SKIPPED if good else TaskRunState.CANCELLED


def _start_if(builder: TransitionBuilder, task: TaskRun) -> None:
    """Starts the task run if its `when` holds; an expression is evaluated first, outside of this decision."""
    when = builder.execution.spec_of(task).when
    if when is None or when is True or task.condition is Condition.HOLDS:
        start(builder, task)
    elif when is False or task.condition is Condition.FAILS:
        builder.move_task(task, TaskRunState.SKIPPED)
    elif task.condition is None:
        builder.emit(ConditionRequested(task.path))
        builder.defer(Evaluate(task.path, task.attempt, condition=True))


def _cancel_what_failure_forbids(builder: TransitionBuilder) -> None:
    """Under FINISH_RUNNING, cancels the tasks that have not started, except those that handle failures."""
    execution = builder.execution
    if execution.on_failure is FailureAction.FINISH_POSSIBLE:
        return
    for task in list(execution.tasks.values()):
        if task.state is TaskRunState.CREATED and _is_forbidden(execution, task):
            builder.move_task(task, TaskRunState.CANCELLED)


def _is_forbidden(execution: Execution, task: TaskRun) -> bool:
    return _is_main(execution, task) and not _handles_failures(execution, task)


def _handles_failures(execution: Execution, task: TaskRun) -> bool:
    """Checks its `run_if`, or that of a foreach around it; a task of an iteration that has not begun does not count."""
    if execution.spec_of(task).run_if is not RunIf.SUCCESS and iteration_has_begun(execution, task):
        return True
    return task.parent is not None and _handles_failures(execution, execution.tasks[task.parent])


def fail_condition(builder: TransitionBuilder, task: TaskRun, error: TaskError) -> None:
    """Ends a task run whose `when` cannot be evaluated."""
    to_state = error_end(builder.execution.spec_of(task))
    builder.emit(TaskRunMoved(task.path, task.state, to_state, error))


# -- the end ----------------------------------------------------------------------------------------------------------


def _conclude(builder: TransitionBuilder) -> None:
    """Ends the execution, or first has its outputs evaluated: then `Conclude` ends it."""
    execution = builder.execution
    end = end_of(execution)
    needs_outputs = end in (ExecutionState.SUCCESS, ExecutionState.WARNING)
    if needs_outputs and execution.plan.spec.outputs and not execution.outputs:
        move(builder, ExecutionState.RUNNING)
        builder.defer(Evaluate(None, None))
    else:
        move(builder, end)


def end_of(execution: Execution) -> ExecutionState:
    """Returns the state in which an execution ends whose task runs have all ended."""
    if execution.has_timed_out:
        return ExecutionState.FAILED
    states = {
        task.state for task in execution.tasks.values() if not execution.failure_is_allowed(task)
    }
    for task_state, end in (
        (TaskRunState.KILLED, ExecutionState.KILLED),
        (TaskRunState.REJECTED, ExecutionState.REJECTED),
        (TaskRunState.FAILED, ExecutionState.FAILED),
        (TaskRunState.ERROR, ExecutionState.ERROR),
    ):
        if task_state in states:
            return end
    if execution.failure:
        return ExecutionState.ERROR
    if any(
        task.state is TaskRunState.CANCELLED
        and task.error
        and not execution.failure_is_allowed(task)
        for task in execution.tasks.values()
    ):
        return ExecutionState.KILLED  # a child was cancelled
    return ExecutionState.WARNING if TaskRunState.WARNING in states else ExecutionState.SUCCESS
