"""Tells changes among executions to those lists and inboxes of this process that they may concern.

One reader for all of them: a change is read once, and judged in Python by the filters that may match it. A list that
can tell it from the row is given that; one that cannot reads its page anew; the others cost nothing.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
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

logger = logging.getLogger("headway.changes")

_ROUND: Final = 0.05
"""Seconds in which changes are gathered before they are read."""
_REMEMBERED: Final = 10_000
"""Executions of which it is known what they were before."""
_SKEW: Final = timedelta(minutes=1)
"""How far the clocks of two processes may lie apart."""


class _Past(NamedTuple):
    """An execution as it was read when it was last asked for."""

    seq: int
    candidate: Candidate | None
    asked: float


_NEVER: Final = _Past(0, None, 0.0)


class Changes(Loop):
    """Reads while somebody is interested."""

    def __init__(self, pool: Pool, feed: Feed) -> None:
        super().__init__()
        self._pool = pool
        self._feed = feed
        self._audience = LiveQueryIndex(self._ask)
        self.inboxes = Inboxes(pool, self._ask)
        self._wanted = asyncio.Event()
        self._before: OrderedDict[UUID, _Past] = OrderedDict()
        self._newest_forgotten = UUID(int=0)
        self._since = datetime.now(UTC)
        self._active: dict[UUID, int] = {}
        self._checked = float("-inf")
        self._asked: Filter = And(())

    def interest(self, where: Filter, scope: Scope, order: Order | None = None) -> LiveQuery:
        """Without an order the list counts by state."""
        return LiveQuery(self._audience, where, scope, order)

    def _ask(self) -> None:
        """Gathers what the filters ask beyond the row itself, each once."""
        asked = self._audience.fields.keys() - {Field.METRIC}
        self._asked = And([Term(field, Operator.EXISTS, True) for field in asked])
        self._wanted.set() if self._audience.interests or self.inboxes else self._wanted.clear()

    async def _run_loop(self) -> None:
        with self._feed.watch("e:*") as watch:
            while True:
                await self._wanted.wait()
                changed = await watch.changed()
                with log_errors(logger, "changes cannot be read") as trouble:
                    await self._look(changed)
                if trouble:
                    self._start_anew()
                await asyncio.sleep(_ROUND)

    def _start_anew(self) -> None:
        """A change that was missed is not known: every list looks."""
        self._before.clear()
        self._active.clear()
        self._since = datetime.now(UTC)
        self._audience.stir()
        self.inboxes.stir()

    async def _look(self, topics: frozenset[str] | None) -> None:
        if topics is None:
            self._start_anew()
            return
        ids = {UUID(topic.removeprefix("e:")) for topic in topics}
        now = asyncio.get_running_loop().time()
        if now - self._checked > SAFETY_POLL:
            self._checked = now
            ids |= await self._unheard_of()
        if ids and self._audience.interests:
            self._audience.tell(await self._changes(list(ids)), datetime.now(UTC))
        elif ids:  # no list is open: what is remembered is old, and what was made until now is not new to the next one
            self._before.clear()
            self._since = datetime.now(UTC)
        if ids and self.inboxes:
            await self.inboxes.look(list(ids))

    async def _unheard_of(self) -> set[UUID]:
        """The executions that moved since the last time though no hint told: a process may die between its
        commit and its hint."""
        now = await filter_rows.active(self._pool, _REMEMBERED)
        old, self._active = self._active, now
        moved = {id for id in old.keys() | now.keys() if old.get(id) != now.get(id)}
        return {id for id in moved if id not in self._before or self._before[id].seq != now.get(id)}

    async def _changes(self, ids: Sequence[UUID]) -> list[RowChange]:
        asked = asyncio.get_running_loop().time()
        rows = await filter_rows.rows_of(self._pool, ids)
        if mentions(self._asked, Field.CHILDREN):
            parents = {row["parent_id"] for row in rows} - {None, *ids}
            rows = [*rows, *await filter_rows.rows_of(self._pool, list(parents))]
        found = await filter_rows.candidates(self._pool, self._asked, rows)
        by_id = {row["id"]: row for row in rows}
        changes = [self._change(one.id, by_id[one.id], one, asked) for one in found]
        gone = [self._change(id, None, None, asked) for id in ids if id not in by_id]
        self._forget()
        return changes + gone

    def _change(self, id: UUID, row: Any, after: Candidate | None, asked: float) -> RowChange:
        known = id in self._before or (after is not None and self._is_new(after))
        past = self._before.pop(id, _NEVER)
        if after is not None:
            self._before[id] = _Past(row["seq"], after, asked)
        return RowChange(id, past.candidate, after, known, row, asked, past.asked)

    def _is_new(self, one: Candidate) -> bool:
        """It cannot have been before one looked: made since then, and not among those forgotten."""
        return one.id > self._newest_forgotten and one.created_at > self._since + _SKEW

    def _forget(self) -> None:
        while len(self._before) > _REMEMBERED:
            id, _ = self._before.popitem(last=False)
            self._newest_forgotten = max(self._newest_forgotten, id)
