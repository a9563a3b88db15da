"""One live query: decides for each change whether it is irrelevant, can be applied to the shown rows, or requires a
refresh.

If the list shows all matches, the change alone decides. If the list is full, it does not: a row that leaves makes room
for one that was not shown, and a row that enters may belong beyond the end.
"""

import asyncio
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
from runner.live.change import ALWAYS, RowChange
from runner.live.freshness import Freshness
from runner.live.live_list import LiveList
from runner.store.json import load
from runner.store.rows import ExecutionRow


class QueryIndex(Protocol):
    """The index by which a change finds the live queries that it may affect; see `query_index`."""

    refreshing: set["LiveQuery"]

    def add(self, query: "LiveQuery") -> None: ...
    def remove(self, query: "LiveQuery", shown: Collection[UUID]) -> None: ...
    def refreshed(self, query: "LiveQuery", whole: bool) -> None: ...
    def update_shown(
        self, query: "LiveQuery", old: Collection[UUID], new: Collection[UUID]
    ) -> None: ...


_FAST_REFRESH: Final = 1.0
"""Seconds between two refreshes of a list that changes with time alone, or by metrics, which send no notification."""
_SLOW_REFRESH: Final = 30.0
"""Seconds between two refreshes of any other list, in case all notifications are lost."""
_MAX_BUFFERED: Final = 10_000
"""Changes that are buffered during a refresh; if there are more, the list is refreshed again."""

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
"""The fields that determine a row's position in an order, if they may change."""
_OF_GIT: Final = (Field.BRANCH, Field.COMMIT)


@dataclass(frozen=True, slots=True)
class VisibleRow:
    """The version of a shown row, and the values by which it was ordered."""

    seq: int
    place: tuple[Any, ...]


@dataclass(slots=True)
class Delta:
    """`rows` are new, or changed without moving; `left` has the rows that left the list, and whether they were
    deleted."""

    rows: dict[UUID, ExecutionRow] = field(default_factory=dict)
    left: dict[UUID, bool] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows or self.left)


