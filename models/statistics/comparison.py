"""Compares executions with the first of them, the baseline. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final
from uuid import UUID

from models.errors import ProblemCode, Refused

FEWEST: Final = 2
MOST: Final = 5
_NOTICED: Final = 1.0
"""The least difference, in seconds, of durations that count as different; exact equality never occurs."""
_SHARE: Final = 0.1
"""The same, as a share of the longer duration."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of one execution under a key; `present` distinguishes null from a missing key."""

    value: Any
    present: bool
    differs: bool


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    cells: Sequence[Cell]

    @property
    def differs(self) -> bool:
        return any(cell.differs for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Number:
    """`delta` is the difference to the baseline, `percent` the same relative to it; None if it cannot be computed."""

    value: float | None
    delta: float | None
    percent: float | None


def check_choice(ids: Sequence[UUID]) -> None:
    """Raises Refused for too few, too many or duplicate ids."""
    if not FEWEST <= len(ids) <= MOST:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"{FEWEST} to {MOST} executions can be compared; got {len(ids)}",
            "ids",
        )
    for place, id in enumerate(ids):
        if id in ids[:place]:
            raise Refused.because(
                ProblemCode.VALIDATION,
                f"execution {place + 1} is the same as execution {ids.index(id) + 1}; give each once",
                "ids",
                str(place),
            )


def rows_of(values: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Returns a row for each key that any execution has, sorted by key."""
    keys = sorted({key for one in values for key in one})
    return [Row(key, _cells(key, values)) for key in keys]


def _cells(key: str, values: Sequence[Mapping[str, Any]]) -> list[Cell]:
    first = values[0]
    return [
        Cell(one.get(key), key in one, (key in one) != (key in first) or not same(one.get(key), first.get(key)))
        for one in values
    ]  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """Compares as JSON: 1 equals 1.0, but true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def numbers_of(values: Sequence[float | None]) -> list[Number]:
    return [_number(value, values[0]) for value in values]


def _number(value: float | None, base: float | None) -> Number:
    if value is None or base is None:
        return Number(value, None, None)
    delta = _finite(value - base)
    percent = None if delta is None or base == 0 else _finite(delta / abs(base) * 100)
    return Number(value, delta, percent)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def lasted_alike(one: float | None, other: float | None) -> bool:
    """Returns whether two durations count as equal: they differ by at most 10 % of the longer, or by less than 1 s."""
    if one is None or other is None:
        return one is other
    apart = abs(one - other)
    return apart < _NOTICED or apart <= _SHARE * max(one, other)
