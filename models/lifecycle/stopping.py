"""Stopping: task runs without a worker end at once, others by the end of their grace period; `finally` runs last."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from models.events.approval_events import ApprovalClosed
from models.events.events import ExecutionMoved, KillForced, Parent, TaskError, TaskRunMoved
from models.lifecycle.commands.commands import FinallyDeadline, KillDeadline
from models.lifecycle.commands.outcomes import Killed, Lost, TimedOut
from models.lifecycle.commands.subflows import StopChild
from models.lifecycle.ending import end_attempt
from models.lifecycle.snapshot import TIMED_OUT, Execution, TaskRun
from models.lifecycle.transition_builder import TransitionBuilder
from models.lifecycle.visibility.separation import shows_parent
from models.states import ApprovalState, ExecutionState, Section, TaskRunState

_KILLING = TaskRunState.KILLING
LEASE = 10.0
"""Seconds that a worker's lease of an attempt lasts without a heartbeat."""
HEARTBEAT = 3.0
"""Seconds between two heartbeats of a worker."""
FENCE_AFTER = 2 * HEARTBEAT
"""Seconds after the grace period of a kill until attempts that have not ended are fenced."""


def kill(builder: TransitionBuilder, force: bool = False, cascade: bool = True) -> None:
    """Enters KILLING. Tasks that have not started are cancelled; `finally` only if the execution never started, or with
    `force`."""
    started = builder.execution.started_at is not None
    builder.emit(ExecutionMoved(builder.execution.state, ExecutionState.KILLING, cascade=cascade))
    if force:
        builder.emit(KillForced())
    sections = [Section.TASKS, Section.ERRORS]
    if force or not started:
        sections.append(Section.FINALLY)
    elif any(task.state is not TaskRunState.CREATED for task in _finally(builder.execution)):
        _set_finally_deadline(builder)
    stop(builder, builder.execution.in_section(*sections), force)


def force_kill(builder: TransitionBuilder) -> None:
    """Handles a second cancel: ends the grace period and stops `finally`."""
    if builder.execution.killing and builder.execution.killing.force:
        return
    builder.emit(KillForced())
    stop(builder, builder.execution.tasks.values(), force=True)


def end_of_kill(execution: Execution) -> datetime | None:
    """Returns when attempts being killed are fenced; None if there are none, if a second cancel has shortened the grace
    period, or if it depends on children."""
    killing = execution.killing
    ending = [task for task in execution.tasks.values() if task.state is _KILLING]
    if killing is None or killing.force or not ending or any(task.child for task in ending):
        return None
    grace = max(execution.spec_of(task).kill_grace for task in ending)
    return killing.at + timedelta(seconds=FENCE_AFTER + grace)


def set_deadline_if_finally_begins(builder: TransitionBuilder) -> None:
    tasks = _finally(builder.execution)
    if tasks and all(task.state is TaskRunState.CREATED for task in tasks):
        _set_finally_deadline(builder)


def _set_finally_deadline(builder: TransitionBuilder) -> None:
    execution = builder.execution
    builder.defer(FinallyDeadline(execution.state_seq), execution.plan.spec.finally_timeout)


def end_finally(builder: TransitionBuilder, command: FinallyDeadline) -> None:
    """Stops `finally` at its deadline. The deadline of an earlier kill is ignored."""
    execution = builder.execution
    if execution.state is ExecutionState.KILLING and execution.state_seq == command.since:
        stop(builder, _finally(execution))


def stop(builder: TransitionBuilder, tasks: Iterable[TaskRun], force: bool = False) -> None:
    stopped = [task for task in tasks if not task.ended]
    for task in stopped:
        _stop(builder, builder.execution.tasks[task.path], force)
    leased = [task for task in stopped if task.lease is not None]
    if leased:
        grace = 0.0 if force else max(builder.execution.spec_of(task).kill_grace for task in leased)
        attempts = tuple((task.path, task.attempt) for task in leased)
        builder.defer(KillDeadline(attempts), FENCE_AFTER + grace)


