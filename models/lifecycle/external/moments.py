"""When things happened that are told of: moments that can be, and those that must not be guessed.

Clocks differ, so a moment that lies a little ahead is now, and a start a little before the creation is at it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.ids import id_of
from models.lifecycle.commands.commands import Create
from models.lifecycle.commands.external import RecordExecution
from models.lifecycle.snapshot import Execution

CLOCKS_DIFFER: Final = timedelta(minutes=5)
LONG_AGO: Final = timedelta(hours=1)
"""An execution that began so long before it was recorded, and promised no sign of life, is told of afterwards."""
EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Beginning:
    """`started_at` is None of what has not started. `afterwards`: nothing of it is to be taken for happening now."""

    created_at: datetime
    started_at: datetime | None
    afterwards: bool


def beginning_of(command: RecordExecution, now: datetime) -> Beginning:
    """Of the two times either stands for the other one that is not told. Raises Refused."""
    created = told(command.created_at, now, "createdAt")
    started = told(command.started_at, now, "startedAt")
    if created and started and started < created:
        if created - started > CLOCKS_DIFFER:
            raise _wrong(
                f"it was created at {_text(created)}; a start before that, at {_text(started)}, cannot be: "
                "give the createdAt that came first, or none",
                "createdAt",
            )
        created = started
    created = created or started or now
    begun = (started or created) if command.started else None
    silent = command.heartbeat_ttl is None
    return Beginning(created, begun, silent and now - (begun or created) > LONG_AGO)


def id_for(command: Create | RecordExecution, now: datetime, new_id: Callable[[], UUID]) -> UUID:
    """Of what is told of, one of the time when it began: lists, months and retention go by it. Whether that can be is
    for `beginning_of` to say."""
    if isinstance(command, Create):
        return command.id or new_id()
    moments = [at for at in (command.created_at, command.started_at) if at]
    return id_of(max(EARLIEST, min(*moments, now))) if moments else new_id()


def told(moment: datetime | None, now: datetime, name: str) -> datetime | None:
    """At most now. Raises Refused for a time to come, and for one before there were any."""
    if moment is None:
        return None
    if moment > now + CLOCKS_DIFFER:
        raise _wrong(
            f"{name} is {_text(moment)}, which is still to come (it is {_text(now)}); "
            "tell what has happened, with its time zone",
            name,
        )
    if moment < EARLIEST:
        raise _wrong(f"{name} is {_text(moment)}; times are from {_text(EARLIEST)} on", name)
    return min(moment, now)


def told_start(execution: Execution, moment: datetime | None, now: datetime) -> datetime | None:
    """Of what has not started. Raises Refused for a start before its creation."""
    started = told(moment, now, "startedAt")
    if started is None or started >= execution.created_at:
        return started
    if execution.created_at - started > CLOCKS_DIFFER:
        raise _wrong(
            f"{execution.name} was created at {_text(execution.created_at)}; a start before that, at "
            f"{_text(started)}, cannot be: record it with its createdAt",
            "startedAt",
        )
    return execution.created_at


def told_end(execution: Execution, moment: datetime | None, now: datetime) -> datetime | None:
    """Raises Refused for one that cannot be, and where it must be told and is not."""
    ended = told(moment, now, "endedAt")
    if ended is None:
        require_time(execution, "endedAt")
        return None
    if execution.started_at is None and execution.created_at - ended <= CLOCKS_DIFFER:
        return max(ended, execution.created_at)
    if ended < _began(execution):
        raise _wrong(f"it {_beginning(execution)}; an end before that cannot be", "endedAt")
    return ended


def require_time(execution: Execution, name: str) -> None:
    """Of what is told of afterwards no time is taken to be now."""
    if execution.recorded_at is None or execution.ended:
        return
    raise _wrong(
        f"{execution.name} {_beginning(execution)} and was recorded afterwards, at {_text(execution.recorded_at)}: "
        f"say when this happened, with {name}",
        name,
    )


def placed(row: Mapping[str, Any], now: datetime) -> datetime:
    """Where what has no time of its own stands, of the execution of this row: now; told of afterwards, as far from its
    beginning as it is from the recording, and not after the end."""
    recorded, ended = row["recorded_at"], row["ended_at"]
    if recorded is None:
        return now
    at: datetime = (row["started_at"] or row["created_at"]) + (now - recorded)
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
