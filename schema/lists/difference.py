"""Computes which rows entered, changed and left a list between two reads. Pure."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypedDict, TypeVar
from uuid import UUID

from schema.enums import LeaveReason


class SeenRow(TypedDict):
    """The columns by which two reads are compared."""

    id: UUID
    seq: int


Row = TypeVar("Row", bound=SeenRow)
Row_co = TypeVar("Row_co", bound=SeenRow, covariant=True)


@dataclass(frozen=True, slots=True)
class Enter(Generic[Row_co]):
    """`before` is the id of the row that follows in the list; None at the end."""

    row: Row_co
    before: UUID | None


@dataclass(frozen=True, slots=True)
class Leave:
    id: UUID
    reason: LeaveReason


@dataclass(frozen=True, slots=True)
class ListDelta(Generic[Row_co]):
    """Apply in this order: leave, enter, update."""

    enter: Sequence[Enter[Row_co]]
    update: Sequence[Row_co]
    leave: Sequence[Leave]

    def __bool__(self) -> bool:
        return bool(self.enter or self.update or self.leave)


def whole(rows: Sequence[Row]) -> ListDelta[Row]:
    """Returns a delta that inserts all rows, in order."""
    return ListDelta(_entries(rows), (), ())


def gone(old: Mapping[UUID, int], rows: Sequence[SeenRow]) -> list[UUID]:
    now = {row["id"] for row in rows}
    return [id for id in old if id not in now]


def difference(
    old: Mapping[UUID, int], rows: Sequence[Row], why: Mapping[UUID, LeaveReason]
) -> ListDelta[Row]:
    """Returns the delta from `old` (id -> seq, in list order) to `rows`; `why` gives the reason for each missing row.

    A row that moved leaves and enters. Enters are ordered from the end of the list, so that each `before` exists.
    """
    staying = _staying(old, [row["id"] for row in rows if row["id"] in old])
    moved = [row["id"] for row in rows if row["id"] in old and row["id"] not in staying]
    left = [Leave(id, why[id]) for id in gone(old, rows)]
    left += [Leave(id, LeaveReason.MOVED) for id in moved]
    return ListDelta(
        enter=[enter for enter in reversed(_entries(rows)) if enter.row["id"] not in staying],
        update=[row for row in rows if row["id"] in staying and row["seq"] != old[row["id"]]],
        leave=left,
    )


def _entries(rows: Sequence[Row]) -> list[Enter[Row]]:
    following = [*(row["id"] for row in rows[1:]), None][: len(rows)]
    return [Enter(row, before) for row, before in zip(rows, following, strict=True)]


def _staying(old: Mapping[UUID, int], now: Sequence[UUID]) -> set[UUID]:
    """Returns the ids that need not move: a longest increasing subsequence of the old positions."""
    was = {id: place for place, id in enumerate(old)}
    lowest: list[int] = []  # the smallest end of an increasing subsequence, by length
    ends: list[UUID] = []
    before: dict[UUID, UUID | None] = {}
    for id in now:
        length = bisect_left(lowest, was[id])
        lowest[length:] = [was[id], *lowest[length + 1 :]]
        ends[length:] = [id, *ends[length + 1 :]]
        before[id] = ends[length - 1] if length else None
    staying: set[UUID] = set()
    last = ends[-1] if ends else None
    while last is not None:
        staying.add(last)
        last = before[last]
    return staying
