"""One live list: re-queries when rows may have entered, left or moved, else forwards the changed rows."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias, cast
from uuid import UUID

from runner.live.live_query import Delta, LiveQuery
from runner.service.cooldown import cooldown
from runner.service.retry import retry_until_available
from runner.store.execution import history
from runner.store.lists import listing
from runner.store.postgres.connection import Pool
from runner.store.rows import ExecutionRow
from schema.context import Services
from schema.enums import LeaveReason
from schema.lists.difference import ListDelta, difference, gone, whole
from schema.lists.resume_cache import LiveListQuery, ResumeCache, Seqs

Change: TypeAlias = ListDelta[ExecutionRow]
_COALESCE: Final = 0.25
"""Minimum seconds between two refreshes of one list; more after a slow refresh."""


@dataclass(frozen=True, slots=True)
class LiveListUpdate:
    """A message of a live list."""

    change: Change
    reset: bool
    count: int
    exact: bool
    cursor: str


class Window:
    def __init__(
        self, pool: Pool, cache: ResumeCache, wanted: LiveListQuery, live_query: LiveQuery
    ) -> None:
        self._pool = pool
        self._live_query = live_query
        self._cache = cache
        self._wanted = wanted
        self._count = (-1, False)
        self._seqs: Seqs = {}
        self.refreshes = 0
        self.rest = _COALESCE

    async def first(self, cursor: str | None) -> LiveListUpdate:
        """Returns the changes since the cursor if it is still cached, else the whole list."""
        known = self._cache.find(self._wanted, cursor) if cursor else None
        rows = await self._read()
        if known is None:
            return self._update(whole(rows), reset=True)
        return self._update(await self._difference(known, rows), reset=False)

    async def next(self) -> LiveListUpdate | None:
        """Returns the next update; None if neither the rows nor the count changed."""
        news = self._live_query.drain()
        if news is None:
            return await self._refreshed()
        return self._applied(news) if news else None

    async def _refreshed(self) -> LiveListUpdate | None:
        old, count = self._seqs, self._count
        change = await self._difference(old, await self._read())
        if not change and self._count == count:
            return None
        return self._update(change, reset=False)

    def _applied(self, news: Delta) -> LiveListUpdate | None:
        """Applies a delta without a query. Rows enter or leave this way only if the list shows all matches and is
        ordered by creation."""
        old = self._seqs
        seqs = {**old, **{id: row["seq"] for id, row in news.rows.items()}}
        for id in news.left:
            seqs.pop(id, None)
        if len(seqs) > len(old.keys() & seqs.keys()):
            seqs = dict(sorted(seqs.items(), reverse=self._wanted.view.descending))
        if seqs.keys() != old.keys():
            self._count = len(seqs), True
        self._seqs = seqs
        rows: list[ExecutionRow] = [
            news.rows.get(id) or _unchanged(id, seq) for id, seq in seqs.items()
        ]
        change = difference(
            old, rows, {id: _reason(not gone, False) for id, gone in news.left.items()}
        )
        return self._update(change, reset=False) if change else None

    async def _read(self) -> Sequence[ExecutionRow]:
        wanted = self._wanted
        async with self._cache.turns:
            self.refreshes += 1
            self._live_query.begin_refresh()
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
        self._live_query.end_refresh(
            found.rows, self._wanted.view.size - len(found.rows), datetime.now(UTC)
        )
        return found.rows

    @property
    def _is_full(self) -> bool:
        """Whether the window has its full size; otherwise it holds all matching rows."""
        return len(self._seqs) >= self._wanted.view.size

    async def _difference(self, old: Seqs, rows: Sequence[ExecutionRow]) -> Change:
        left = gone(old, rows)
        return difference(old, rows, await self._why(left) if left else {})

    async def _why(self, left: Sequence[UUID]) -> dict[UUID, LeaveReason]:
        wanted = self._wanted
        there = await history.existing(self._pool, left)
        matching = await listing.matching(self._pool, wanted.scope, wanted.where, left)
        return {id: _reason(id in there, id in matching) for id in left}

    def _update(self, change: Change, reset: bool) -> LiveListUpdate:
        cursor = self._cache.keep(self._wanted, self._seqs)
        return LiveListUpdate(change, reset, *self._count, cursor)


async def watch(
    services: Services, wanted: LiveListQuery, cursor: str | None
) -> AsyncGenerator[LiveListUpdate, None]:
    """Yields the list, or its changes since the cursor, then every change."""
    order = wanted.view.order
    with services.changes.live_query(wanted.where, wanted.scope, order) as live_query:
        window = Window(services.pool, services.resume_cache, wanted, live_query)
        yield await window.first(cursor)
        while True:
            await asyncio.sleep(window.rest)
            await live_query.wait_changed()
            if update := await window.next():
                yield update


def _unchanged(id: UUID, seq: int) -> ExecutionRow:
    """A row that is only compared: the client has its other columns."""
    return cast(ExecutionRow, {"id": id, "seq": seq})


def _reason(there: bool, matches: bool) -> LeaveReason:
    if not there:
        return LeaveReason.DELETED
    return LeaveReason.BEYOND_WINDOW if matches else LeaveReason.NO_LONGER_MATCHES
