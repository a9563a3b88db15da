"""Stopping: what no worker owns ends at once, the rest has its grace and then its deadline; `finally` comes last."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from models.events.approval_events import ApprovalClosed
from models.events.events import (
    AttemptEnded,
    ExecutionMoved,
    KillForced,
    Parent,
    TaskError,
    TaskRunMoved,
)
from models.lifecycle.commands.commands import FinallyDeadline, KillDeadline
from models.lifecycle.commands.subflows import StopChild
from models.lifecycle.snapshot import TIMED_OUT, Execution, TaskRun
from models.lifecycle.steps import Decision
from models.lifecycle.summaries import waited
from models.lifecycle.visibility.apart import shows_parent
from models.states import (
    ApprovalState,
    AttemptState,
    ExecutionState,
    Section,
    TaskRunState,
)

_KILLING = TaskRunState.KILLING
LEASE = 10.0
"""Seconds that a worker's right to an attempt lasts without a heartbeat."""
HEARTBEAT = 3.0
"""Seconds between two heartbeats of a worker."""
FENCE_AFTER = 2 * HEARTBEAT
"""Seconds after a kill's grace until attempts that have not ended are fenced."""


def kill(steps: Decision, force: bool = False, cascade: bool = True) -> None:
    """KILLING. What has not started yet never will, `finally` excepted; without a start, that neither."""
    started = steps.execution.started_at is not None
    steps.record(ExecutionMoved(steps.execution.state, ExecutionState.KILLING, cascade=cascade))
    if force:
        steps.record(KillForced())
    sections = [Section.TASKS, Section.ERRORS]
    if force or not started:
        sections.append(Section.FINALLY)
    elif any(task.state is not TaskRunState.CREATED for task in _finally(steps.execution)):
        _promise_end_of_finally(steps)
    stop(steps, steps.execution.in_section(*sections), force)


def hurry(steps: Decision) -> None:
    """A second cancel: no more grace, and no `finally`."""
    if steps.execution.killing and steps.execution.killing.force:
        return
    steps.record(KillForced())
    stop(steps, steps.execution.tasks.values(), force=True)


def end_of_kill(execution: Execution) -> datetime | None:
    """When what is being killed is fenced; None where nothing is, where a second cancel has shortened it, or where
    the bounds of children decide."""
    killing = execution.killing
    dying = [task for task in execution.tasks.values() if task.state is _KILLING]
    if killing is None or killing.force or not dying or any(task.child for task in dying):
        return None
    grace = max(execution.spec_of(task).kill_grace for task in dying)
    return killing.at + timedelta(seconds=FENCE_AFTER + grace)


def when_finally_begins(steps: Decision) -> None:
    tasks = _finally(steps.execution)
    if tasks and all(task.state is TaskRunState.CREATED for task in tasks):
        _promise_end_of_finally(steps)


def _promise_end_of_finally(steps: Decision) -> None:
    execution = steps.execution
    steps.promise(FinallyDeadline(execution.state_seq), execution.plan.spec.finally_timeout)


def end_finally(steps: Decision, command: FinallyDeadline) -> None:
    """Its time is over; that of an earlier kill means nothing to a later one."""
    execution = steps.execution
    if execution.state is ExecutionState.KILLING and execution.state_seq == command.since:
        stop(steps, _finally(execution))


def stop(steps: Decision, tasks: Iterable[TaskRun], force: bool = False) -> None:
    stopped = [task for task in tasks if not task.ended]
    for task in stopped:
        _stop(steps, steps.execution.tasks[task.path], force)
    leased = [task for task in stopped if task.lease is not None]
    if leased:
        grace = 0.0 if force else max(steps.execution.spec_of(task).kill_grace for task in leased)
        attempts = tuple((task.path, task.attempt) for task in leased)
        steps.promise(KillDeadline(attempts), FENCE_AFTER + grace)


