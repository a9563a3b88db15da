"""The reasons why an execution or a task run waits, from the snapshot that the engine decides by."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.events.events import ENGINE
from models.lifecycle.approvals.approvals import seats_filled
from models.lifecycle.snapshot import Approval, Execution, TaskRun
from models.lifecycle.stopping import end_of_kill
from models.spec import SubflowTask, WaitTask
from models.states import (
    NOT_ADMITTED,
    SUCCESSFUL_ENDS,
    Condition,
    ExecutionState,
    RunIf,
    Section,
    TaskRunState,
)


class WaitingCode(StrEnum):
    TASK = "TASK"
    WORKER = "WORKER"
    RETRY = "RETRY"
    TIME = "TIME"
    APPROVAL = "APPROVAL"
    PAUSED = "PAUSED"
    KILLING = "KILLING"
    EVALUATION = "EVALUATION"
    EVENT = "EVENT"
    EXECUTION = "EXECUTION"
    SLOT = "SLOT"
    REVISION = "REVISION"


NO_LIVE_WORKER = "no live worker on queue"
"""The beginning of a WORKER reason if no worker serves the queue; the queue's name follows."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One reason. `path` is the task run that waits (None: the execution itself), `child` the execution whose end it
    waits for. `held`: the child, or one below it, is paused or waits for people."""

    code: WaitingCode
    message: str
    path: str | None = None
    until: datetime | None = None
    child: UUID | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class SlotQueue:
    """The queue that a QUEUED execution waits in: its flow's limit, who has the slots, and its position, from 1."""

    limit: int
    holders: Sequence[str]
    position: int


def waiting_for(
    execution: Execution, live_queues: Set[str], queue: SlotQueue | None = None
) -> list[Waiting]:
    """Returns the reasons of the execution and all its task runs; `live_queues` are those with a live worker."""
    if execution.ended or execution.ran_elsewhere:
        return []
    if execution.plan.unreadable:
        return [_unreadable(execution.plan.unreadable)]
    reasons = _of_execution(execution, queue)
    if execution.state in NOT_ADMITTED:
        return reasons
    for task in execution.tasks.values():
        reasons += waiting_of_task(execution, task, live_queues)
    return reasons


