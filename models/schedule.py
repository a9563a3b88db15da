"""When a schedule ticks, and which of the ticks that have come are to run.

Ticks are moments in UTC. Around a change of the clocks they follow Debian's cron: a time of day that the spring leaves
out ticks once, right after the gap; one that the autumn has twice ticks once, at the first; a schedule whose minutes or
hours begin with `*` ticks by elapsed time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from models.similar import did_you_mean

GRACE = timedelta(minutes=1)
"""A tick that is not older is on time, also where missed ones are skipped."""
TRIGGER_NAMES = frozenset({"type", "id", "key", "scheduledAt", "date", "time", "timezone"})
"""The part of `trigger` that every execution of a schedule has."""
_LONGEST = 100
_EXAMPLE = "as `0 2 * * *` for 02:00 every day"
_WINDOWS = (
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=32),
    timedelta(days=367),
    timedelta(days=366 * 60),
)


class CatchUp(StrEnum):
    """The fate of ticks that came while no server was there to see them."""

    NONE = "NONE"
    LAST = "LAST"
    ALL = "ALL"


class ScheduleSource(StrEnum):
    FLOW = "FLOW"
    API = "API"


@dataclass(frozen=True, slots=True)
class Due:
    """The ticks to run now, in order, and the tick to wait for next; None when there is none any more."""

    ticks: tuple[datetime, ...]
    next_at: datetime | None


def check_cron(cron: object) -> str:
    """A cron expression as it is kept; raises ValueError with a sentence."""
    if not isinstance(cron, str):
        raise ValueError(f"must be a cron expression, {_EXAMPLE}")
    text = " ".join(cron.split())
    if len(text) > _LONGEST:
        raise ValueError(f"a cron expression holds at most {_LONGEST} characters")
    fields = len(text.split())
    if fields != 5:
        raise ValueError(
            f"a cron expression has 5 fields (minute, hour, day of the month, month, day of the week), {_EXAMPLE}; "
            f"{text!r} has {fields}"
        )
    try:
        tick = next(CronSim(text, datetime(2000, 1, 1, tzinfo=UTC)), None)
    except (CronSimError, ValueError, RecursionError) as error:
        raise ValueError(f"{text!r} is no cron expression ({error}); write it {_EXAMPLE}") from None
    if tick is None:
        raise ValueError(
            f"{text!r} never ticks: there is no such day in any month; write {_EXAMPLE}"
        )
    return text


def check_zone(zone: object) -> str:
    """The name of a time zone; raises ValueError with a sentence."""
    if isinstance(zone, str) and zone in _zones():
        return zone
    raise ValueError(f"there is no time zone `{zone!s:.60}`{_mend(str(zone))}")


def ticks(cron: str, zone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every tick later than `after` and not later than `until`, in order, each once."""
    latest = after.astimezone(UTC)
    for tick in CronSim(cron, after.astimezone(ZoneInfo(zone))):
        moment = tick.astimezone(UTC)
        if moment > until:
            return
        if (
            moment > latest
        ):  # two times within a gap are one moment, and an hour that comes twice lies behind
            latest = moment
            yield moment


def next_tick(cron: str, zone: str, after: datetime) -> datetime | None:
    return next(ticks(cron, zone, after, datetime.max.replace(tzinfo=UTC)), None)


def next_ticks(cron: str, zone: str, after: datetime, most: int) -> list[datetime]:
    return list(islice(ticks(cron, zone, after, datetime.max.replace(tzinfo=UTC)), most))


def newest_tick(cron: str, zone: str, now: datetime) -> datetime | None:
    """The latest tick that is not later than `now`."""
    for window in _WINDOWS:
        newest = None
        for newest in ticks(cron, zone, now - window, now):  # noqa: B007
            pass
        if newest:
            return newest
    return None


def due(
    cron: str, zone: str, catch_up: CatchUp, next_at: datetime, now: datetime, most: int
) -> Due:
    """The ticks to run at `now` of a schedule whose first tick not seen to is `next_at`.

    Of ALL at most `most` ticks; the rest are due again at once.
    """
    if next_at > now:
        return Due((), next_at)
    if catch_up is CatchUp.ALL:
        missed = islice(ticks(cron, zone, next_at, now), most - 1)
        taken = (next_at, *missed)
        return Due(taken, next_tick(cron, zone, taken[-1]))
    newest = max(next_at, newest_tick(cron, zone, now) or next_at)
    following = next_tick(cron, zone, now)
    if catch_up is CatchUp.NONE and now - newest > GRACE:
        return Due((), following)
    return Due((newest,), following)


def trigger_of(id: str, key: str, zone: str, tick: datetime, saved_by: str) -> dict[str, str]:
    """The `trigger` of the execution of a tick; date and time are those of the schedule's zone. `saved_by` is the actor
    who saved the schedule last."""
    there = tick.astimezone(ZoneInfo(zone))
    return {
        "type": "schedule",
        "id": id,
        "key": key,
        "scheduledAt": tick.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "date": there.date().isoformat(),
        "time": there.time().isoformat(),
        "timezone": zone,
        "savedBy": saved_by,
    }


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _mend(zone: str) -> str:
    found = did_you_mean(zone, _zones())
    if found.startswith("; did"):
        return found
    return "; write a name of the IANA database, as Europe/Paris or UTC"
