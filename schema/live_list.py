"""A window over a list as it moves: what entered, changed and left between two looks. Pure."""

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
class Change:
    enter: Sequence[Enter]
    update: Sequence[Row]
    leave: Sequence[Leave]

    def __bool__(self) -> bool:
        return bool(self.enter or self.update or self.leave)


def whole(rows: Sequence[Row]) -> Change:
    """The window as it is, in its order."""
    following = [*(row["id"] for row in rows[1:]), None][: len(rows)]
    return Change([Enter(row, before) for row, before in zip(rows, following, strict=True)], (), ())


def difference(
    old: Mapping[UUID, int], rows: Sequence[Row], size: int, newest_first: bool
) -> Change:
    """From the window `old` (id to seq) to `rows`; enters come last row first: each `before` is there already."""
    now = {row["id"] for row in rows}
    entered = [enter for enter in reversed(whole(rows).enter) if enter.row["id"] not in old]
    updated = [row for row in rows if row["id"] in old and row["seq"] != old[row["id"]]]
    last = rows[-1]["id"] if len(rows) >= size else None
    left = [Leave(id, _reason(id, last, newest_first)) for id in old if id not in now]
    return Change(entered, updated, left)


def _reason(id: UUID, last: UUID | None, newest_first: bool) -> LeaveReason:
    beyond = last is not None and (id < last if newest_first else id > last)
    return LeaveReason.BEYOND_WINDOW if beyond else LeaveReason.NO_LONGER_MATCHES
