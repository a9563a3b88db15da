"""The rows that one live list shows: read anew when something may have moved, else told as they changed."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from runner.live.live_query import Delta, LiveQuery
from runner.service.cooldown import cooldown
from runner.service.retry import retry_until_available
from runner.store.execution import history
from runner.store.lists import listing
from runner.store.postgres.connection import Pool
from schema.context import Services
from schema.enums import LeaveReason
from schema.lists.difference import ListDelta, Row, difference, gone, whole
from schema.lists.resume_cache import LiveListQuery, ResumeCache, Seqs

_COALESCE: Final = 0.25
"""Seconds between two looks of one list at least; after one that took long there are more."""


@dataclass(frozen=True, slots=True)
class LiveListUpdate:
    """The message that one look at the list sends."""

    change: ListDelta
    reset: bool
    count: int
    exact: bool
    cursor: str


class Window:
    def __init__(
        self, pool: Pool, windows: ResumeCache, wanted: LiveListQuery, interest: LiveQuery
    ) -> None:
        self._pool = pool
        self._interest = interest
        self._windows = windows
        self._wanted = wanted
        self._count = (-1, False)
        self._seqs: Seqs = {}
        self.looks = 0
        self.rest = _COALESCE

    async def first(self, cursor: str | None) -> LiveListUpdate:
        """The whole of it; or what changed since a cursor that is still known."""
        known = self._windows.find(self._wanted, cursor) if cursor else None
        rows = await self._read()
        if known is None:
            return self._told(whole(rows), reset=True)
        return self._told(await self._difference(known, rows), reset=False)

    async def next(self) -> LiveListUpdate | None:
        """None when nothing of it moved, the count included."""
        news = self._interest.drain()
        if news is None:
            return await self._looked_again()
        return self._told_by(news) if news else None

    async def _looked_again(self) -> LiveListUpdate | None:
        old, count = self._seqs, self._count
        change = await self._difference(old, await self._read())
        if not change and self._count == count:
            return None
        return self._told(change, reset=False)

    def _told_by(self, news: Delta) -> LiveListUpdate | None:
        """Who enters or leaves does so where all there is is shown, in the order of their creation."""
        old = self._seqs
        seqs = {**old, **{id: row["seq"] for id, row in news.rows.items()}}
        for id in news.left:
            seqs.pop(id, None)
        if len(seqs) > len(old.keys() & seqs.keys()):
            seqs = dict(sorted(seqs.items(), reverse=self._wanted.view.descending))
        if seqs.keys() != old.keys():
            self._count = len(seqs), True
        self._seqs = seqs
        rows = [news.rows.get(id) or {"id": id, "seq": seq} for id, seq in seqs.items()]
        change = difference(
            old, rows, {id: _reason(not gone, False) for id, gone in news.left.items()}
        )
        return self._told(change, reset=False) if change else None

    async def _read(self) -> Sequence[Row]:
        wanted = self._wanted
        async with self._windows.turns:
            self.looks += 1
            self._interest.begin_refresh()
            began = asyncio.get_running_loop().time()
            found = await retry_until_available(
                self._pool,
                lambda: listing.counted_page(
                    self._pool, wanted.scope, wanted.where, wanted.view, self._is_full
                ),
            )
            self.rest = cooldown(asyncio.get_running_loop().time() - began, _COALESCE)
        self._seqs = {row["id"]: row["seq"] for row in found.rows}
        self._count = found.count, found.exact
        self._interest.end_refresh(
            found.rows, self._wanted.view.size - len(found.rows), datetime.now(UTC)
        )
        return found.rows

    @property
    def _is_full(self) -> bool:
        """Of a window that is not, all rows are there."""
        return len(self._seqs) >= self._wanted.view.size

    async def _difference(self, old: Seqs, rows: Sequence[Row]) -> ListDelta:
        left = gone(old, rows)
        return difference(old, rows, await self._why(left) if left else {})

    async def _why(self, left: Sequence[UUID]) -> dict[UUID, LeaveReason]:
        wanted = self._wanted
        there = await history.existing(self._pool, left)
        matching = await listing.matching(self._pool, wanted.scope, wanted.where, left)
        return {id: _reason(id in there, id in matching) for id in left}

    def _told(self, change: ListDelta, reset: bool) -> LiveListUpdate:
        cursor = self._windows.keep(self._wanted, self._seqs)
        return LiveListUpdate(change, reset, *self._count, cursor)


async def watch(
    services: Services, wanted: LiveListQuery, cursor: str | None
) -> AsyncGenerator[LiveListUpdate, None]:
    """A list from its first look on, or from a cursor."""
    order = wanted.view.order
    with services.changes.live_query(wanted.where, wanted.scope, order) as interest:
        window = Window(services.pool, services.windows, wanted, interest)
        yield await window.first(cursor)
        while True:
            await asyncio.sleep(window.rest)
            await interest.wait_changed()
            if told := await window.next():
                yield told


def _reason(there: bool, matches: bool) -> LeaveReason:
    if not there:
        return LeaveReason.DELETED
    return LeaveReason.BEYOND_WINDOW if matches else LeaveReason.NO_LONGER_MATCHES
