"""Reads changes of executions and passes them to the lists and inboxes of this process that they may affect.

One reader for all of them: a change is read once, and evaluated in Python by the filters that may match it. A list gets
the row if it can apply the change, or else reads its page again; other lists cost nothing.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from models.access.viewer import Scope
from models.filters.filters import And, Field, Filter, Operator, Term, mentions
from models.filters.matching import Candidate
from models.orders import Order
from runner.live.change import RowChange
from runner.live.inboxes import Inboxes
from runner.live.live_query import LiveQuery
from runner.live.query_index import LiveQueryIndex
from runner.notify.feed import SAFETY_POLL, Feed
from runner.service.loop import Loop, log_errors
from runner.store.lists import filter_rows
from runner.store.postgres.connection import Pool
from runner.store.rows import ExecutionRow

logger = logging.getLogger("headway.changes")

_ROUND: Final = 0.05
"""Seconds during which changes are collected before they are read."""
_MAX_REMEMBERED: Final = 10_000
"""Executions whose previous version is remembered."""
_SKEW: Final = timedelta(minutes=1)
"""The most by which the clocks of two processes may differ."""


class _Past(NamedTuple):
    """An execution as it was read last."""

    seq: int
    candidate: Candidate | None
    read_at: float


_NEVER: Final = _Past(0, None, 0.0)


class Changes(Loop):
    """Reads changes while lists or inboxes are open."""

    def __init__(self, pool: Pool, feed: Feed) -> None:
        super().__init__()
        self._pool = pool
        self._feed = feed
        self._index = LiveQueryIndex(self._update_fields)
        self.inboxes = Inboxes(pool, self._update_fields)
        self._wanted = asyncio.Event()
        self._before: OrderedDict[UUID, _Past] = OrderedDict()
        self._newest_forgotten = UUID(int=0)
        self._since = datetime.now(UTC)
        self._active: dict[UUID, int] = {}
        self._checked = float("-inf")
        self._fields: Filter = And(())

    def live_query(self, where: Filter, scope: Scope, order: Order | None = None) -> LiveQuery:
        """A live query of a list; without an order, of counts by state."""
        return LiveQuery(self._index, where, scope, order)

    def _update_fields(self) -> None:
        """Collects the fields that the open lists filter by, except metrics."""
        fields = self._index.fields.keys() - {Field.METRIC}
        self._fields = And([Term(field, Operator.EXISTS, True) for field in fields])
        self._wanted.set() if self._index.queries or self.inboxes else self._wanted.clear()

    async def _run_loop(self) -> None:
        with self._feed.watch("e:*") as watch:
            while True:
                await self._wanted.wait()
                changed = await watch.changed()
                with log_errors(logger, "changes cannot be read") as trouble:
                    await self._read(changed)
                if trouble:
                    self._reset()
                await asyncio.sleep(_ROUND)

    def _reset(self) -> None:
        """Invalidates every list and inbox, because a change may have been missed."""
        self._before.clear()
        self._active.clear()
        self._since = datetime.now(UTC)
        self._index.invalidate()
        self.inboxes.invalidate()

    async def _read(self, topics: frozenset[str] | None) -> None:
        if topics is None:
            self._reset()
            return
        ids = {UUID(topic.removeprefix("e:")) for topic in topics}
        now = asyncio.get_running_loop().time()
        if now - self._checked > SAFETY_POLL:
            self._checked = now
            ids |= await self._missed()
        if ids and self._index.queries:
            self._index.publish(await self._changes(list(ids)), datetime.now(UTC))
        elif ids:  # no list is open: what is remembered becomes outdated, and new executions count from now on
            self._before.clear()
            self._since = datetime.now(UTC)
        if ids and self.inboxes:
            await self.inboxes.read_changes(list(ids))

    async def _missed(self) -> set[UUID]:
        """The executions that changed since the last call without a notification: a process may die between its commit
        and its notification."""
        now = await filter_rows.active(self._pool, _MAX_REMEMBERED)
        old, self._active = self._active, now
        moved = {id for id in old.keys() | now.keys() if old.get(id) != now.get(id)}
        return {id for id in moved if id not in self._before or self._before[id].seq != now.get(id)}

    async def _changes(self, ids: Sequence[UUID]) -> list[RowChange]:
        read_at = asyncio.get_running_loop().time()
        rows: list[ExecutionRow] = await filter_rows.rows_of(self._pool, ids)
        if mentions(self._fields, Field.CHILDREN):
            parents = {row["parent_id"] for row in rows} - {None, *ids}
            rows = [*rows, *await filter_rows.rows_of(self._pool, [id for id in parents if id])]
        found = await filter_rows.candidates(self._pool, self._fields, rows)
        by_id = {row["id"]: row for row in rows}
        changes = [self._change(one.id, by_id[one.id], one, read_at) for one in found]
        gone = [self._change(id, None, None, read_at) for id in ids if id not in by_id]
        self._forget()
        return changes + gone

    def _change(
        self, id: UUID, row: ExecutionRow | None, after: Candidate | None, read_at: float
    ) -> RowChange:
        known = id in self._before or (after is not None and self._is_new(after))
        past = self._before.pop(id, _NEVER)
        if row is not None and after is not None:
            self._before[id] = _Past(row["seq"], after, read_at)
        return RowChange(id, past.candidate, after, known, row, read_at, past.read_at)

    def _is_new(self, one: Candidate) -> bool:
        """Returns whether the execution was created after the reader started, and is not one that was forgotten."""
        return one.id > self._newest_forgotten and one.created_at > self._since + _SKEW

    def _forget(self) -> None:
        while len(self._before) > _MAX_REMEMBERED:
            id, _ = self._before.popitem(last=False)
            self._newest_forgotten = max(self._newest_forgotten, id)
