"""Stopping: what no worker owns ends at once, the rest has its grace and then its deadline; `finally` comes last."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from models.approval_events import ApprovalClosed
from models.events import AttemptEnded, ExecutionMoved, KillForced, TaskError
from models.lifecycle.commands import Cancel, FinallyDeadline, KillDeadline
from models.lifecycle.last_words import waited
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.steps import Steps
from models.states import ApprovalState, AttemptState, ExecutionState, Section, TaskRunState

LEASE = 10.0
"""Seconds that a worker's right to an attempt lasts without a heartbeat."""
HEARTBEAT = 3.0
"""Seconds between two heartbeats of a worker."""
FENCE_AFTER = 2 * HEARTBEAT
"""Seconds after a kill's grace until attempts that have not ended are fenced."""


def kill(steps: Steps, force: bool = False, cascade: bool = True) -> None:
    """KILLING. What has not started yet never will, `finally` excepted; without a start, that neither."""
    started = steps.execution.started_at is not None
    steps.record(ExecutionMoved(steps.execution.state, ExecutionState.KILLING))
    if force:
        steps.record(KillForced())
    sections = [Section.TASKS, Section.ERRORS]
    if force or not started:
        sections.append(Section.FINALLY)
    elif any(task.state is not TaskRunState.CREATED for task in _finally(steps.execution)):
        _promise_end_of_finally(steps)
    stop(steps, steps.execution.in_section(*sections), force, cascade)


def hurry(steps: Steps) -> None:
    """A second cancel: no more grace, and no `finally`."""
    if steps.execution.killing and steps.execution.killing.force:
        return
    steps.record(KillForced())
    stop(steps, steps.execution.tasks.values(), force=True)


def end_of_kill(execution: Execution) -> datetime | None:
    """When what is being killed is fenced; None where nothing is, or where a second cancel has shortened it."""
    killing = execution.killing
    dying = [task for task in execution.tasks.values() if task.state is TaskRunState.KILLING]
    if killing is None or killing.force or not dying:
        return None
    grace = max(execution.spec_of(task).kill_grace for task in dying)
    return killing.at + timedelta(seconds=FENCE_AFTER + grace)


def when_finally_begins(steps: Steps) -> None:
    tasks = _finally(steps.execution)
    if tasks and all(task.state is TaskRunState.CREATED for task in tasks):
        _promise_end_of_finally(steps)


def _promise_end_of_finally(steps: Steps) -> None:
    execution = steps.execution
    steps.promise(FinallyDeadline(execution.state_seq), execution.plan.spec.finally_timeout)


def end_finally(steps: Steps, command: FinallyDeadline) -> None:
    """Its time is over; that of an earlier kill means nothing to a later one."""
    execution = steps.execution
    if execution.state is ExecutionState.KILLING and execution.state_seq == command.since:
        stop(steps, _finally(execution))


def stop(steps: Steps, tasks: Iterable[TaskRun], force: bool = False, cascade: bool = True) -> None:
    stopped = [task for task in tasks if not task.ended]
    for task in stopped:
        _stop(steps, steps.execution.tasks[task.path], cascade)
    leased = [task for task in stopped if task.lease is not None]
    if leased:
        grace = 0.0 if force else max(steps.execution.spec_of(task).kill_grace for task in leased)
        attempts = tuple((task.path, task.attempt) for task in leased)
        steps.promise(KillDeadline(attempts), FENCE_AFTER + grace)


def _stop(steps: Steps, task: TaskRun, cascade: bool) -> None:
    """What is stopped while its execution is not being killed has had its time, and that is a failure."""
    if task.state is TaskRunState.KILLING:
        return
    killed = steps.execution.state is ExecutionState.KILLING
    if task.lease is not None:
        steps.move_task(task, TaskRunState.KILLING)
    elif task.state in (TaskRunState.RUNNING, TaskRunState.WAITING_FOR_APPROVAL):
        if task.approval and task.approval.state is ApprovalState.PENDING:
            steps.record(ApprovalClosed(task.path, task.approval.id, ApprovalState.CANCELLED))
        if task.child and cascade:
            steps.promise_to(
                task.child, Cancel(), f"{steps.execution.name}, which started it, was stopped"
            )
        end_stopped(steps, task, AttemptState.KILLED if killed else AttemptState.TIMED_OUT)
    elif task.attempt:
        steps.move_task(task, TaskRunState.KILLED if killed else TaskRunState.FAILED)
    else:
        steps.move_task(task, TaskRunState.CANCELLED)


def end_stopped(steps: Steps, task: TaskRun, end: AttemptState, reason: str | None = None) -> None:
    """Killed with its execution; otherwise it had its time, and has failed."""
    to, error = TaskRunState.KILLED, None
    if steps.execution.state is not ExecutionState.KILLING:
        to, error = (
            TaskRunState.FAILED,
            TaskError("TIMED_OUT", "had not ended when the time was over"),
        )
    steps.record(
        AttemptEnded(
            path=task.path,
            attempt=task.attempt,
            state=end,
            from_state=task.state,
            to_state=to,
            error=error,
            reason=reason,
            message=waited(steps.execution, task),
        )
    )


def _finally(execution: Execution) -> list[TaskRun]:
    return execution.in_section(Section.FINALLY)
