"""The consequences of a change: failures act, tasks start, the execution ends.

`advance` is called after every change and finds, from the snapshot alone, everything that is due.
"""

from collections.abc import Iterable

from models.events.events import ConditionAsked, ExecutionMoved, Parent, TaskError, TaskRunMoved
from models.lifecycle.advance.affected import affected_by
from models.lifecycle.advance.foreach import Iterations, iteration_has_begun
from models.lifecycle.advance.starting import start
from models.lifecycle.approvals.approvals import close_decided
from models.lifecycle.commands.commands import AdmitNext, Evaluate, GoOn, TimeOutExecution
from models.lifecycle.commands.subflows import ChildEnded
from models.lifecycle.copies import copy_with
from models.lifecycle.ending import error_end
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.stopping import close_stopped, is_person, kill, when_finally_begins
from models.lifecycle.transition_builder import TransitionBuilder
from models.states import (
    FAILED_ENDS,
    SUCCESSFUL_ENDS,
    ApprovalState,
    ExecutionState,
    FailureAction,
    OnTimeout,
    RunIf,
    Section,
    TaskRunState,
)

_NOT_HANDLED = frozenset({ExecutionState.CREATED, ExecutionState.QUEUED, ExecutionState.RESTARTED})
MOST_STARTS = 1_000
"""Task runs that one decision starts, so that no other execution waits long for it."""


def move(
    builder: TransitionBuilder,
    to: ExecutionState,
    *,
    cascade: bool = True,
    shares_slot: bool = False,
) -> None:
    """Setting the state it is in is no event."""
    before = builder.execution
    if before.state is to:
        return
    builder.emit(ExecutionMoved(before.state, to, cascade=cascade, shares_slot=shares_slot))
    execution = builder.execution
    if execution.clock.since == builder.now:
        set_timer(builder)
    if execution.ended and not before.ended:
        _tell_of_the_end(builder)


def set_timer(builder: TransitionBuilder) -> None:
    """For what is left of the execution's own timeout, whose clock has just begun to go."""
    timeout, clock = builder.execution.plan.spec.timeout, builder.execution.clock
    if timeout and clock.held is None:
        builder.promise(TimeOutExecution(), timeout - clock.counted(builder.now))


def _tell_of_the_end(builder: TransitionBuilder) -> None:
    """The next in the flow's line, and the subflow task that waits for this execution."""
    execution = builder.execution
    if execution.plan.spec.concurrency:
        builder.promise(AdmitNext())
    if execution.parent:
        tell_parent_of_the_end(builder, execution.parent)


def tell_parent_of_the_end(builder: TransitionBuilder, parent: Parent) -> None:
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
    builder.promise_to(parent.execution_id, ended)


def _why(execution: Execution) -> str | None:
    """Its failure; or through whom it was stopped."""
    if execution.failure:
        return execution.failure.message
    if execution.state is ExecutionState.CANCELLED:
        return "its flow's concurrency limit left no room for it"
    if killing := execution.killing:
        return f"cancelled by {killing.by.partition(':')[2] or killing.by}"
    stopped = [task.error for task in execution.tasks.values() if task.state in _STOPPED]
    return next((error.message for error in stopped if error), None)


_STOPPED = frozenset({TaskRunState.KILLED, TaskRunState.CANCELLED})


def _was_stopped(execution: Execution) -> bool:
    """On request, and not by a failure of its own that cancels all, nor by its timeout."""
    if execution.state is not ExecutionState.KILLED:
        return execution.state in (ExecutionState.CANCELLED, ExecutionState.REJECTED)
    if execution.killing and is_person(execution.killing.by):
        return True
    return not (execution.has_timed_out or _kills(execution) or _has_expired(execution))


def _has_expired(execution: Execution) -> bool:
    """A request that nobody decided in time, which cancels all."""
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
        _go_on_killing(builder)
    elif _kills(execution):
        kill(builder)
        _go_on_killing(builder)
    elif execution.state is not ExecutionState.PAUSED:
        _go_on(builder)


def _go_on(builder: TransitionBuilder) -> None:
    close_decided(builder)
    close_stopped(builder)
    if builder.execution.state is ExecutionState.KILLING:  # an approval whose timeout cancels
        _go_on_killing(builder)
        return
    while True:
        if builder.execution.has_failed:
            if _kills(builder.execution):
                kill(builder)
                _go_on_killing(builder)
                return
            move(builder, ExecutionState.FAILED_FINISHING)
            _cancel_what_failure_forbids(builder)
        went_on = _advance(builder, *_sections_at_work(builder))
        if not went_on or (builder.is_behind and not builder.execution.has_failed):
            break
    _leave_the_rest(builder)
    if all(task.ended for task in builder.execution.tasks.values()):
        _conclude(builder)
    elif not builder.execution.has_failed:
        move(builder, _standing(builder.execution))


def _go_on_killing(builder: TransitionBuilder) -> None:
    """Once all else has ended, `finally` runs; then the execution ends."""
    close_stopped(builder)
    execution = builder.execution
    if all(task.ended for task in execution.in_section(Section.TASKS, Section.ERRORS)):
        when_finally_begins(builder)
        close_decided(builder)
        while _advance(builder, Section.FINALLY):
            pass
        _leave_the_rest(builder)
    if all(task.ended for task in builder.execution.tasks.values()):
        move(builder, ExecutionState.KILLED)


def _kills(execution: Execution) -> bool:
    """A failure of one of the flow's tasks under CANCEL_ALL; those of `errors` and `finally` have nothing to cancel."""
    if execution.on_failure is not FailureAction.CANCEL_ALL:
        return False
    return any(_is_main(execution, task) for task in execution.failed_tasks())


def _is_main(execution: Execution, task: TaskRun) -> bool:
    return execution.section_of(task) is Section.TASKS


