"""Divides a time span into bars of one round length, aligned to UTC; weeks begin on Monday."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from models.errors import ProblemCode, Refused

MOST_BARS: Final = 200
_YEARS: Final = (1970, 2200)
_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)
_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86400
LENGTHS: Final = (
    _SECOND, 5 * _SECOND, 15 * _SECOND, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 7 * _DAY,
)  # fmt: skip
"""Seconds; longer bars are several weeks."""


@dataclass(frozen=True, slots=True)
class Bars:
    first: datetime
    length: timedelta
    number: int

    @property
    def starts(self) -> list[datetime]:
        return [self.first + self.length * place for place in range(self.number)]


def bars_between(since: datetime, until: datetime, most: int) -> Bars:
    """Returns at most `most` bars; the first contains `since`, the last the moment before `until`. Raises Refused."""
    if not 1 <= most <= MOST_BARS:
        raise _refused(f"bars must be between 1 and {MOST_BARS}; got {most}", "bars")
    if not _YEARS[0] <= since.year <= until.year <= _YEARS[1] or since >= until:
        sentence = f"`since` must be before `until`, and both between the years {_YEARS[0]} and {_YEARS[1]}"
        raise _refused(sentence, "since")
    return next(
        bars
        for seconds in _lengths(until - since, most)
        if (bars := _bars(since, until, seconds)).number <= most
    )


def _lengths(span: timedelta, most: int) -> Iterator[int]:
    """Yields lengths in seconds: the LENGTHS, then multiples of a week that are long enough to cover the span."""
    yield from LENGTHS
    week = timedelta(seconds=LENGTHS[-1])
    fewest = -(-span // (week * most))
    yield from (LENGTHS[-1] * weeks for weeks in count(max(2, fewest)))


def _bars(since: datetime, until: datetime, seconds: int) -> Bars:
    length = timedelta(seconds=seconds)
    first = _MONDAY + (since - _MONDAY) // length * length
    return Bars(first, length, -((first - until) // length))


def _refused(sentence: str, path: str) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, path)