def _stop(builder: TransitionBuilder, task: TaskRun, force: bool) -> None:
    """Stops a task run: killed with its execution, or else failed, as a timeout has passed."""
    killed = builder.execution.state is ExecutionState.KILLING
    if task.state is _KILLING:
        if force and task.child:
            stop_child(builder, task, force)
    elif task.lease is not None:
        builder.move_task(task, _KILLING)
    elif task.state in (TaskRunState.RUNNING, TaskRunState.WAITING_FOR_APPROVAL):
        _stop_engine_task(builder, task, force)
    elif task.attempt:
        builder.move_task(task, TaskRunState.KILLED if killed else TaskRunState.FAILED)
    else:
        builder.move_task(task, TaskRunState.CANCELLED)


def _stop_engine_task(builder: TransitionBuilder, task: TaskRun, force: bool) -> None:
    """Stops an engine task: the child and the iterations that it waits for have to end first."""
    if task.approval and task.approval.state is ApprovalState.PENDING:
        builder.emit(ApprovalClosed(task.path, task.approval.id, ApprovalState.CANCELLED))
    killing = builder.execution.killing
    if task.child and killing and not killing.cascade:
        end_stopped(
            builder, task, "the execution that it started continues: cancelled without cascade"
        )
    elif task.child:
        begin_stopping(builder, task, force=force)
    elif any(not child.ended for child in builder.execution.children_of(task)):
        begin_stopping(builder, task)
    else:
        end_stopped(builder, task)


def begin_stopping(
    builder: TransitionBuilder, task: TaskRun, error: TaskError | None = None, force: bool = False
) -> None:
    """Moves the task run to KILLING until its child or its iterations have ended; `error` is the reason."""
    builder.emit(TaskRunMoved(task.path, task.state, _KILLING, error))
    if task.child:
        stop_child(builder, task, force)


def stop_child(builder: TransitionBuilder, task: TaskRun, force: bool = False) -> None:
    assert task.child
    parent = Parent(builder.execution.id, task.path, task.attempt)
    builder.defer_to(
        task.child, StopChild(parent, force), reason_for_child(builder, task, "was stopped")
    )


def reason_for_child(builder: TransitionBuilder, task: TaskRun, what: str) -> str:
    """Returns the reason stored in the events of a child: what happened to its parent, by whom, and by which event. It
    does not name a parent that not everyone who sees the child may see."""
    if not shows_parent(builder.execution, task):
        return f"the execution that started it {what}"
    origin, seq = (
        builder.context.origin,
        builder.events[0].seq if builder.events else builder.execution.seq,
    )
    by = f" by {origin.actor.partition(':')[2]}" if is_person(origin.actor) else ""
    why = f": {origin.reason}" if origin.reason else ""
    return f"{builder.execution.name}, which started it, {what}{by} (its event {seq}){why}"


def is_person(actor: str) -> bool:
    """Checks for a person or one of their programs, as opposed to a part of Headway."""
    return actor.partition(":")[0] in ("user", "service", "token")


def end_stopped(
    builder: TransitionBuilder, task: TaskRun, reason: str | None = None, *, fenced: bool = False
) -> None:
    """Ends the attempt: killed with its execution, or else failed, as its timeout or the execution's has passed.
    `fenced`: its worker has not reported the end, and loses the lease."""
    to_state, error = TaskRunState.KILLED, None
    if builder.execution.state is not ExecutionState.KILLING:
        to_state = TaskRunState.FAILED
        if task.error and builder.execution.spec_of(task).allow_failure:
            to_state = TaskRunState.WARNING
        error = timed_out(task)
    outcome = Lost(error) if fenced else TimedOut(error) if error else Killed()
    message = reason if task.child else None
    end_attempt(builder, task, outcome, to_state, message=message, reason=reason)


def timed_out(task: TaskRun) -> TaskError:
    """Returns the error of a task run that a timeout stopped: its own, or that of its foreach or execution."""
    return task.error or TaskError(TIMED_OUT, "timed out")


def close_stopped(builder: TransitionBuilder) -> None:
    """Ends each foreach that is being stopped and whose iterations have all ended, the innermost first."""
    tasks = builder.execution.tasks
    stopping = [path for path in builder.execution.families if tasks[path].state is _KILLING]
    for path in sorted(stopping, key=len, reverse=True):
        task = builder.execution.tasks[path]
        if all(child.ended for child in builder.execution.children_of(task)):
            end_stopped(builder, task)


def _finally(execution: Execution) -> list[TaskRun]:
    return execution.in_section(Section.FINALLY)