def _standing(execution: Execution) -> ExecutionState:
    """RUNNING, or WAITING_FOR_APPROVAL when only a person can move it."""
    waiting = False
    for task in execution.tasks.values():
        if _waits_for_a_person(task):
            waiting = True
        elif not task.ended and _moves(execution, task):
            return ExecutionState.RUNNING
    return ExecutionState.WAITING_FOR_APPROVAL if waiting else ExecutionState.RUNNING


def _waits_for_a_person(task: TaskRun) -> bool:
    """Itself, or the execution that it started does and nothing else in that can move."""
    if task.state is TaskRunState.WAITING_FOR_APPROVAL:
        return True
    standing = task.standing if task.state is TaskRunState.RUNNING else None
    return standing is not None and standing.state is ExecutionState.WAITING_FOR_APPROVAL


def _moves(execution: Execution, task: TaskRun) -> bool:
    if task.state is TaskRunState.CREATED:
        return task.condition == "ASKED"
    return task.path not in execution.families


# -- what may start ---------------------------------------------------------------------------------------------------


def _sections_at_work(builder: TransitionBuilder) -> list[Section]:
    """`errors` once the tasks have ended and there was a failure, `finally` after them."""
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
    """Whether anything happened: what is ready starts, what cannot run any more is cancelled or skipped."""
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
            _consider(builder, task, iterations)
        elif task.state is TaskRunState.RUNNING:
            iterations.close(builder, task)


def _begin_iterations(
    builder: TransitionBuilder, touched: Iterable[str], iterations: Iterations
) -> None:
    """The next ones of each foreach that something has ended in."""
    ended = [task for path in touched if (task := builder.execution.tasks[path]).ended]
    for around in dict.fromkeys(task.parent for task in ended if task.parent is not None):
        foreach = builder.execution.tasks[around]
        _advance_each(builder, iterations.at_rest(builder.execution, foreach), iterations)
        for path in builder.execution.families[around]:
            task = builder.execution.tasks[path]
            if task.state is not TaskRunState.CREATED:
                continue
            if not iterations.has_room(builder.execution, builder.execution.tasks[around]):
                break
            _consider(builder, task, iterations)


def _leave_the_rest(builder: TransitionBuilder) -> None:
    """To a decision that follows at once, where this one has started as much as it may."""
    if builder.is_behind:
        builder.execution = copy_with(builder.execution, unsettled=None)
        builder.promise(GoOn())


def _consider(builder: TransitionBuilder, task: TaskRun, iterations: Iterations) -> None:
    execution = builder.execution
    if execution.is_disabled(task):
        builder.move_task(task, TaskRunState.SKIPPED)
        return
    verdict = _verdict(execution, task)
    if verdict is TaskRunState.RUNNING:
        if builder.started >= MOST_STARTS:
            builder.is_behind = True
        elif iterations.may_start(execution, task):
            builder.started += 1
            _start_if(builder, task)
    elif verdict is not None:
        builder.move_task(task, verdict)


def _verdict(execution: Execution, task: TaskRun) -> TaskRunState | None:
    """RUNNING when its needs allow it, SKIPPED or CANCELLED when they never will, None while they are open."""
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
    """Start it if its `when` holds; that is evaluated elsewhere first."""
    when = builder.execution.spec_of(task).when
    if when is None or when is True or task.condition == "HOLDS":
        start(builder, task)
    elif when is False or task.condition == "FAILS":
        builder.move_task(task, TaskRunState.SKIPPED)
    elif task.condition is None:
        builder.emit(ConditionAsked(task.path))
        builder.promise(Evaluate(task.path, task.attempt, condition=True))


def _cancel_what_failure_forbids(builder: TransitionBuilder) -> None:
    """Under FINISH_RUNNING nothing starts any more but what is there for failures."""
    execution = builder.execution
    if execution.on_failure is FailureAction.FINISH_POSSIBLE:
        return
    for task in list(execution.tasks.values()):
        if task.state is TaskRunState.CREATED and _is_forbidden(execution, task):
            builder.move_task(task, TaskRunState.CANCELLED)


def _is_forbidden(execution: Execution, task: TaskRun) -> bool:
    return _is_main(execution, task) and not _is_there_for_failures(execution, task)


def _is_there_for_failures(execution: Execution, task: TaskRun) -> bool:
    """By its `run_if`, or that of a foreach around it; not in an iteration whose turn has not come."""
    if execution.spec_of(task).run_if is not RunIf.SUCCESS and iteration_has_begun(execution, task):
        return True
    return task.parent is not None and _is_there_for_failures(
        execution, execution.tasks[task.parent]
    )


def judged(builder: TransitionBuilder, task: TaskRun, error: TaskError) -> None:
    """Its `when` cannot be evaluated."""
    to_state = error_end(builder.execution.spec_of(task))
    builder.emit(TaskRunMoved(task.path, task.state, to_state, error))


# -- the end ----------------------------------------------------------------------------------------------------------


def _conclude(builder: TransitionBuilder) -> None:
    """End it, or have its outputs evaluated first: `Conclude` comes back here with them."""
    execution = builder.execution
    end = end_of(execution)
    owes_outputs = end in (ExecutionState.SUCCESS, ExecutionState.WARNING)
    if owes_outputs and execution.plan.spec.outputs and not execution.outputs:
        move(builder, ExecutionState.RUNNING)
        builder.promise(Evaluate(None, None))
    else:
        move(builder, end)


def end_of(execution: Execution) -> ExecutionState:
    """The state that it ends in, all its task runs having ended."""
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
        return ExecutionState.KILLED  # an execution that it waited for was cancelled
    return ExecutionState.WARNING if TaskRunState.WARNING in states else ExecutionState.SUCCESS
