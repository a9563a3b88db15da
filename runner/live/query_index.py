"""The lists of a process, found by the rows that they show and by the marks that their filters ask for.

So a change is judged by those that it may concern, and not by each of a thousand filters.
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
    """All lists of a process. `changed` is called when there are others than before."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.interests: set[LiveQuery] = set()
        self.looking: set[LiveQuery] = set()
        self.fields: Counter[Field] = Counter()
        self._changed = changed
        self._partial: set[LiveQuery] = set()  # those that show not all there is
        self._unmarked: set[LiveQuery] = set()
        self._marked: defaultdict[FilterKey, set[LiveQuery]] = defaultdict(set)
        self._showing: defaultdict[UUID, set[LiveQuery]] = defaultdict(set)

    def add(self, interest: LiveQuery) -> None:
        self.interests.add(interest)
        self.fields.update(interest.fields)
        if interest.marks is None:
            self._unmarked.add(interest)
        else:
            _enter(self._marked, interest.marks, interest)
        self._changed()

    def remove(self, interest: LiveQuery, shown: Collection[UUID]) -> None:
        self.interests.discard(interest)
        self.fields -= Counter(interest.fields)
        for some in (self.looking, self._partial, self._unmarked):
            some.discard(interest)
        _leave(self._marked, interest.marks or (), interest)
        _leave(self._showing, shown, interest)
        self._changed()

    def looked(self, interest: LiveQuery, whole: bool) -> None:
        self.looking.discard(interest)
        (self._partial.discard if whole else self._partial.add)(interest)

    def shows(self, interest: LiveQuery, old: Collection[UUID], new: Collection[UUID]) -> None:
        _leave(self._showing, set(old).difference(new), interest)
        _enter(self._showing, set(new).difference(old), interest)

    def tell(self, changes: Sequence[RowChange], now: datetime) -> None:
        for interest in self.looking:
            interest.buffer(changes)
        if not all(change.known for change in changes):
            for interest in self._partial - self.looking:
                interest.invalidate()
        for change in changes:
            for interest in self._found(change):
                interest.apply(change, now)

    def stir(self) -> None:
        for interest in self.interests:
            interest.invalidate()

    def _found(self, change: RowChange) -> set[LiveQuery]:
        by_mark = (self._marked[mark] for mark in change.marks & self._marked.keys())
        return self._unmarked.union(self._showing.get(change.id, ()), *by_mark)


def _enter(index: dict[Key, set[LiveQuery]], keys: Collection[Key], interest: LiveQuery) -> None:
    for key in keys:
        index[key].add(interest)


def _leave(index: dict[Key, set[LiveQuery]], keys: Collection[Key], interest: LiveQuery) -> None:
    for key in keys:
        index[key].discard(interest)
        if not index[key]:
            del index[key]
