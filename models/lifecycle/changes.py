"""What every change of a task run does to its execution: the first failure, and the progress."""

from collections.abc import Mapping
from typing import Any

from models.events import (
    TaskError,
)
from models.lifecycle.snapshot import (
    Execution,
    Failure,
    TaskRun,
    replace,
)
from models.states import (
    FAILED_ENDS,
)


def with_task(execution: Execution, before: TaskRun, after: TaskRun) -> Execution:
    tasks = {**execution.tasks, after.path: after}
    known = execution.done if execution.done is not None else done_of(execution.tasks)
    done = known - _weight(before) + _weight(after)
    return replace(
        execution,
        tasks=tasks,
        done=done,
        failure=_failure_after(execution, before, after, tasks),
        progress=progress_at(execution, done, put_back=before.ended and not after.ended),
    )


def _failure_after(
    execution: Execution, before: TaskRun, after: TaskRun, tasks: Mapping[str, TaskRun]
) -> Failure | None:
    failure = execution.failure
    if before.ended and before.state is not after.state:
        if failure and failure.path is None and not execution.ended:
            return failure
        return first_failure(execution, tasks)
    if failure is None and after.state in FAILED_ENDS and not execution.failure_is_allowed(after):
        return failure_of(after, after.error)
    return failure


def first_failure(execution: Execution, tasks: Mapping[str, TaskRun]) -> Failure | None:
    failed = [
        task
        for task in tasks.values()
        if task.state in FAILED_ENDS and not execution.failure_is_allowed(task)
    ]
    first = min(failed, key=lambda task: (task.ended_at, task.position), default=None)
    return failure_of(first, first.error) if first else None


def failure_of(task: TaskRun | None, error: TaskError | None) -> Failure:
    shown = error or TaskError("FAILED", "failed without saying why")
    if task is None:
        return Failure(None, None, shown.code, shown.message)
    return Failure(task.path, task.attempt, shown.code, shown.message)


_WHOLE = 1_000_000


def done_of(tasks: Mapping[str, TaskRun]) -> int:
    """What of the task runs is done, in millionths of one."""
    return sum(map(_weight, tasks.values()))


def _weight(task: TaskRun) -> int:
    return _WHOLE if task.ended else int(task.progress * _WHOLE)


def progress_at(execution: Execution, done: int, put_back: bool) -> float:
    now = min(round(done / len(execution.tasks) / _WHOLE, 4), 0.9999)
    return now if put_back else max(execution.progress, now)


def merged(old: Mapping[str, Any], new: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {**old, **new} if new else old
