"""The rows that one live list shows, read anew whenever something may have changed."""

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from models.filters import Filter
from models.viewer import Scope
from runner.changes import Interest
from runner.store import history, listing
from runner.store.connection import Pool
from runner.store.history import COUNT_LIMIT
from runner.store.listing import View
from runner.store.patience import patiently
from schema.enums import LeaveReason
from schema.live_list import Change, Row, difference, gone, whole

Seqs: TypeAlias = Mapping[UUID, int]
"""Of the rows of a window, in its order."""
_ROWS_KEPT: Final = 100_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which list; two that are equal show the same."""

    scope: Scope
    where: Filter
    view: View


@dataclass(frozen=True, slots=True)
class Told:
    """What is sent of one look."""

    change: Change
    reset: bool
    count: int
    exact: bool
    cursor: str


class Windows:
    """Those told last, so that whoever was cut off reads on from a cursor. One a process; the oldest are forgotten."""

    def __init__(self, rows_kept: int = _ROWS_KEPT) -> None:
        self._epoch = secrets.token_hex(6)
        self._room = rows_kept
        self._kept: OrderedDict[str, tuple[Wanted, Seqs]] = OrderedDict()
        self._number = 0

    def keep(self, wanted: Wanted, seqs: Seqs) -> str:
        """The cursor of this window."""
        self._number += 1
        cursor = f"{self._epoch}.{self._number:x}"
        self._kept[cursor] = (wanted, seqs)
        self._room -= 1 + len(seqs)
        while self._room < 0:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._room += 1 + len(oldest)
        return cursor

    def find(self, wanted: Wanted, cursor: str) -> Seqs | None:
        """None when it is of another list or process, or too old."""
        kept, seqs = self._kept.get(cursor, (None, None))
        return seqs if kept == wanted else None


class Window:
    def __init__(self, pool: Pool, windows: Windows, wanted: Wanted, interest: Interest) -> None:
        self._pool = pool
        self._interest = interest
        self._windows = windows
        self._wanted = wanted
        self._count = (-1, False)
        self._seqs: Seqs = {}

    async def first(self, cursor: str | None) -> Told:
        """The whole of it; or what changed since a cursor that is still known."""
        known = self._windows.find(self._wanted, cursor) if cursor else None
        rows = await self._read()
        self._count = await self._counted()
        if known is None:
            return self._told(whole(rows), reset=True)
        return self._told(await self._difference(known, rows), reset=False)

    async def next(self) -> Told | None:
        """None when nothing of it moved, the count included."""
        old, count = self._seqs, self._count
        rows = await self._read()
        self._count = await self._counted()
        change = await self._difference(old, rows)
        if not change and self._count == count:
            return None
        return self._told(change, reset=False)

    async def _read(self) -> Sequence[Row]:
        wanted = self._wanted
        self._interest.shown = None
        page = await patiently(
            self._pool,
            lambda: listing.executions_page(self._pool, wanted.scope, wanted.where, wanted.view),
        )
        self._seqs = {row["id"]: row["seq"] for row in page.rows}
        self._interest.shown = self._seqs.keys()
        return page.rows

    async def _counted(self) -> tuple[int, bool]:
        """Of a window that is not full all rows are there."""
        if len(self._seqs) < min(self._wanted.view.size, COUNT_LIMIT):
            return len(self._seqs), True
        wanted = self._wanted
        return await patiently(
            self._pool, lambda: listing.count_executions(self._pool, wanted.scope, wanted.where)
        )

    async def _difference(self, old: Seqs, rows: Sequence[Row]) -> Change:
        left = gone(old, rows)
        return difference(old, rows, await self._why(left) if left else {})

    async def _why(self, left: Sequence[UUID]) -> dict[UUID, LeaveReason]:
        wanted = self._wanted
        there = await history.existing(self._pool, left)
        matching = await listing.matching(self._pool, wanted.scope, wanted.where, left)
        return {id: _reason(id in there, id in matching) for id in left}

    def _told(self, change: Change, reset: bool) -> Told:
        cursor = self._windows.keep(self._wanted, self._seqs)
        return Told(change, reset, *self._count, cursor)


def _reason(there: bool, matches: bool) -> LeaveReason:
    if not there:
        return LeaveReason.DELETED
    return LeaveReason.BEYOND_WINDOW if matches else LeaveReason.NO_LONGER_MATCHES