class LiveQuery(LiveList):
    """The live query of one list: enter it before the first refresh, and call `drain` between refreshes."""

    def __init__(self, index: QueryIndex, where: Filter, scope: Scope, order: Order | None) -> None:
        self.fields = frozenset(term.field for term in terms_of(where))
        self.keys = required_keys(And((where, _within(scope))))
        self._index = index
        self._where = where
        self._scope = scope
        self._order = order or ExecutionOrder.STATE_ASC
        self._ordered_by = _ordered_by(self._order)
        self._attributes = ALWAYS.union(
            self._ordered_by, *(_ATTRIBUTES.get(each, {each.value}) for each in self.fields)
        )
        measured = isinstance(order, ByValue) and order.field is Field.METRIC
        self._by_metric = measured or mentions(where, Field.METRIC)  # metrics send no notification
        self._row_decides = not (self._by_metric or moves_by_itself(where))
        super().__init__(_SLOW_REFRESH if self._row_decides else _FAST_REFRESH)
        self._by_id = self._order.column == "CREATED"
        self._shown: dict[UUID, VisibleRow] = {}
        self._room = 0
        self._refreshed_at = 0.0
        self._buffered: list[RowChange] = []
        self._delta = Delta()

    def __enter__(self) -> Self:
        self._index.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._index.remove(self, self._shown)

    def begin_refresh(self) -> None:
        """Call this before reading the rows. Until `end_refresh`, changes are buffered."""
        self._start_refresh()
        self._delta = Delta()
        self._index.refreshing.add(self)

    def end_refresh(self, rows: Sequence[ExecutionRow], room: int, now: datetime) -> None:
        """Shows `rows`, read in one snapshot with the count. The list has `room` for so many more rows; if 0, more rows
        may match than are shown."""
        old, self._shown = self._shown, {row["id"]: self._shows(row) for row in rows}
        self._room = room
        self._finish_refresh()
        self._refreshed_at = asyncio.get_running_loop().time()
        self._index.update_shown(self, old.keys(), self._shown.keys())
        self._index.refreshed(self, self._is_whole)
        buffered, self._buffered = self._buffered, []
        for change in buffered:
            if change.id in self._shown or self._may_match(change):
                self.apply(change, now)

    def drain(self) -> Delta | None:
        """Returns the changes since the last call; None when the list must be refreshed."""
        if self._freshness is Freshness.STALE:
            return None
        delta, self._delta = self._delta, Delta()
        return delta

    def buffer(self, changes: Sequence[RowChange]) -> None:
        if self._freshness is Freshness.REFRESHING:
            self._buffered += changes
        if len(self._buffered) > _MAX_BUFFERED:
            self._buffered = []
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
        row = change.row_after
        if row["seq"] > shown.seq:
            self._shown[change.id] = self._shows(row)
            self._delta.rows[change.id] = row
            self.wake()

    def _enter(self, change: RowChange) -> None:
        """Adds a row without a refresh if its position is certain, and it was read after the last refresh."""
        if not (
            self._row_decides
            and self._by_id
            and self._room > 1
            and change.read_at > self._refreshed_at
        ):
            self.invalidate()
            return
        self._room -= 1
        row = change.row_after
        self._shown[change.id] = self._shows(row)
        self._index.update_shown(self, (), (change.id,))
        self._delta.left.pop(change.id, None)
        self._delta.rows[change.id] = row
        self.wake()

    def _leave(self, shown: VisibleRow, change: RowChange, now: datetime) -> None:
        if not (self._row_decides and self._is_whole and self._is_out(shown, change, now)):
            self.invalidate()
            return
        self._room += 1
        del self._shown[change.id]
        self._index.update_shown(self, (change.id,), ())
        self._delta.rows.pop(change.id, None)
        self._delta.left[change.id] = change.after is None
        self.wake()

    def _is_out(self, shown: VisibleRow, change: RowChange, now: datetime) -> bool:
        """Returns whether the row left the list, rather than moved within it, and the change is newer than the shown
        row."""
        if change.after is None:
            return True
        return change.row_after["seq"] > shown.seq and not self._lists(change.after, now)

    def _may_match(self, change: RowChange) -> bool:
        if self.keys is None or not self.keys.isdisjoint(change.keys):
            return True
        return not (change.known or self._is_whole)

    def _stays(self, shown: VisibleRow, change: RowChange, now: datetime) -> bool:
        """Returns whether a shown row keeps its position."""
        if change.after is None or self._by_metric:
            return False
        return self._shows(change.row_after).place == shown.place and self._lists(change.after, now)

    def _moves(self, change: RowChange, now: datetime) -> bool:
        """Returns whether a row that is not shown may enter the list, or change its count or order."""
        if self._by_metric:
            return True
        if self._attributes.isdisjoint(change.attributes) and self._saw_before(change):
            return False
        if self._is_whole:  # it is not shown, so it did not match before
            return change.after is not None and self._lists(change.after, now)
        if not change.known:
            return True
        was, is_ = (bool(one and self._lists(one, now)) for one in (change.before, change.after))
        if self._saw_before(change):
            return was != is_ or (is_ and not change.attributes.isdisjoint(self._ordered_by))
        return was or is_

    def _saw_before(self, change: RowChange) -> bool:
        """Returns whether `before` was read after the last refresh; if not, the refresh may have read another
        version."""
        return change.since > self._refreshed_at

    def _lists(self, one: Candidate, now: datetime) -> bool:
        return self._scope.covers(one.namespace) and listed(self._where, one, now)

    def _shows(self, row: ExecutionRow) -> VisibleRow:
        if not isinstance(self._order, ByValue):
            columns: Mapping[str, Any] = row  # which ones depends on the order
            return VisibleRow(row["seq"], tuple(columns[name] for name in self._ordered_by))
        return VisibleRow(row["seq"], (repr(_value(row, self._order)),))


def _ordered_by(order: Order) -> Sequence[str]:
    if not isinstance(order, ByValue):
        return _ORDERED_BY[order.column]
    if order.field in _OF_GIT:
        return (order.field.value,)
    return (JSON_FIELDS[order.field],) if order.field in JSON_FIELDS else ()


def _value(row: ExecutionRow, order: ByValue) -> Any:
    """The value by which a row is ordered, if it may change; None for a metric, which is not in the row."""
    if order.field in _OF_GIT:
        return (load(row["git"]) or {}).get(order.field.value)
    name = JSON_FIELDS.get(order.field)
    columns: Mapping[str, Any] = row  # which one depends on the order
    return load(columns[name]).get(order.key) if name else None


def moves_by_itself(where: Filter) -> bool:
    """Returns whether the matches change with time alone."""
    return any(
        isinstance(term.value, Ago) or term.field is Field.DURATION for term in terms_of(where)
    )


def _within(scope: Scope) -> Filter:
    if scope.namespaces is None:
        return And(())
    return Or([Term(Field.NAMESPACE, Operator.UNDER, each) for each in scope.namespaces])
