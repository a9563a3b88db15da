"""Bars of one round length: as few as requested, without a gap, covering the whole range."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refused
from models.statistics.bars import LENGTHS, MOST_BARS, bars_between

MONDAY = datetime(2026, 5, 4, tzinfo=UTC)
moments = st.datetimes(
    datetime(1970, 1, 2), datetime(2200, 12, 30), timezones=st.sampled_from([UTC, timezone(timedelta(hours=5.5))])
)  # fmt: skip


@given(
    st.lists(moments, min_size=2, max_size=2, unique=True).map(sorted), st.integers(1, MOST_BARS)
)
def test_bars_hold_the_time_in_the_shortest_length_that_fits(
    between: list[datetime], most: int
) -> None:
    since, until = between
    lasts = until - since
    bars = bars_between(since, until, most)
    starts = bars.starts
    assert 1 <= len(starts) == bars.number <= most
    assert starts[0] <= since < starts[0] + bars.length
    assert starts[-1] < until <= starts[-1] + bars.length
    assert all(after - before == bars.length for before, after in pairwise(starts))
    seconds = bars.length.total_seconds()
    assert seconds in LENGTHS or seconds % LENGTHS[-1] == 0
    midnight = starts[0].astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert (starts[0] - midnight) % bars.length == timedelta() or bars.length > timedelta(days=1)
    shorter = [length for length in LENGTHS if length < seconds]
    if shorter:
        assert lasts / timedelta(seconds=shorter[-1]) > most - 1


@pytest.mark.parametrize(
    ("hours", "most", "seconds", "number"),
    [(1, 60, 60, 60), (1, 59, 300, 12), (24, 24, 3600, 24), (24 * 7, 7, 86400, 7), (24 * 7, 1, 604800, 1),
     (1 / 3600, 200, 1, 1)],
)  # fmt: skip
def test_lengths_are_round(hours: float, most: int, seconds: int, number: int) -> None:
    bars = bars_between(MONDAY, MONDAY + timedelta(hours=hours), most)
    assert (bars.first, bars.length.total_seconds(), bars.number) == (MONDAY, seconds, number)


@pytest.mark.parametrize(
    ("since", "until", "most", "path"),
    [(MONDAY, MONDAY, 5, "since"), (MONDAY, MONDAY - timedelta(1), 5, "since"),
     (MONDAY, MONDAY + timedelta(1), 0, "bars"),
     (MONDAY, MONDAY + timedelta(1), 201, "bars"), (datetime(1, 1, 1, tzinfo=UTC), MONDAY, 5, "since"),
     (MONDAY, datetime(2201, 1, 1, tzinfo=UTC), 5, "since")],
)  # fmt: skip
def test_ranges_without_bars_are_refused(
    since: datetime, until: datetime, most: int, path: str
) -> None:
    with pytest.raises(Refused) as refused:
        bars_between(since, until, most)
    assert refused.value.problems[0].path == (path,)
