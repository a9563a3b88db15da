"""Applies the effects of a changed task run to its execution: the first failure and the progress."""

from collections.abc import Mapping
from typing import Any

from models.events.events import TaskError
from models.lifecycle.apply.task_runs import changed
from models.lifecycle.copies import copy_with
from models.lifecycle.snapshot import TIMED_OUT, Execution, TaskRun
from models.lifecycle.status import Failure
from models.states import FAILED_ENDS


def with_task(execution: Execution, before: TaskRun, after: TaskRun) -> Execution:
    tasks = changed(execution.tasks, after)
    known = execution.done if execution.done is not None else done_of(execution.tasks)
    done = known - _weight(before) + _weight(after)
    return copy_with(
        execution,
        tasks=tasks,
        done=done,
        failure=_failure_after(execution, before, after, tasks),
        progress=progress_at(execution, done, may_decrease=before.ended and not after.ended),
        unsettled=_unsettled(execution, before, after),
    )


_MAX_UNSETTLED = 50
"""With more, `advance` checks all task runs, which is cheaper then."""


def _unsettled(execution: Execution, before: TaskRun, after: TaskRun) -> frozenset[str] | None:
    known = execution.unsettled
    if known is None or (before.state is after.state and before.condition == after.condition):
        return known
    return known | {after.path} if len(known) < _MAX_UNSETTLED else None


def _failure_after(
    execution: Execution, before: TaskRun, after: TaskRun, tasks: Mapping[str, TaskRun]
) -> Failure | None:
    failure = execution.failure
    if before.ended and before.state is not after.state:
        if failure and failure.path is None and not execution.ended:
            return failure
        if _keeps_first_failure(failure, before, after):
            return failure
        return first_failure(execution, tasks)
    if failure is None and after.state in FAILED_ENDS and not execution.failure_is_allowed(after):
        return failure_of(after, after.error)
    return failure


def _keeps_first_failure(failure: Failure | None, before: TaskRun, after: TaskRun) -> bool:
    """Checks that the first failure stays the same, as another task run is reset. Only if it may change, it is computed
    again, as thousands are reset together."""
    if after.state in FAILED_ENDS:
        return False
    return failure is None or failure.path not in (None, before.path)


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
    details = (shown.code, shown.message, shown.exit_code, shown.below)
    return Failure(task.path, task.attempt, *details)


def with_exit_code(error: TaskError | None, exit_code: int | None) -> TaskError | None:
    """Returns the error with the exit code of its process."""
    return error and copy_with(error, exit_code=error.exit_code if exit_code is None else exit_code)


def other_failures(execution: Execution) -> int:
    """Counts the task runs that failed besides the one that `failure` names. A foreach that failed because its
    iterations did is not counted, nor is a task run whose error the execution's own failure repeats."""
    failed = execution.failed_tasks()
    around = {task.parent for task in failed}
    failure = execution.failure
    others = [task for task in failed if task.path not in around]
    if failure and failure.path is None:
        return sum(not _repeats(task.error, failure) for task in others)
    return sum(failure is None or task.path != failure.path for task in others)


def _repeats(error: TaskError | None, failure: Failure) -> bool:
    if failure.code == TIMED_OUT:
        return error is None or error.code == TIMED_OUT
    return error is not None and (error.code, error.message) == (failure.code, failure.message)


_WHOLE = 1_000_000


def done_of(tasks: Mapping[str, TaskRun]) -> int:
    """Returns how much of the task runs is done, in millionths of one."""
    return sum(map(_weight, tasks.values()))


def _weight(task: TaskRun) -> int:
    return _WHOLE if task.ended else int(task.progress * _WHOLE)


def progress_at(execution: Execution, done: int, may_decrease: bool) -> float:
    now = min(round(done / len(execution.tasks) / _WHOLE, 4), 0.9999)
    return now if may_decrease else max(execution.progress, now)


def merged(old: Mapping[str, Any], new: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {**old, **new} if new else old
