"""Checks and completes the times in reports of external runs: which are possible, and which must be reported.

Clocks differ, so a time slightly in the future becomes now, and a start slightly before the creation becomes that time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.ids import id_of
from models.lifecycle.commands.commands import Create
from models.lifecycle.commands.external import RecordExecution
from models.lifecycle.snapshot import Execution

CLOCKS_DIFFER: Final = timedelta(minutes=5)
LONG_AGO: Final = timedelta(hours=1)
"""An execution that began this long before it was recorded, and sends no heartbeats, counts as recorded afterwards."""
EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RecordedTimes:
    """`started_at` is None if it has not started. `afterwards`: no report of it can be assumed to happen now."""

    created_at: datetime
    started_at: datetime | None
    afterwards: bool


def recorded_times(command: RecordExecution, now: datetime) -> RecordedTimes:
    """Returns the times, where a missing one is replaced by the other. Raises Refused for impossible ones."""
    created = checked_time(command.created_at, now, "createdAt")
    started = checked_time(command.started_at, now, "startedAt")
    if created and started and started < created:
        if created - started > CLOCKS_DIFFER:
            raise _wrong(
                f"startedAt ({_text(started)}) is before createdAt ({_text(created)}); "
                "pass the earlier createdAt, or none",
                "createdAt",
            )
        created = started
    created = created or started or now
    begun = (started or created) if command.started else None
    silent = command.heartbeat_ttl is None
    return RecordedTimes(created, begun, silent and now - (begun or created) > LONG_AGO)


def id_for(command: Create | RecordExecution, now: datetime, new_id: Callable[[], UUID]) -> UUID:
    """Returns the id of a new execution. That of an external run has the time when it began, which lists, partitions
    and retention use; `recorded_times` checks it."""
    if isinstance(command, Create):
        return command.id or new_id()
    moments = [at for at in (command.created_at, command.started_at) if at]
    return id_of(max(EARLIEST, min(*moments, now))) if moments else new_id()


def checked_time(moment: datetime | None, now: datetime, name: str) -> datetime | None:
    """Returns the time, at most now. Raises Refused for a time in the future or before EARLIEST."""
    if moment is None:
        return None
    if moment > now + CLOCKS_DIFFER:
        raise _wrong(
            f"{name} ({_text(moment)}) is in the future (now: {_text(now)}); "
            "report times in the past, with their time zone",
            name,
        )
    if moment < EARLIEST:
        raise _wrong(
            f"{name} ({_text(moment)}) is too early; the earliest is {_text(EARLIEST)}", name
        )
    return min(moment, now)


def checked_start(execution: Execution, moment: datetime | None, now: datetime) -> datetime | None:
    """For an execution that has not started. Raises Refused for a start before its creation."""
    started = checked_time(moment, now, "startedAt")
    if started is None or started >= execution.created_at:
        return started
    if execution.created_at - started > CLOCKS_DIFFER:
        raise _wrong(
            f"startedAt ({_text(started)}) is before {execution.name} was created "
            f"({_text(execution.created_at)}); record it with its createdAt",
            "startedAt",
        )
    return execution.created_at


def checked_end(execution: Execution, moment: datetime | None, now: datetime) -> datetime | None:
    """Raises Refused for an impossible end, and for a missing one that must be reported."""
    ended = checked_time(moment, now, "endedAt")
    if ended is None:
        require_time(execution, "endedAt")
        return None
    if execution.started_at is None and execution.created_at - ended <= CLOCKS_DIFFER:
        return max(ended, execution.created_at)
    if ended < _began(execution):
        raise _wrong(
            f"endedAt ({_text(ended)}) is too early: it {_beginning(execution)}", "endedAt"
        )
    return ended


def require_time(execution: Execution, name: str) -> None:
    """Raises Refused if the execution was recorded afterwards: then a time cannot be assumed to be now."""
    if execution.recorded_at is None or execution.ended:
        return
    raise _wrong(
        f"{execution.name} {_beginning(execution)} and was recorded afterwards, at {_text(execution.recorded_at)}: "
        f"pass {name}, the time when this happened",
        name,
    )


class TimesOfRun(TypedDict):
    """The times of an external run, as columns of its execution."""

    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    recorded_at: datetime | None


def presumed_time(row: TimesOfRun, now: datetime) -> datetime:
    """Returns the time for a report without one, by its execution's row: now; if recorded afterwards, as long after its
    beginning as now is after the recording, at most its end."""
    recorded, ended = row["recorded_at"], row["ended_at"]
    if recorded is None:
        return now
    at = (row["started_at"] or row["created_at"]) + (now - recorded)
    return min(at, ended) if ended else at


def _began(execution: Execution) -> datetime:
    return execution.started_at or execution.created_at


def _beginning(execution: Execution) -> str:
    word = "started" if execution.started_at else "was created"
    return f"{word} at {_text(_began(execution))}"


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _wrong(sentence: str, name: str) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, name)
