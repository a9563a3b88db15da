"""A task run that ran elsewhere, told piece by piece: what is known and what is told become what is known then.

States have an order, and one that is told late does not lead back. An end is not taken back, but for one that was only
presumed, because the execution had ended.
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
from models.lifecycle.external.moments import require_time
from models.lifecycle.external.moments import told as told_moment
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
TOLD: Final = frozenset(_ORDER)
"""The states that can be told; the others are of approvals and kills, which happen here alone."""

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
"""The state of the newest attempt by that of its task run; in the others none has started."""
STARTED: Final = frozenset(_ATTEMPTS)

_PRESUMED: Final = TaskError("UNFINISHED", "its execution ended before this task run was told to")


@dataclass(frozen=True, slots=True)
class _Known:
    """A task run as it is known, and what is told of it now."""

    execution: Execution
    task: TaskRun
    new: bool
    told: RecordTaskRun
    now: datetime

    def presumed_at(self, name: str) -> datetime:
        """When what is told without a time happened: now, not after the end of its execution, not before it started.
        Raises Refused where that would be a guess."""
        require_time(self.execution, name)
        newest = None if self.again else self.task.newest
        began = self.told.started_at or (newest.started_at if newest else None)
        at = self.execution.ended_at or self.now
        return max(at, began) if began else at

    @property
    def again(self) -> bool:
        """Whether another attempt is told of than the newest known."""
        return bool(self.task.attempt) and (self.told.attempt or 0) > self.task.attempt

    @property
    def starts_clean(self) -> bool:
        """Whether the attempt before, which did not succeed, keeps what it gave."""
        newest = self.task.newest
        return self.again and newest is not None and newest.state is not AttemptState.SUCCESS

    @property
    def state(self) -> TaskRunState:
        known, told = self.task.state, self.told.state
        if told is None:
            return known
        if self.new or self.again or self.corrects:
            return told
        if self.presumed:
            return known
        if self.task.ended and told in TASK_RUN_ENDS and told is not known:
            raise Refused.because(
                ProblemCode.INVALID_STATE,
                f"{self.task.path} ended {known.value} already, and an end is not taken back; "
                "if it ran again, tell its next attempt",
                "state",
            )
        return told if _ORDER[told] >= _ORDER[known] else known

    @property
    def presumed(self) -> bool:
        return self.task.error == _PRESUMED

    @property
    def corrects(self) -> bool:
        """Whether something better than a presumption is told now."""
        told = self.told.state
        return self.presumed and (told in TASK_RUN_ENDS or told in STARTED)


def retell_task(
    execution: Execution, told: RecordTaskRun, now: datetime, new_id: Callable[[], UUID]
) -> TaskRunRecorded | None:
    """None where nothing new is told."""
    told = replace(
        told,
        started_at=told_moment(told.started_at, now, "startedAt"),
        ended_at=told_moment(told.ended_at, now, "endedAt"),
    )
    found = execution.tasks.get(told.path)
    task = found or TaskRun(new_id(), told.path, told.path, len(execution.tasks))
    if told.attempt is not None and told.attempt < task.attempt:
        return None
    known = _Known(execution, task, found is None, told, now)
    fact = _fact(known, new_id)
    if execution.ended and fact.to_state not in TASK_RUN_ENDS:
        fact = _presumed(fact, execution.ended_at or now)
    _refuse_end_before_start(fact, told)
    return None if found and recorded_task(found, fact) == found else fact


def close_task(task: TaskRun, at: datetime) -> TaskRunRecorded | None:
    """The end of its execution is presumed to be the task run's; None for one that has ended."""
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


def _fact(known: _Known, new_id: Callable[[], UUID]) -> TaskRunRecorded:
    task, told, state = known.task, known.told, known.state
    fact = TaskRunRecorded(
        path=task.path,
        id=task.id,
        position=task.position,
        attempt=task.attempt,
        from_state=None if known.new else task.state,
        to_state=state,
        started_at=task.started_at,
        ended_at=_ended_at(known, state),
        progress=_progress(known, state),
        message=task.message if told.message is None else told.message,
        inputs=_merged(task.inputs, told.inputs, "inputs"),
        outputs=_merged({}, told.outputs, "outputs") or {}
        if known.starts_clean
        else _merged(task.outputs, told.outputs, "outputs"),
        error=with_exit_code(_error(known), told.exit_code),
        exit_code=told.exit_code,
    )
    return _with_attempt(fact, known, new_id)


def _with_attempt(
    fact: TaskRunRecorded, known: _Known, new_id: Callable[[], UUID]
) -> TaskRunRecorded:
    task, told = known.task, known.told
    newest = None if known.again else task.newest
    if fact.to_state not in STARTED and newest is None:
        return fact
    began = told.started_at or (newest.started_at if newest else None) or told.ended_at
    began = began or known.presumed_at("startedAt")
    first = task.started_at is None or (task.attempt <= 1 and not known.again)
    return replace(
        fact,
        attempt=max(told.attempt or task.attempt, 1),
        attempt_id=newest.id if newest else new_id(),
        attempt_state=_ATTEMPTS.get(fact.to_state, newest.state if newest else None),
        attempt_started_at=began,
        started_at=began if first else task.started_at,
    )


def _ended_at(known: _Known, state: TaskRunState) -> datetime | None:
    if state not in TASK_RUN_ENDS:
        return None
    kept = None if known.again or known.corrects else known.task.ended_at
    return known.told.ended_at or kept or known.presumed_at("endedAt")


def _progress(known: _Known, state: TaskRunState) -> float:
    if state is TaskRunState.SUCCESS:
        return 1.0
    kept = 0.0 if known.again else known.task.progress
    return kept if known.told.progress is None else known.told.progress


def _error(known: _Known) -> TaskError | None:
    kept = None if known.again or known.corrects else known.task.error
    return known.told.error or kept


def _merged(
    known: Mapping[str, Any], told: Mapping[str, Any] | None, name: str
) -> Mapping[str, Any] | None:
    """None where nothing is new. Raises Refused where they are too much together."""
    if not told:
        return None
    merged = {**known, **told}
    if merged == known:
        return None
    check_payload(merged, name)
    return merged


def _refuse_end_before_start(fact: TaskRunRecorded, told: RecordTaskRun) -> None:
    began = fact.attempt_started_at or fact.started_at
    if not (began and fact.ended_at and fact.ended_at < began):
        return
    if told.ended_at is None:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"{fact.path} ended at {fact.ended_at.isoformat()}; a start after that cannot be: "
            f"if it ran again, tell its next attempt, {max(fact.attempt, 1) + 1}",
            "startedAt",
        )
    raise Refused.because(
        ProblemCode.VALIDATION,
        f"{fact.path} started at {began.isoformat()}; an end before that cannot be",
        "endedAt",
    )