def waiting_of_task(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    if task.ended or execution.ended or execution.ran_elsewhere:
        return []
    if execution.plan.unreadable:
        return [_unreadable(execution.plan.unreadable, task.path)]
    if execution.paused and task.state in (TaskRunState.QUEUED, TaskRunState.RETRYING):
        return [Waiting(WaitingCode.PAUSED, _paused(execution), task.path)]
    return _REASONS.get(task.state, _none)(execution, task, live_queues)


def _unreadable(reason: str, path: str | None = None) -> Waiting:
    """The next step will not run: see `models.lifecycle.abandon`."""
    fix = "fix the cause before the next step is due, or the execution will end in ERROR; or cancel it"
    return Waiting(WaitingCode.REVISION, f"{reason}; {fix}", path)


def _of_execution(execution: Execution, queue: SlotQueue | None) -> list[Waiting]:
    scheduled_at = execution.options.scheduled_at
    if execution.state is ExecutionState.CREATED and scheduled_at:
        return [Waiting(WaitingCode.TIME, "not before its scheduled time", until=scheduled_at)]
    if execution.state is ExecutionState.QUEUED:
        return [Waiting(WaitingCode.SLOT, _slot(queue))]
    if execution.state is ExecutionState.PAUSED:
        return [Waiting(WaitingCode.PAUSED, _paused(execution))]
    if execution.state is ExecutionState.KILLING:
        started = any(task.child and not task.ended for task in execution.tasks.values())
        message = (
            "the executions that its subflows started are being ended"
            if started
            else "running attempts are being ended"
        )
        return [_being_ended(execution, message)]
    if all(task.ended for task in execution.tasks.values()):
        return [Waiting(WaitingCode.EVALUATION, "the flow's outputs are being evaluated")]
    return []


def _slot(queue: SlotQueue | None) -> str:
    if queue is None:
        return "a slot of its flow's concurrency limit; it is about to be admitted"
    held = f", held by {', '.join(queue.holders)}" if queue.holders else ""
    return (
        f"a slot of the flow's limit of {queue.limit}{held}; position {queue.position} in the queue"
    )


def _paused(execution: Execution) -> str:
    paused = execution.paused
    assert paused
    if paused.by == ENGINE.actor:
        return f"paused with the execution that started it since {paused.at:%Y-%m-%d %H:%M:%S} UTC"
    return f"paused by {paused.by.partition(':')[2] or paused.by} since {paused.at:%Y-%m-%d %H:%M:%S} UTC"


def _needs(execution: Execution, task: TaskRun) -> list[Waiting]:
    if task.condition is Condition.EVALUATING:
        return [Waiting(WaitingCode.EVALUATION, "its `when` is being evaluated", task.path)]
    rule = execution.spec_of(task).run_if
    missing = [
        Waiting(WaitingCode.TASK, f"needs {need.path}, which is {need.state.value}", task.path)
        for need in execution.awaited_by(task)
        if not need.ended or (rule is RunIf.SUCCESS and need.state not in SUCCESSFUL_ENDS)
    ]
    return missing or _turn(execution, task)


def _turn(execution: Execution, task: TaskRun) -> list[Waiting]:
    """Returns why a task run whose needs have ended does not start."""
    section = execution.section_of(task)
    if section is not Section.TASKS:
        message = f"{section.value} tasks run after all others"
    elif task.parent is not None:
        message = f"iteration {task.index} of {task.parent} starts when max_parallel allows"
    else:
        return []
    return [Waiting(WaitingCode.TASK, message, task.path)]


def _queued(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    queue = execution.spec_of(task).queue
    if queue in live_queues:
        message = f"a worker of queue {queue} will take it when it has a free slot"
    else:
        message = f"{NO_LIVE_WORKER} {queue}; start one: headway worker --queue {queue}"
    return [Waiting(WaitingCode.WORKER, message, task.path)]


def _approval(approval: Approval) -> str:
    policy = approval.policy
    filled = seats_filled(approval)
    parts = []
    for group in policy.groups:
        names = (*group.users, *(f"role {role}" for role in (*group.roles, *approval.escalated)))
        who = f"{group.name} ({', '.join(names)})" if group.name else ", ".join(names)
        parts.append(f"{who or 'anyone'}, {filled[group.name]} of {group.required} given")
    return f"approval by {'; '.join(parts)}"


def _none(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    return []


def _retry(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    message = f"attempt {task.attempt + 1} starts when its backoff is over"
    return [Waiting(WaitingCode.RETRY, message, task.path, task.retry_at)]


def _vote(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    message = _approval(task.approval) if task.approval else "an approval"
    return [Waiting(WaitingCode.APPROVAL, message, task.path)]


def _being_ended(execution: Execution, message: str, path: str | None = None) -> Waiting:
    """`until` is when the attempts are fenced; `finally`, which runs then, has its own deadline."""
    until = end_of_kill(execution) if execution.state is ExecutionState.KILLING else None
    return Waiting(WaitingCode.KILLING, message, path, until)


def _kill(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    if task.child:
        message = "the end of the execution that it started, which is being cancelled"
        return [Waiting(WaitingCode.KILLING, message, task.path, child=task.child)]
    if task.path in execution.families:
        return [_being_ended(execution, "its iterations are being ended", task.path)]
    return [_being_ended(execution, "its processes are being ended", task.path)]


def _running(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    spec = execution.spec_of(task)
    if isinstance(spec, WaitTask) and spec.event is not None:
        return [Waiting(WaitingCode.EVENT, f"the event {spec.event}", task.path)]
    if isinstance(spec, SubflowTask):
        message = (
            "the end of the execution that it started" if task.child else "its execution to start"
        )
        held = task.standing is not None and task.standing.held
        return [Waiting(WaitingCode.EXECUTION, message, task.path, child=task.child, held=held)]
    if task.wake_at is None:
        return []
    return [Waiting(WaitingCode.TIME, "the end of its wait", task.path, task.wake_at)]


_REASONS: Mapping[TaskRunState, Callable[[Execution, TaskRun, Set[str]], list[Waiting]]] = {
    TaskRunState.CREATED: lambda execution, task, _: _needs(execution, task),
    TaskRunState.QUEUED: _queued,
    TaskRunState.RETRYING: _retry,
    TaskRunState.WAITING_FOR_APPROVAL: _vote,
    TaskRunState.KILLING: _kill,
    TaskRunState.RUNNING: _running,
}
