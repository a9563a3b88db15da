"""Time in equal parts, each beginning where the clock in UTC does; weeks on Monday."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from models.errors import ProblemCode, Refused

MOST_BUCKETS: Final = 1500
"""A day of minutes, and then some."""
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
    """Where each begins; the first holds `since`. Raises Refused for too many, or none."""
    if not _YEARS[0] <= since.year <= until.year <= _YEARS[1] or since >= until:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"`since` must be before `until`, and both of the years {_YEARS[0]} to {_YEARS[1]}",
            "since",
        )
    width = bucket.width
    first = _MONDAY + (since - _MONDAY) // width * width
    number = -((first - until) // width)
    if number > MOST_BUCKETS:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"these are {number} buckets of a {bucket.lower()}, and {MOST_BUCKETS} is the most; "
            "ask for longer buckets or a later `since`",
            "bucket",
        )
    return [first + width * place for place in range(number)]
