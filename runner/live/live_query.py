"""One list, and what it hears of a change: nothing, a row that changed, or that it must look.

Of a list that shows all there is, a change says by itself who is in it. Of one that is full it does not: whoever leaves
makes room for one that was not shown, and whoever enters may stand beyond it.
"""

import asyncio
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Protocol, Self
from uuid import UUID

from models.access.viewer import Scope
from models.filters.filter_keys import required_keys
from models.filters.filters import Ago, And, Field, Filter, Operator, Or, Term, mentions, terms_of
from models.filters.matching import JSON_FIELDS, Candidate, listed
from models.orders import ByValue, ExecutionOrder, Order
from runner.live.change import ALWAYS, Row, RowChange
from runner.live.freshness import Freshness
from runner.store.json import load


class QueryIndex(Protocol):
    """Where live queries are entered, so that a change finds those that it may concern: see `query_index`."""

    looking: set["LiveQuery"]

    def add(self, interest: "LiveQuery") -> None: ...
    def remove(self, interest: "LiveQuery", shown: Collection[UUID]) -> None: ...
    def looked(self, interest: "LiveQuery", whole: bool) -> None: ...
    def shows(
        self, interest: "LiveQuery", old: Collection[UUID], new: Collection[UUID]
    ) -> None: ...


_MOVING: Final = 1.0
"""Seconds between two looks of a list that changes by time alone, or by what brings no hint."""
_AT_REST: Final = 30.0
"""The same of any other, should all hints have failed."""
_DEFERRED: Final = 10_000
"""Changes that a list puts off while it looks; beyond, it looks again."""

_ATTRIBUTES: Final = {
    Field.LABEL: {"labels"},
    Field.PROPERTY: {"properties"},
    Field.INPUT: {"inputs"},
    Field.METRIC: {"metrics"},
    Field.TEXT: {"error"},
    Field.TESTS: {"tests"},
    Field.ERROR: {"failed"},
    Field.DATE: {"started_at"},
    Field.DURATION: {"started_at", "ended_at", "idle", "idle_since"},
}
_ORDERED_BY: Final[Mapping[str, Sequence[str]]] = {
    "CREATED": (),
    "FLOW": (),
    "STATE": ("state",),
    "STARTED": ("started_at",),
    "ENDED": ("ended_at",),
    "DURATION": ("started_at", "ended_at", "idle", "idle_since"),
    "PROGRESS": ("progress", "ended_at"),
}
"""The fields that may change of that which the key of an order is made of."""
_OF_GIT: Final = (Field.BRANCH, Field.COMMIT)


@dataclass(frozen=True, slots=True)
class VisibleRow:
    """One row of a list: which version of it, and what the order went by."""

    seq: int
    place: tuple[Any, ...]


@dataclass(slots=True)
class Delta:
    """`rows` are shown anew or changed where they stand; of those that `left` it is said whether they were deleted."""

    rows: dict[UUID, Row] = field(default_factory=dict)
    left: dict[UUID, bool] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows or self.left)


