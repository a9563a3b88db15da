"""The times at which schedules tick, around every change of the clocks, and which missed ticks are due."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from models.schedule import (
    GRACE,
    CatchUp,
    Due,
    check_cron,
    check_zone,
    due,
    newest_tick,
    next_tick,
    next_ticks,
    ticks,
    trigger_of,
)

PARIS, NEW_YORK = "Europe/Paris", "America/New_York"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SECOND = timedelta(seconds=1)
CATCH_UPS = (CatchUp.NONE, CatchUp.LAST, CatchUp.ALL)


def between(cron: str, zone: str, after: str, until: str) -> list[str]:
    found = ticks(cron, zone, datetime.fromisoformat(after), datetime.fromisoformat(until))
    return [f"{tick:%m-%d %H:%M}" for tick in found]


@pytest.mark.parametrize(
    ("cron", "zone", "after", "until", "expected"),
    [
        # 2026-03-29 02:00 CET becomes 03:00 CEST, at 01:00 UTC
        ("30 2 * * *", PARIS, "2026-03-28T00:00Z", "2026-03-30T12:00Z",
         ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        ("15,45 2,3 * * *", PARIS, "2026-03-29T00:00Z", "2026-03-29T12:00Z",
         ["03-29 01:00", "03-29 01:15", "03-29 01:45"]),
        ("*/30 * * * *", PARIS, "2026-03-29T00:15Z", "2026-03-29T01:30Z",
         ["03-29 00:30", "03-29 01:00", "03-29 01:30"]),
        ("0 3 * * *", PARIS, "2026-03-28T12:00Z", "2026-03-29T12:00Z", ["03-29 01:00"]),
        # 2026-10-25 03:00 CEST becomes 02:00 CET, at 01:00 UTC
        ("30 2 * * *", PARIS, "2026-10-24T12:00Z", "2026-10-26T12:00Z",
         ["10-25 00:30", "10-26 01:30"]),
        ("45 2 * * *", PARIS, "2026-10-25T01:30Z", "2026-10-26T12:00Z", ["10-26 01:45"]),
        ("0 * * * *", PARIS, "2026-10-24T23:30Z", "2026-10-25T02:30Z",
         ["10-25 00:00", "10-25 01:00", "10-25 02:00"]),
        # 2026-03-08 02:00 EST becomes 03:00 EDT, at 07:00 UTC
        ("30 2 * * *", NEW_YORK, "2026-03-07T12:00Z", "2026-03-09T12:00Z",
         ["03-08 07:00", "03-09 06:30"]),
        ("30 1-4 * * *", NEW_YORK, "2026-03-08T05:45Z", "2026-03-08T09:00Z",
         ["03-08 06:30", "03-08 07:00", "03-08 07:30", "03-08 08:30"]),
        # 2026-11-01 02:00 EDT becomes 01:00 EST, at 06:00 UTC
        ("30 1 * * *", NEW_YORK, "2026-10-31T12:00Z", "2026-11-02T12:00Z",
         ["11-01 05:30", "11-02 06:30"]),
        ("*/20 * * * *", NEW_YORK, "2026-11-01T05:30Z", "2026-11-01T06:30Z",
         ["11-01 05:40", "11-01 06:00", "11-01 06:20"]),
        # the bounds: later than `after`, up to and with `until`
        ("0 12 * * *", "UTC", "2026-03-01T12:00Z", "2026-03-03T12:00Z",
         ["03-02 12:00", "03-03 12:00"]),
        ("0 12 * * *", "UTC", "2026-03-01T11:59:59.999Z", "2026-03-01T12:00Z", ["03-01 12:00"]),
        ("0 12 * * *", "UTC", "2026-03-01T12:00Z", "2026-03-02T11:59:59.999Z", []),
        ("0 12 * * *", "UTC", "2026-03-03T12:00Z", "2026-03-01T12:00Z", []),
        # day of the month OR day of the week, as cron has it
        ("0 0 13 * FRI", "UTC", "2026-03-01T00:00Z", "2026-03-14T00:00Z",
         ["03-06 00:00", "03-13 00:00"]),
    ],
)  # fmt: skip
def test_ticks(cron: str, zone: str, after: str, until: str, expected: list[str]) -> None:
    assert between(cron, zone, after, until) == expected


@pytest.mark.parametrize("zone", [PARIS, NEW_YORK, "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("cron", ["*/20 * * * *", "10,40 1-3 * * *", "0 2 * * *"])
@pytest.mark.parametrize("day", ["03-08", "03-29", "04-05", "10-04", "10-25", "11-01"])
def test_ticks_do_not_depend_on_where_one_begins_to_count(cron: str, zone: str, day: str) -> None:
    """Compares ticks on every day of 2026 on which one of these zones changes its clocks."""
    middle = datetime.fromisoformat(f"2026-{day}T00:00Z")
    whole = list(ticks(cron, zone, middle - 36 * HOUR, middle + 36 * HOUR))
    assert whole == sorted(set(whole))
    for before, tick in pairwise(whole):
        assert next_tick(cron, zone, before) == tick
        assert next_tick(cron, zone, tick - SECOND) == tick
        assert newest_tick(cron, zone, tick) == tick
        assert newest_tick(cron, zone, tick - SECOND) == before


def test_leap_days() -> None:
    found = next_ticks("0 0 29 2 *", "UTC", datetime(2026, 1, 1, tzinfo=UTC), 2)
    assert [tick.year for tick in found] == [2028, 2032]
    assert newest_tick("0 0 29 2 *", "UTC", NOON) == datetime(2024, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize("catch_up", CATCH_UPS)
def test_a_tick_exactly_now_is_due_and_one_a_moment_later_is_not(catch_up: CatchUp) -> None:
    cron = "0 * * * *"
    assert due(cron, "UTC", catch_up, NOON, NOON, 50) == Due((NOON,), NOON + HOUR)
    early = NOON - timedelta(microseconds=1)
    assert due(cron, "UTC", catch_up, NOON, early, 50) == Due((), NOON)


MISSED = tuple(NOON + number * HOUR for number in range(4))


@pytest.mark.parametrize(
    ("catch_up", "ran"), [(CatchUp.NONE, ()), (CatchUp.LAST, MISSED[-1:]), (CatchUp.ALL, MISSED)]
)
def test_missed_occurrences_are_caught_up_as_configured(
    catch_up: CatchUp, ran: tuple[datetime, ...]
) -> None:
    now = NOON + 3 * HOUR + 2 * GRACE
    assert due("0 * * * *", "UTC", catch_up, NOON, now, 50) == Due(ran, NOON + 4 * HOUR)


def test_none_skips_only_ticks_older_than_the_grace() -> None:
    now = MISSED[-1] + GRACE
    assert due("0 * * * *", "UTC", CatchUp.NONE, NOON, now, 50).ticks == MISSED[-1:]
    assert due("0 * * * *", "UTC", CatchUp.NONE, NOON, now + SECOND, 50).ticks == ()


def test_some_of_many_ticks_are_left_for_the_next_round() -> None:
    now = NOON + 10 * HOUR
    first = due("0 * * * *", "UTC", CatchUp.ALL, NOON, now, 4)
    assert first == Due(MISSED, NOON + 4 * HOUR)
    assert due("0 * * * *", "UTC", CatchUp.ALL, NOON, now, 1) == Due((NOON,), NOON + HOUR)


def test_years_of_minutes_are_not_counted_to_find_the_last() -> None:
    begin = datetime(1990, 1, 1, tzinfo=UTC)
    assert due("* * * * *", PARIS, CatchUp.LAST, begin, NOON, 50) == Due((NOON,), NOON + MINUTE)


def test_the_trigger_has_the_day_in_the_schedules_zone() -> None:
    tick = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    trigger = trigger_of("sched_1", "nightly", PARIS, tick, "user:maria")
    assert (trigger["date"], trigger["time"], trigger["scheduledAt"]) == (
        "2026-03-29", "00:30:00", "2026-03-28T23:30:00Z",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cron", "kept"),
    [(" 0  2 * * * ", "0 2 * * *"), ("*/5 9-17 * * MON-FRI", None), ("0 0 L * *", None)],
)
def test_cron_expressions(cron: str, kept: str | None) -> None:
    assert check_cron(cron) == (kept or cron)


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("61 * * * *", r"Bad minute\); write it like `0 2"),
        ("0 2 * *", "has 5 fields .* has 4"),
        ("@daily", "has 5 fields"),
        ("0 0 0 2 * *", "has 5 fields .* has 6"),
        ("0 0 30 2 *", "Bad day-of-month"),
        ("0 0 * 2 MON#5 x", "has 6"),
        ("", "has 5 fields .* has 0"),
        ("tomorrow at noon or so", "Bad minute"),
        ("1," * 60 + "1 * * * *", "at most 100"),
        (7, "must be a cron expression"),
        (None, "must be a cron expression"),
    ],
)
def test_invalid_cron_expressions_are_refused_with_a_valid_example(
    cron: object, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        check_cron(cron)


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Pariss", "did you mean `Europe/Paris`"),
        ("Mars", "for example Europe/Paris or UTC"),
        ("../etc/passwd", "for example Europe/Paris or UTC"),
        ("", "for example Europe/Paris or UTC"),
        (None, "for example Europe/Paris or UTC"),
    ],
)
def test_unknown_time_zones_are_refused(zone: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_zone(zone)
