"""What changed among executions, told to those lists of this process that it may concern.

One reader for all of them: a change is read once and judged in Python by the filter of each list. A list that is told
reads its page anew; the others, most of them most of the time, cost nothing.
"""

import asyncio
import logging
import random
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from models.filters import Ago, And, Field, Filter, Operator, Term, mentions, terms_of
from models.matching import Candidate, listed
from models.viewer import Scope
from runner.feed import SAFETY_POLL, Feed
from runner.loops import Loop, surviving
from runner.store import candidates
from runner.store.connection import Pool

logger = logging.getLogger("headway.changes")

_ROUND: Final = 0.05
"""Seconds in which changes are gathered before they are read."""
_REMEMBERED: Final = 10_000
"""Executions of which it is known what they were before."""
_SKEW: Final = timedelta(minutes=1)
"""How far the clocks of two processes may lie apart."""
_MOVING: Final = 1.0
"""Seconds between two looks of a list that changes by time alone, or by what brings no hint."""
_AT_REST: Final = 30.0
"""The same of any other, should all hints have failed."""

_ALWAYS: Final = frozenset({"archived", "labels"})
"""Whether an execution is listed at all hangs on these."""
_ATTRIBUTES: Final = {
    Field.LABEL: {"labels"},
    Field.PROPERTY: {"properties"},
    Field.INPUT: {"inputs"},
    Field.METRIC: {"metrics"},
    Field.TEXT: {"error"},
    Field.TESTS: {"labels"},
    Field.ERROR: {"failed"},
    Field.DURATION: {"started_at", "ended_at"},
}
_ORDERED_BY: Final = {
    "CREATED": frozenset[str](),
    "FLOW": frozenset[str](),
    "STATE": frozenset({"state"}),
    "STARTED": frozenset({"started_at"}),
    "ENDED": frozenset({"ended_at"}),
    "DURATION": frozenset({"started_at", "ended_at"}),
    "PROGRESS": frozenset({"progress", "ended_at"}),
}
_NAMES: Final = tuple(each.name for each in fields(Candidate))
_ALL: Final = frozenset(_NAMES)


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is None too when it is not known; `known` tells the two apart. `after` is None of what was deleted."""

    id: UUID
    before: Candidate | None
    after: Candidate | None
    known: bool = True
    attributes: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", _differing(self.before, self.after))


class Interest:
    """Of one list: entered before its first look, and asked between two. `shown` is what the list shows.

    None while it looks: then anything concerns it, for what it will show is not known.
    """

    def __init__(self, changes: "Changes", where: Filter, scope: Scope, column: str | None) -> None:
        self.where = where
        self.shown: Collection[UUID] | None = None
        self._changes = changes
        self._scope = scope
        self._attributes = _ALWAYS | _ORDERED_BY[column or "STATE"]
        for term in terms_of(where):
            self._attributes |= _ATTRIBUTES.get(term.field, {term.field.value})
        self._unheard = mentions(where, Field.METRIC)  # they are recorded without a hint
        self._pause = _MOVING if self._unheard or moves_by_itself(where) else _AT_REST
        self._stirred = asyncio.Event()

    def __enter__(self) -> Self:
        self._changes.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._changes.remove(self)

    async def stirred(self) -> None:
        """Returns when the list may have changed since this was last asked."""
        try:
            async with asyncio.timeout(random.uniform(0.8, 1) * self._pause):
                await self._stirred.wait()
        except TimeoutError:
            pass
        self._stirred.clear()

    def stir(self) -> None:
        self._stirred.set()

    def is_concerned(self, changes: Iterable[Change], now: datetime) -> bool:
        return any(self._is_concerned(change, now) for change in changes)

    def _is_concerned(self, change: Change, now: datetime) -> bool:
        if self.shown is None or change.id in self.shown or not change.known or self._unheard:
            return True
        if self._attributes.isdisjoint(change.attributes):
            return False
        return any(
            self._scope.covers(one.namespace) and listed(self.where, one, now)
            for one in (change.before, change.after)
            if one is not None
        )


def moves_by_itself(where: Filter) -> bool:
    """Whether what matches changes as time goes by."""
    return any(
        isinstance(term.value, Ago) or term.field is Field.DURATION for term in terms_of(where)
    )


class Changes(Loop):
    """Reads while somebody is interested."""

    def __init__(self, pool: Pool, feed: Feed) -> None:
        super().__init__()
        self._pool = pool
        self._feed = feed
        self._interests: set[Interest] = set()
        self._wanted = asyncio.Event()
        self._before: OrderedDict[UUID, tuple[int, Candidate]] = OrderedDict()
        self._newest_forgotten = UUID(int=0)
        self._since = datetime.now(UTC)
        self._active: dict[UUID, int] = {}
        self._checked = float("-inf")
        self._asked: Filter = And(())

    def interest(self, where: Filter, scope: Scope, column: str | None = None) -> Interest:
        """`column` is what the list is ordered by; without one it counts by state."""
        return Interest(self, where, scope, column)

    def add(self, interest: Interest) -> None:
        self._interests.add(interest)
        self._ask()

    def remove(self, interest: Interest) -> None:
        self._interests.discard(interest)
        self._ask()

    def _ask(self) -> None:
        """What the filters ask beyond the row itself, each once."""
        asked = {term.field for each in self._interests for term in terms_of(each.where)}
        asked -= {Field.METRIC}
        self._asked = And([Term(field, Operator.EXISTS, True) for field in asked])
        self._wanted.set() if self._interests else self._wanted.clear()

    async def _go_round(self) -> None:
        with self._feed.watch("e:*") as watch:
            while True:
                await self._wanted.wait()
                changed = await watch.changed()
                with surviving(logger, "changes cannot be read") as trouble:
                    await self._look(changed)
                if trouble:
                    self._start_anew()
                await asyncio.sleep(_ROUND)

    def _start_anew(self) -> None:
        """What was missed is not known: every list looks."""
        self._before.clear()
        self._active.clear()
        self._since = datetime.now(UTC)
        for interest in self._interests:
            interest.stir()

    async def _look(self, topics: frozenset[str] | None) -> None:
        if topics is None:
            self._start_anew()
            return
        ids = {UUID(topic.removeprefix("e:")) for topic in topics}
        now = asyncio.get_running_loop().time()
        if now - self._checked > SAFETY_POLL:
            self._checked = now
            ids |= await self._unheard_of()
        if ids:
            self._tell(await self._changes(list(ids)))

    async def _unheard_of(self) -> set[UUID]:
        """What moved since the last time though no hint told: a process may die between its commit and its hint."""
        now = await candidates.active(self._pool, _REMEMBERED)
        old, self._active = self._active, now
        moved = {id for id in old.keys() | now.keys() if old.get(id) != now.get(id)}
        return {id for id in moved if id not in self._before or self._before[id][0] != now.get(id)}

    async def _changes(self, ids: Sequence[UUID]) -> list[Change]:
        rows = await candidates.rows_of(self._pool, ids)
        if mentions(self._asked, Field.CHILDREN):
            parents = {row["parent_id"] for row in rows} - {None, *ids}
            rows = [*rows, *await candidates.rows_of(self._pool, list(parents))]
        found = await candidates.candidates(self._pool, self._asked, rows)
        seqs = {row["id"]: row["seq"] for row in rows}
        changes = [self._change(one.id, seqs[one.id], one) for one in found]
        gone = [self._change(id, 0, None) for id in ids if id not in seqs]
        self._forget()
        return changes + gone

    def _change(self, id: UUID, seq: int, after: Candidate | None) -> Change:
        known = id in self._before or (after is not None and self._is_new(after))
        _, before = self._before.pop(id, (0, None))
        if after is not None:
            self._before[id] = (seq, after)
        return Change(id, before, after, known)

    def _is_new(self, one: Candidate) -> bool:
        """It cannot have been before one looked: made since then, and not among those forgotten."""
        return one.id > self._newest_forgotten and one.created_at > self._since + _SKEW

    def _forget(self) -> None:
        while len(self._before) > _REMEMBERED:
            id, _ = self._before.popitem(last=False)
            self._newest_forgotten = max(self._newest_forgotten, id)

    def _tell(self, changes: Sequence[Change]) -> None:
        now = datetime.now(UTC)
        for interest in self._interests:
            if interest.is_concerned(changes, now):
                interest.stir()


def _differing(before: Candidate | None, after: Candidate | None) -> frozenset[str]:
    if before is None or after is None:
        return _ALL
    return frozenset(name for name in _NAMES if getattr(before, name) != getattr(after, name))
