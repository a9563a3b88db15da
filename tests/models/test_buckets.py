"""Splitting a time range into buckets."""

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refused
from models.statistics.buckets import MOST_BUCKETS, Bucket, buckets_between

SINCE = datetime(2026, 5, 1, 12, 34, 56, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("bucket", "first"),
    [
        (Bucket.MINUTE, datetime(2026, 5, 1, 12, 34, tzinfo=UTC)),
        (Bucket.HOUR, datetime(2026, 5, 1, 12, tzinfo=UTC)),
        (Bucket.DAY, datetime(2026, 5, 1, tzinfo=UTC)),
        (Bucket.WEEK, datetime(2026, 4, 27, tzinfo=UTC)),
    ],
)
def test_each_begins_where_the_clock_does(bucket: Bucket, first: datetime) -> None:
    assert buckets_between(SINCE, SINCE + timedelta(microseconds=1), bucket) == [first]
    until = first + 3 * bucket.width
    assert buckets_between(first, until, bucket) == [first + n * bucket.width for n in range(3)]
    assert len(buckets_between(first, until + timedelta(microseconds=1), bucket)) == 4


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),
    st.timedeltas(timedelta(microseconds=1), timedelta(days=1)),
    st.sampled_from(Bucket),
    st.integers(-12, 12),
)
def test_buckets_cover_the_range_without_gaps(
    since: datetime, length: timedelta, bucket: Bucket, zone: int
) -> None:
    begin = since.replace(tzinfo=timezone(timedelta(hours=zone)))
    found = buckets_between(begin, begin + length, bucket)
    assert found[0] <= begin < found[0] + bucket.width
    assert found[-1] < begin + length <= found[-1] + bucket.width
    assert [later - one for one, later in itertools.pairwise(found)] == [bucket.width] * (
        len(found) - 1
    )


def test_too_many_and_none_are_refused_with_words() -> None:
    day = timedelta(days=1)
    begin = datetime(2026, 5, 1, tzinfo=UTC)
    assert len(buckets_between(begin, begin + day, Bucket.MINUTE)) == 1440
    assert len(buckets_between(begin, begin + MOST_BUCKETS * day, Bucket.DAY)) == MOST_BUCKETS
    with pytest.raises(Refused, match=r"2880 buckets of a minute are too many; the limit is 1500"):
        buckets_between(begin, begin + 2 * day, Bucket.MINUTE)
    for since, until in (
        (begin, begin),
        (begin + day, begin),
        (datetime(1, 1, 1, tzinfo=UTC), begin),
        (begin, datetime(9999, 12, 31, tzinfo=UTC)),
    ):
        with pytest.raises(Refused, match="`since` must be before `until`"):
            buckets_between(since, until, Bucket.WEEK)
