"""Executions side by side, judged against the first of them: the baseline. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final
from uuid import UUID

from models.errors import ProblemCode, Refused

FEWEST: Final = 2
MOST: Final = 5
_NOTICED: Final = 1.0
"""Seconds that two durations are apart at least to count as different; no two are ever the same."""
_SHARE: Final = 0.1
"""The same as a share of the longer."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of one execution under a key; `present` tells null from nothing."""

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
    """`delta` is what it is more than the baseline, `percent` that as a share of it; None where there is none."""

    value: float | None
    delta: float | None
    percent: float | None


def check_choice(ids: Sequence[UUID]) -> None:
    """Raises Refused for too few, too many, or one that is there twice."""
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
                f"number {place + 1} is the same execution as number {ids.index(id) + 1}; give each once",
                "ids",
                str(place),
            )


def rows_of(values: Sequence[Mapping[str, Any]]) -> list[Row]:
    """One for each key that any of them has, by key."""
    keys = sorted({key for one in values for key in one})
    return [Row(key, _cells(key, values)) for key in keys]


def _cells(key: str, values: Sequence[Mapping[str, Any]]) -> list[Cell]:
    first = values[0]
    return [
        Cell(one.get(key), key in one, (key in one) != (key in first) or not same(one.get(key), first.get(key)))
        for one in values
    ]  # fmt: skip


def same(one: Any, other: Any) -> bool:
    """As JSON: 1 is 1.0, but true is not 1."""
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
    """Whether nobody would call one longer: apart by no more than a tenth of the longer, or by less than a second."""
    if one is None or other is None:
        return one is other
    apart = abs(one - other)
    return apart < _NOTICED or apart <= _SHARE * max(one, other)
