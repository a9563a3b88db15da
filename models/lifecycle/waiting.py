"""Why something does not move: the reasons, from the snapshot that the engine decides by."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from models.lifecycle.snapshot import Approval, Execution, TaskRun
from models.states import GOOD_ENDS, ExecutionState, TaskRunState, VoteDecision


class WaitingCode(StrEnum):
    TASK = "TASK"
    WORKER = "WORKER"
    RETRY = "RETRY"
    TIME = "TIME"
    APPROVAL = "APPROVAL"
    PAUSED = "PAUSED"
    KILLING = "KILLING"
    EVALUATION = "EVALUATION"
    SLOT = "SLOT"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One reason; `path` is the task run that waits, None for the execution itself."""

    code: WaitingCode
    message: str
    path: str | None = None
    until: datetime | None = None


def waiting_for(execution: Execution, live_queues: Set[str]) -> list[Waiting]:
    """The reasons of the execution and all its task runs; `live_queues` have a live worker."""
    if execution.ended:
        return []
    reasons = _of_execution(execution)
    for task in execution.tasks.values():
        reasons += waiting_of_task(execution, task, live_queues)
    return reasons


def waiting_of_task(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    if task.ended or execution.ended:
        return []
    if execution.paused and task.state in (TaskRunState.QUEUED, TaskRunState.RETRYING):
        return [Waiting(WaitingCode.PAUSED, _paused(execution), task.path)]
    return _REASONS.get(task.state, _none)(execution, task, live_queues)


def _of_execution(execution: Execution) -> list[Waiting]:
    if execution.state is ExecutionState.PAUSED:
        return [Waiting(WaitingCode.PAUSED, _paused(execution))]
    if execution.state is ExecutionState.KILLING:
        return [Waiting(WaitingCode.KILLING, "running attempts are being ended")]
    if all(task.ended for task in execution.tasks.values()):
        return [Waiting(WaitingCode.EVALUATION, "the flow's outputs are being evaluated")]
    return []


def _paused(execution: Execution) -> str:
    paused = execution.paused
    assert paused
    return f"paused by {paused.by.partition(':')[2] or paused.by} since {paused.at:%Y-%m-%d %H:%M:%S} UTC"


def _needs(execution: Execution, task: TaskRun) -> list[Waiting]:
    missing = [
        key
        for key in execution.plan.graph.needs(task.key)
        if execution.tasks[key].state not in GOOD_ENDS
    ]
    return [
        Waiting(
            WaitingCode.TASK, f"needs {key}, which is {execution.tasks[key].state.value}", task.path
        )
        for key in missing
    ]


def _queued(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    queue = execution.spec_of(task).queue
    if queue in live_queues:
        message = f"a worker of queue {queue} will take it when it has a free place"
    else:
        message = f"no live worker on queue {queue}; start one: headway worker --queue {queue}"
    return [Waiting(WaitingCode.WORKER, message, task.path)]


def _approval(approval: Approval) -> str:
    given = sum(vote.decision is VoteDecision.APPROVE for vote in approval.votes)
    by = ", ".join((*approval.users, *(f"role {role}" for role in approval.roles))) or "anyone"
    return f"approval by {by}, {given} of {approval.required} given"


def _none(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    return []


def _retry(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    message = f"attempt {task.attempt + 1} starts when its backoff is over"
    return [Waiting(WaitingCode.RETRY, message, task.path, task.retry_at)]


def _vote(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    message = _approval(task.approval) if task.approval else "an approval"
    return [Waiting(WaitingCode.APPROVAL, message, task.path)]


def _kill(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    return [Waiting(WaitingCode.KILLING, "its processes are being ended", task.path)]


def _time(execution: Execution, task: TaskRun, live_queues: Set[str]) -> list[Waiting]:
    if task.wake_at is None:
        return []
    return [Waiting(WaitingCode.TIME, "not before its time", task.path, task.wake_at)]


_REASONS: Mapping[TaskRunState, Callable[[Execution, TaskRun, Set[str]], list[Waiting]]] = {
    TaskRunState.CREATED: lambda execution, task, _: _needs(execution, task),
    TaskRunState.QUEUED: _queued,
    TaskRunState.RETRYING: _retry,
    TaskRunState.WAITING_FOR_APPROVAL: _vote,
    TaskRunState.KILLING: _kill,
    TaskRunState.RUNNING: _time,
}
