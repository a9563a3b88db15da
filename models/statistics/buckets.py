"""Divides a time span into equal buckets, aligned to UTC; weeks begin on Monday."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from models.errors import ProblemCode, Refused

MOST_BUCKETS: Final = 1500
"""A little more than the minutes of a day."""
_YEARS: Final = (1970, 9000)


class Bucket(StrEnum):
    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"

    @property
    def width(self) -> timedelta:
        return _WIDTHS[self]


_WIDTHS: Final = {
    Bucket.MINUTE: timedelta(minutes=1),
    Bucket.HOUR: timedelta(hours=1),
    Bucket.DAY: timedelta(days=1),
    Bucket.WEEK: timedelta(weeks=1),
}
_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)


def buckets_between(since: datetime, until: datetime, bucket: Bucket) -> list[datetime]:
    """Returns the start of each bucket; the first contains `since`. Raises Refused for too many, or none."""
    if not _YEARS[0] <= since.year <= until.year <= _YEARS[1] or since >= until:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"`since` must be before `until`, and both between the years {_YEARS[0]} and {_YEARS[1]}",
            "since",
        )
    width = bucket.width
    first = _MONDAY + (since - _MONDAY) // width * width
    number = -((first - until) // width)
    if number > MOST_BUCKETS:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"{number} buckets of a {bucket.lower()} are too many; the limit is {MOST_BUCKETS}; "
            "use longer buckets or a later `since`",
            "bucket",
        )
    return [first + width * place for place in range(number)]
