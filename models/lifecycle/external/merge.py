"""Merges reports of an external run's task run into what is recorded of it.

States have an order, and a late report never moves a task run backwards. A terminal state is final, unless it was only
presumed because the execution had ended.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.events.events import TaskError, TaskRunRecorded
from models.lifecycle.apply.changes import with_exit_code
from models.lifecycle.apply.external_task import recorded_task
from models.lifecycle.commands.external import RecordTaskRun
from models.lifecycle.external.moments import checked_time, require_time
from models.lifecycle.snapshot import Execution, TaskRun
from models.payloads import check_payload
from models.states import TASK_RUN_ENDS, AttemptState, TaskRunState

_ORDER: Final[Mapping[TaskRunState, int]] = {
    TaskRunState.CREATED: 0,
    TaskRunState.QUEUED: 1,
    TaskRunState.RUNNING: 2,
    TaskRunState.RETRYING: 3,
    **dict.fromkeys(TASK_RUN_ENDS, 4),
}
REPORTABLE: Final = frozenset(_ORDER)
"""The states that can be reported; the others are of approvals and kills, which external runs do not have."""

_ATTEMPTS: Final[Mapping[TaskRunState, AttemptState]] = {
    TaskRunState.RUNNING: AttemptState.RUNNING,
    TaskRunState.RETRYING: AttemptState.FAILED,
    TaskRunState.SUCCESS: AttemptState.SUCCESS,
    TaskRunState.WARNING: AttemptState.FAILED,
    TaskRunState.FAILED: AttemptState.FAILED,
    TaskRunState.ERROR: AttemptState.FAILED,
    TaskRunState.REJECTED: AttemptState.FAILED,
    TaskRunState.KILLED: AttemptState.KILLED,
}
"""The state of the newest attempt by the state of its task run; in other states no attempt has started."""
STARTED: Final = frozenset(_ATTEMPTS)

_PRESUMED: Final = TaskError(
    "UNFINISHED", "its execution ended before an end of this task run was reported"
)


@dataclass(frozen=True, slots=True)
class _Merge:
    """A recorded task run and a report of it."""

    execution: Execution
    task: TaskRun
    new: bool
    report: RecordTaskRun
    now: datetime

    def presumed_at(self, name: str) -> datetime:
        """Returns the time for a report without one: now, but not after the end of its execution, nor before its own
        start. Raises Refused where the time must be reported."""
        require_time(self.execution, name)
        newest = None if self.again else self.task.newest
        began = self.report.started_at or (newest.started_at if newest else None)
        at = self.execution.ended_at or self.now
        return max(at, began) if began else at

    @property
    def again(self) -> bool:
        """Whether the report is of a newer attempt than the newest recorded one."""
        return bool(self.task.attempt) and (self.report.attempt or 0) > self.task.attempt

    @property
    def starts_clean(self) -> bool:
        """Whether the new attempt starts without outputs, as the one before it did not succeed."""
        newest = self.task.newest
        return self.again and newest is not None and newest.state is not AttemptState.SUCCESS

    @property
    def state(self) -> TaskRunState:
        recorded, reported = self.task.state, self.report.state
        if reported is None:
            return recorded
        if self.new or self.again or self.corrects:
            return reported
        if self.presumed:
            return recorded
        if self.task.ended and reported in TASK_RUN_ENDS and reported is not recorded:
            raise Refused.because(
                ProblemCode.INVALID_STATE,
                f"{self.task.path} already ended {recorded.value}, and a terminal state is final; "
                "if it ran again, report its next attempt",
                "state",
            )
        return reported if _ORDER[reported] >= _ORDER[recorded] else recorded

    @property
    def presumed(self) -> bool:
        error = self.task.error
        return error is not None and error.code == _PRESUMED.code

    @property
    def corrects(self) -> bool:
        """Whether the report replaces a presumed end."""
        state = self.report.state
        return self.presumed and (state in TASK_RUN_ENDS or state in STARTED)


def merge_task_run(
    execution: Execution, report: RecordTaskRun, now: datetime, new_id: Callable[[], UUID]
) -> TaskRunRecorded | None:
    """Returns the event for a report, or None if nothing is new. Raises Refused for an impossible one."""
    report = replace(
        report,
        started_at=checked_time(report.started_at, now, "startedAt"),
        ended_at=checked_time(report.ended_at, now, "endedAt"),
    )
    found = execution.tasks.get(report.path)
    task = found or TaskRun(new_id(), report.path, report.path, len(execution.tasks))
    if report.attempt is not None and report.attempt < task.attempt:
        return None
    merge = _Merge(execution, task, found is None, report, now)
    fact = _fact(merge, new_id)
    if execution.ended and fact.to_state not in TASK_RUN_ENDS:
        fact = _presumed(fact, execution.ended_at or now)
    _refuse_end_before_start(fact, report)
    return None if found and recorded_task(found, fact) == found else fact


def close_task(task: TaskRun, at: datetime) -> TaskRunRecorded | None:
    """Returns the event for a presumed end, as its execution has ended; None if the task run has ended."""
    if task.ended:
        return None
    newest = task.newest
    fact = TaskRunRecorded(
        path=task.path,
        id=task.id,
        position=task.position,
        attempt=task.attempt,
        from_state=task.state,
        to_state=task.state,
        attempt_id=newest.id if newest else None,
        attempt_state=newest.state if newest else None,
        attempt_started_at=newest.started_at if newest else None,
        started_at=task.started_at,
        progress=task.progress,
        message=task.message,
    )
    return _presumed(fact, at)


def _presumed(fact: TaskRunRecorded, at: datetime) -> TaskRunRecorded:
    started = fact.attempt_id is not None
    return replace(
        fact,
        to_state=TaskRunState.KILLED if started else TaskRunState.CANCELLED,
        attempt_state=AttemptState.KILLED if started else None,
        ended_at=max(at, fact.started_at) if fact.started_at else at,
        error=_PRESUMED,
    )


def _fact(merge: _Merge, new_id: Callable[[], UUID]) -> TaskRunRecorded:
    task, report, state = merge.task, merge.report, merge.state
    fact = TaskRunRecorded(
        path=task.path,
        id=task.id,
        position=task.position,
        attempt=task.attempt,
        from_state=None if merge.new else task.state,
        to_state=state,
        started_at=task.started_at,
        ended_at=_ended_at(merge, state),
        progress=_progress(merge, state),
        message=task.message if report.message is None else report.message,
        inputs=_merged(task.inputs, report.inputs, "inputs"),
        outputs=_merged({}, report.outputs, "outputs") or {}
        if merge.starts_clean
        else _merged(task.outputs, report.outputs, "outputs"),
        error=with_exit_code(_error(merge), report.exit_code),
        exit_code=report.exit_code,
    )
    return _with_attempt(fact, merge, new_id)


def _with_attempt(
    fact: TaskRunRecorded, merge: _Merge, new_id: Callable[[], UUID]
) -> TaskRunRecorded:
    task, report = merge.task, merge.report
    newest = None if merge.again else task.newest
    if fact.to_state not in STARTED and newest is None:
        return fact
    began = report.started_at or (newest.started_at if newest else None) or report.ended_at
    began = began or merge.presumed_at("startedAt")
    first = task.started_at is None or (task.attempt <= 1 and not merge.again)
    return replace(
        fact,
        attempt=max(report.attempt or task.attempt, 1),
        attempt_id=newest.id if newest else new_id(),
        attempt_state=_ATTEMPTS.get(fact.to_state, newest.state if newest else None),
        attempt_started_at=began,
        started_at=began if first else task.started_at,
    )


def _ended_at(merge: _Merge, state: TaskRunState) -> datetime | None:
    if state not in TASK_RUN_ENDS:
        return None
    kept = None if merge.again or merge.corrects else merge.task.ended_at
    return merge.report.ended_at or kept or merge.presumed_at("endedAt")


def _progress(merge: _Merge, state: TaskRunState) -> float:
    if state is TaskRunState.SUCCESS:
        return 1.0
    kept = 0.0 if merge.again else merge.task.progress
    return kept if merge.report.progress is None else merge.report.progress


def _error(merge: _Merge) -> TaskError | None:
    kept = None if merge.again or merge.corrects else merge.task.error
    return merge.report.error or kept


def _merged(
    recorded: Mapping[str, Any], reported: Mapping[str, Any] | None, name: str
) -> Mapping[str, Any] | None:
    """Returns None if nothing is new. Raises Refused if the result is too large."""
    if not reported:
        return None
    merged = {**recorded, **reported}
    if merged == recorded:
        return None
    check_payload(merged, name)
    return merged


def _refuse_end_before_start(fact: TaskRunRecorded, report: RecordTaskRun) -> None:
    began = fact.attempt_started_at or fact.started_at
    if not (began and fact.ended_at and fact.ended_at < began):
        return
    if report.ended_at is None:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"startedAt is after the end of {fact.path} ({fact.ended_at.isoformat()}); "
            f"if it ran again, report its next attempt, {max(fact.attempt, 1) + 1}",
            "startedAt",
        )
    raise Refused.because(
        ProblemCode.VALIDATION,
        f"endedAt ({fact.ended_at.isoformat()}) is before the start of {fact.path} ({began.isoformat()})",
        "endedAt",
    )