class LiveQuery:
    """Of one list: entered before its first look, and asked between two."""

    def __init__(
        self, audience: QueryIndex, where: Filter, scope: Scope, order: Order | None
    ) -> None:
        self.fields = frozenset(term.field for term in terms_of(where))
        self.marks = required_keys(And((where, _within(scope))))
        self._audience = audience
        self._where = where
        self._scope = scope
        self._order = order or ExecutionOrder.STATE_ASC
        self._ordered_by = _ordered_by(self._order)
        self._attributes = ALWAYS.union(
            self._ordered_by, *(_ATTRIBUTES.get(each, {each.value}) for each in self.fields)
        )
        measured = isinstance(order, ByValue) and order.field is Field.METRIC
        self._unheard = measured or mentions(
            where, Field.METRIC
        )  # they are recorded without a hint
        self._settled = not (self._unheard or moves_by_itself(where))
        self._pause = _AT_REST if self._settled else _MOVING
        self._by_id = self._order.column == "CREATED"
        self._stirred = asyncio.Event()
        self._shown: dict[UUID, VisibleRow] = {}
        self._room = 0
        self._looked_at = 0.0
        self._freshness = Freshness.STALE
        self._deferred: list[RowChange] = []
        self._news = Delta()
        self._due = 0.0

    def __enter__(self) -> Self:
        self._audience.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._audience.remove(self, self._shown)

    def begin_refresh(self) -> None:
        """Read the rows again. Until `end_refresh`, changes are buffered."""
        self._freshness = Freshness.REFRESHING
        self._news = Delta()
        self._due = asyncio.get_running_loop().time() + random.uniform(0.8, 1) * self._pause
        self._audience.looking.add(self)

    def end_refresh(self, rows: Sequence[Row], room: int, now: datetime) -> None:
        """`rows` are shown, of one moment with the count. There is `room` for more; if none, there may be more."""
        old, self._shown = self._shown, {row["id"]: self._shows(row) for row in rows}
        self._room = room
        if self._freshness is Freshness.REFRESHING:
            self._freshness = Freshness.CURRENT
        self._looked_at = asyncio.get_running_loop().time()
        self._audience.shows(self, old.keys(), self._shown.keys())
        self._audience.looked(self, self._is_whole)
        deferred, self._deferred = self._deferred, []
        for change in deferred:
            if change.id in self._shown or self._may_match(change):
                self.apply(change, now)

    async def wait_changed(self) -> None:
        """Wait until the list may have changed since the last call."""
        try:
            async with asyncio.timeout_at(self._due):
                await self._stirred.wait()
        except TimeoutError:
            pass
        self._stirred.clear()
        if asyncio.get_running_loop().time() >= self._due:
            self._freshness = Freshness.STALE

    def drain(self) -> Delta | None:
        """Take the changes since the last call; None when the list must be refreshed."""
        if self._freshness is Freshness.STALE:
            return None
        news, self._news = self._news, Delta()
        return news

    def invalidate(self) -> None:
        """Require a refresh: anything may have changed."""
        self._freshness = Freshness.STALE
        self._stirred.set()

    def buffer(self, changes: Sequence[RowChange]) -> None:
        if self._freshness is Freshness.REFRESHING:
            self._deferred += changes
        if len(self._deferred) > _DEFERRED:
            self._deferred = []
            self.invalidate()

    def apply(self, change: RowChange, now: datetime) -> None:
        if self._freshness is not Freshness.CURRENT:
            return
        shown = self._shown.get(change.id)
        if shown is None:
            if self._moves(change, now):
                self._enter(change)
        elif self._stays(shown, change, now):
            self._update(shown, change)
        else:
            self._leave(shown, change, now)

    @property
    def _is_whole(self) -> bool:
        return self._room > 0

    def _update(self, shown: VisibleRow, change: RowChange) -> None:
        if change.row["seq"] > shown.seq:
            self._shown[change.id] = self._shows(change.row)
            self._news.rows[change.id] = change.row
            self._stirred.set()

    def _enter(self, change: RowChange) -> None:
        """Without a look where its place is plain, and it is not older than what the last look saw."""
        if not (
            self._settled and self._by_id and self._room > 1 and change.asked > self._looked_at
        ):
            self.invalidate()
            return
        self._room -= 1
        self._shown[change.id] = self._shows(change.row)
        self._audience.shows(self, (), (change.id,))
        self._news.left.pop(change.id, None)
        self._news.rows[change.id] = change.row
        self._stirred.set()

    def _leave(self, shown: VisibleRow, change: RowChange, now: datetime) -> None:
        if not (self._settled and self._is_whole and self._is_out(shown, change, now)):
            self.invalidate()
            return
        self._room += 1
        del self._shown[change.id]
        self._audience.shows(self, (change.id,), ())
        self._news.rows.pop(change.id, None)
        self._news.left[change.id] = change.after is None
        self._stirred.set()

    def _is_out(self, shown: VisibleRow, change: RowChange, now: datetime) -> bool:
        """Not only elsewhere in the list, nor only older than what is shown."""
        if change.after is None:
            return True
        return change.row["seq"] > shown.seq and not self._lists(change.after, now)

    def _may_match(self, change: RowChange) -> bool:
        if self.marks is None or not self.marks.isdisjoint(change.marks):
            return True
        return not (change.known or self._is_whole)

    def _stays(self, shown: VisibleRow, change: RowChange, now: datetime) -> bool:
        """Whether a row that is shown still belongs where it stands."""
        if change.after is None or self._unheard:
            return False
        return self._shows(change.row).place == shown.place and self._lists(change.after, now)

    def _moves(self, change: RowChange, now: datetime) -> bool:
        """Whether a row that is not shown may enter, or count otherwise than it did."""
        if self._unheard:
            return True
        if self._attributes.isdisjoint(change.attributes) and self._judged_before(change):
            return False
        if self._is_whole:  # whatever it was before, it was not in the list
            return change.after is not None and self._lists(change.after, now)
        if not change.known:
            return True
        was, is_ = (bool(one and self._lists(one, now)) for one in (change.before, change.after))
        if self._judged_before(change):
            return was != is_ or (is_ and not change.attributes.isdisjoint(self._ordered_by))
        return was or is_

    def _judged_before(self, change: RowChange) -> bool:
        """Else it may have been something else in between, and been looked at then."""
        return change.since > self._looked_at

    def _lists(self, one: Candidate, now: datetime) -> bool:
        return self._scope.covers(one.namespace) and listed(self._where, one, now)

    def _shows(self, row: Row) -> VisibleRow:
        if not isinstance(self._order, ByValue):
            return VisibleRow(row["seq"], tuple(row[name] for name in self._ordered_by))
        return VisibleRow(row["seq"], (repr(_value(row, self._order)),))


def _ordered_by(order: Order) -> Sequence[str]:
    if not isinstance(order, ByValue):
        return _ORDERED_BY[order.column]
    if order.field in _OF_GIT:
        return (order.field.value,)
    return (JSON_FIELDS[order.field],) if order.field in JSON_FIELDS else ()


def _value(row: Row, order: ByValue) -> Any:
    """The value that a row goes by, as far as it may change; a metric is not in the row."""
    if order.field in _OF_GIT:
        return (load(row["git"]) or {}).get(order.field.value)
    name = JSON_FIELDS.get(order.field)
    return load(row[name]).get(order.key) if name else None


def moves_by_itself(where: Filter) -> bool:
    """Whether what matches changes as time goes by."""
    return any(
        isinstance(term.value, Ago) or term.field is Field.DURATION for term in terms_of(where)
    )


def _within(scope: Scope) -> Filter:
    if scope.namespaces is None:
        return And(())
    return Or([Term(Field.NAMESPACE, Operator.UNDER, each) for each in scope.namespaces])