def _stop(steps: Decision, task: TaskRun, force: bool) -> None:
    """An attempt that is stopped while its execution is not being killed has had its time, and that is a failure."""
    killed = steps.execution.state is ExecutionState.KILLING
    if task.state is _KILLING:
        if force and task.child:
            stop_child(steps, task, force)
    elif task.lease is not None:
        steps.move_task(task, _KILLING)
    elif task.state in (TaskRunState.RUNNING, TaskRunState.WAITING_FOR_APPROVAL):
        _stop_carried(steps, task, force)
    elif task.attempt:
        steps.move_task(task, TaskRunState.KILLED if killed else TaskRunState.FAILED)
    else:
        steps.move_task(task, TaskRunState.CANCELLED)


def _stop_carried(steps: Decision, task: TaskRun, force: bool) -> None:
    """Stops a task run that the engine carries: the executions and iterations that it waits for have to end first."""
    if task.approval and task.approval.state is ApprovalState.PENDING:
        steps.record(ApprovalClosed(task.path, task.approval.id, ApprovalState.CANCELLED))
    killing = steps.execution.killing
    if task.child and killing and not killing.cascade:
        end_stopped(steps, task, "the execution that it started goes on: cancelled without cascade")
    elif task.child:
        begin_stopping(steps, task, force=force)
    elif any(not child.ended for child in steps.execution.children_of(task)):
        begin_stopping(steps, task)
    else:
        end_stopped(steps, task)


def begin_stopping(
    steps: Decision, task: TaskRun, error: TaskError | None = None, force: bool = False
) -> None:
    """KILLING until the execution that it started, or its iterations, have ended; `error` says why it is stopped."""
    steps.record(TaskRunMoved(task.path, task.state, _KILLING, error))
    if task.child:
        stop_child(steps, task, force)


def stop_child(steps: Decision, task: TaskRun, force: bool = False) -> None:
    assert task.child
    parent = Parent(steps.execution.id, task.path, task.attempt)
    steps.promise_to(task.child, StopChild(parent, force), because(steps, task, "was stopped"))


def because(steps: Decision, task: TaskRun, what: str) -> str:
    """The reason that the events of a child give: what befell its parent, through whom, and by which event; nothing
    of a parent that not everybody who sees the child may see."""
    if not shows_parent(steps.execution, task):
        return f"the execution that started it {what}"
    ask, seq = steps.context.ask, steps.events[0].seq if steps.events else steps.execution.seq
    by = f" by {ask.actor.partition(':')[2]}" if is_person(ask.actor) else ""
    why = f": {ask.reason}" if ask.reason else ""
    return f"{steps.execution.name}, which started it, {what}{by} (its event {seq}){why}"


def is_person(actor: str) -> bool:
    """A person or a program of theirs, and no part of Headway."""
    return actor.partition(":")[0] in ("user", "service", "token")


def end_stopped(
    steps: Decision, task: TaskRun, reason: str | None = None, end: AttemptState | None = None
) -> None:
    """Killed with its execution; otherwise it, or its execution, had its time, and has failed."""
    killed = steps.execution.state is ExecutionState.KILLING
    to, error = TaskRunState.KILLED, None
    if not killed:
        to = TaskRunState.FAILED
        if task.error and steps.execution.spec_of(task).allow_failure:
            to = TaskRunState.WARNING
        error = task.error or TaskError(TIMED_OUT, "had not ended when the time was over")
    steps.record(
        AttemptEnded(
            path=task.path,
            attempt=task.attempt,
            state=end or (AttemptState.KILLED if killed else AttemptState.TIMED_OUT),
            from_state=task.state,
            to_state=to,
            error=error,
            reason=reason,
            message=reason if task.child else waited(steps.execution, task),
        )
    )


def close_stopped(steps: Decision) -> None:
    """End each foreach that is being stopped and all of whose iterations have ended, the innermost first."""
    tasks = steps.execution.tasks
    stopping = [path for path in steps.execution.families if tasks[path].state is _KILLING]
    for path in sorted(stopping, key=len, reverse=True):
        task = steps.execution.tasks[path]
        if all(child.ended for child in steps.execution.children_of(task)):
            end_stopped(steps, task)


def _finally(execution: Execution) -> list[TaskRun]:
    return execution.in_section(Section.FINALLY)
