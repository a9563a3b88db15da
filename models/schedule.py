"""The ticks (occurrences) of a schedule, and the choice of those to run.

Ticks are times in UTC. Daylight saving time is handled as in Debian's cron: a time of day that is skipped in spring
ticks once, right after the gap; one that occurs twice in autumn ticks once, the first time; a schedule whose minutes or
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
"""A tick up to this old is on time, even if missed ticks are skipped."""
TRIGGER_NAMES = frozenset({"type", "id", "key", "scheduledAt", "date", "time", "timezone"})
"""The keys that the `trigger` of every scheduled execution has."""
_LONGEST = 100
_EXAMPLE = "for example `0 2 * * *` for 02:00 every day"
_WINDOWS = (
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=32),
    timedelta(days=367),
    timedelta(days=366 * 60),
)


class CatchUp(StrEnum):
    """The treatment of ticks that were missed because no server was running."""

    NONE = "NONE"
    LAST = "LAST"
    ALL = "ALL"


class ScheduleSource(StrEnum):
    FLOW = "FLOW"
    API = "API"


@dataclass(frozen=True, slots=True)
class Due:
    """The ticks to run now, in order, and the next tick; None if there are no more."""

    ticks: tuple[datetime, ...]
    next_at: datetime | None


def check_cron(cron: object) -> str:
    """Returns a cron expression in the form that is stored. Raises ValueError with a sentence."""
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
        raise ValueError(
            f"{text!r} is not a valid cron expression ({error}); write it like `0 2 * * *`"
        ) from None
    if tick is None:
        raise ValueError(
            f"{text!r} never ticks: no month has such a day; write a date that exists, {_EXAMPLE}"
        )
    return text


def check_zone(zone: object) -> str:
    """Returns the name of a time zone. Raises ValueError with a sentence."""
    if isinstance(zone, str) and zone in _zones():
        return zone
    raise ValueError(f"there is no time zone `{zone!s:.60}`{_suggestion(str(zone))}")


def ticks(cron: str, zone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yields the ticks after `after` and up to `until`, in order, each once."""
    latest = after.astimezone(UTC)
    for tick in CronSim(cron, after.astimezone(ZoneInfo(zone))):
        moment = tick.astimezone(UTC)
        if moment > until:
            return
        if (
            moment > latest
        ):  # two times in a gap are the same time in UTC; a repeated hour is in the past
            latest = moment
            yield moment


def next_tick(cron: str, zone: str, after: datetime) -> datetime | None:
    return next(ticks(cron, zone, after, datetime.max.replace(tzinfo=UTC)), None)


def next_ticks(cron: str, zone: str, after: datetime, most: int) -> list[datetime]:
    return list(islice(ticks(cron, zone, after, datetime.max.replace(tzinfo=UTC)), most))


def newest_tick(cron: str, zone: str, now: datetime) -> datetime | None:
    """Returns the latest tick that is not after `now`."""
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
    """Returns the ticks to run at `now`; `next_at` is the schedule's first tick that was not handled.

    With ALL, at most `most` ticks are returned; the rest are due at once in the next call.
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
    """Returns the `trigger` of a tick's execution; date and time are in the schedule's zone. `saved_by` is the actor
    who last saved the schedule."""
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


def _suggestion(zone: str) -> str:
    found = did_you_mean(zone, _zones())
    if found.startswith("; did"):
        return found
    return "; use a name of the IANA database, for example Europe/Paris or UTC"
