"""An index of the live queries of a process, by the rows that they show and by the keys that their filters require.

So a change is evaluated only by the queries that it may affect, not by each of a thousand filters.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from models.filters.filter_keys import FilterKey
from models.filters.filters import Field
from runner.live.change import RowChange
from runner.live.live_query import LiveQuery

Key = TypeVar("Key", bound=Hashable)


class LiveQueryIndex:
    """All live queries of a process. `changed` is called when one is added or removed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.queries: set[LiveQuery] = set()
        self.refreshing: set[LiveQuery] = set()
        self.fields: Counter[Field] = Counter()
        self._changed = changed
        self._partial: set[LiveQuery] = set()  # those that do not show all matches
        self._without_keys: set[LiveQuery] = set()
        self._by_key: defaultdict[FilterKey, set[LiveQuery]] = defaultdict(set)
        self._showing: defaultdict[UUID, set[LiveQuery]] = defaultdict(set)

    def add(self, query: LiveQuery) -> None:
        self.queries.add(query)
        self.fields.update(query.fields)
        if query.keys is None:
            self._without_keys.add(query)
        else:
            _enter(self._by_key, query.keys, query)
        self._changed()

    def remove(self, query: LiveQuery, shown: Collection[UUID]) -> None:
        self.queries.discard(query)
        self.fields -= Counter(query.fields)
        for some in (self.refreshing, self._partial, self._without_keys):
            some.discard(query)
        _leave(self._by_key, query.keys or (), query)
        _leave(self._showing, shown, query)
        self._changed()

    def refreshed(self, query: LiveQuery, whole: bool) -> None:
        self.refreshing.discard(query)
        (self._partial.discard if whole else self._partial.add)(query)

    def update_shown(self, query: LiveQuery, old: Collection[UUID], new: Collection[UUID]) -> None:
        _leave(self._showing, set(old).difference(new), query)
        _enter(self._showing, set(new).difference(old), query)

    def publish(self, changes: Sequence[RowChange], now: datetime) -> None:
        for query in self.refreshing:
            query.buffer(changes)
        if not all(change.known for change in changes):
            for query in self._partial - self.refreshing:
                query.invalidate()
        for change in changes:
            for query in self._found(change):
                query.apply(change, now)

    def invalidate(self) -> None:
        for query in self.queries:
            query.invalidate()

    def _found(self, change: RowChange) -> set[LiveQuery]:
        by_key = (self._by_key[key] for key in change.keys & self._by_key.keys())
        return self._without_keys.union(self._showing.get(change.id, ()), *by_key)


def _enter(index: dict[Key, set[LiveQuery]], keys: Collection[Key], query: LiveQuery) -> None:
    for key in keys:
        index[key].add(query)


def _leave(index: dict[Key, set[LiveQuery]], keys: Collection[Key], query: LiveQuery) -> None:
    for key in keys:
        index[key].discard(query)
        if not index[key]:
            del index[key]
