"""A window over a list as it moves: what entered, changed and left between two looks. Pure."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from schema.enums import LeaveReason

Row = Any


@dataclass(frozen=True, slots=True)
class Enter:
    """`before` is the id of the row that follows it in the window, None at the end."""

    row: Row
    before: UUID | None


@dataclass(frozen=True, slots=True)
class Leave:
    id: UUID
    reason: LeaveReason


@dataclass(frozen=True, slots=True)
class ListDelta:
    """To be folded in this order: leave, enter, update."""

    enter: Sequence[Enter]
    update: Sequence[Row]
    leave: Sequence[Leave]

    def __bool__(self) -> bool:
        return bool(self.enter or self.update or self.leave)


def whole(rows: Sequence[Row]) -> ListDelta:
    """The window as it is, in its order."""
    return ListDelta(_entries(rows), (), ())


def gone(old: Mapping[UUID, int], rows: Sequence[Row]) -> list[UUID]:
    now = {row["id"] for row in rows}
    return [id for id in old if id not in now]


def difference(
    old: Mapping[UUID, int], rows: Sequence[Row], why: Mapping[UUID, LeaveReason]
) -> ListDelta:
    """From the window `old` (id to seq, in its order) to `rows`; `why` those that are gone are.

    A row whose place changed leaves and enters. Enters come last row first: each `before` is there already.
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


def _entries(rows: Sequence[Row]) -> list[Enter]:
    following = [*(row["id"] for row in rows[1:]), None][: len(rows)]
    return [Enter(row, before) for row, before in zip(rows, following, strict=True)]


def _staying(old: Mapping[UUID, int], now: Sequence[UUID]) -> set[UUID]:
    """As many as possible of those that are still there and in their old order: the longest rising subsequence."""
    was = {id: place for place, id in enumerate(old)}
    lowest: list[int] = []  # the lowest end of a rising run of each length
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
