"""What the lists of this process show, and which of them a change may concern.

A list is found by the rows that it shows and by the marks that its filter asks for; those found are judged one by one.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from uuid import UUID

from models.filters import Ago, And, Field, Filter, Operator, Or, Term, mentions, terms_of
from models.marks import Mark, asked_marks, borne_marks
from models.matching import Candidate, listed
from models.viewer import Scope

Row = Any
_MOVING: Final = 1.0
"""Seconds between two looks of a list that changes by time alone, or by what brings no hint."""
_AT_REST: Final = 30.0
"""The same of any other, should all hints have failed."""
_DEFERRED: Final = 10_000
"""Changes that a list puts off while it looks; beyond, it looks again."""

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
_ORDERED_BY: Final[Mapping[str, Sequence[str]]] = {
    "CREATED": (),
    "FLOW": (),
    "STATE": ("state",),
    "STARTED": ("started_at",),
    "ENDED": ("ended_at",),
    "DURATION": ("started_at", "ended_at"),
    "PROGRESS": ("progress", "ended_at"),
}
"""What may change of that which the key of an order is made of."""
_NAMES: Final = tuple(each.name for each in fields(Candidate))
_ALL: Final = frozenset(_NAMES)
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Change:
    """`before` is None too when it is not known; `known` tells the two apart. `after` and `row` are None of what was
    deleted."""

    id: UUID
    before: Candidate | None
    after: Candidate | None
    known: bool = True
    row: Row = field(default=None, compare=False)

    @cached_property
    def attributes(self) -> frozenset[str]:
        """Those that differ."""
        before, after = self.before, self.after
        if before is None or after is None:
            return _ALL
        return frozenset(name for name in _NAMES if getattr(before, name) != getattr(after, name))

    @cached_property
    def marks(self) -> frozenset[Mark]:
        """Those it bore or bears."""
        moments = (self.before, self.after)
        return frozenset(mark for one in moments if one for mark in borne_marks(one))


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of a list: which version of it, and what the order went by."""

    seq: int
    place: tuple[Any, ...]


class Interest:
    """Of one list: entered before its first look, and asked between two."""

    def __init__(
        self, audience: "Audience", where: Filter, scope: Scope, column: str | None
    ) -> None:
        self.fields = frozenset(term.field for term in terms_of(where))
        self.marks = asked_marks(And((where, _within(scope))))
        self._audience = audience
        self._where = where
        self._scope = scope
        self._ordered_by = _ORDERED_BY[column or "STATE"]
        self._attributes = _ALWAYS.union(
            self._ordered_by, *(_ATTRIBUTES.get(each, {each.value}) for each in self.fields)
        )
        self._unheard = mentions(where, Field.METRIC)  # they are recorded without a hint
        self._pause = _MOVING if self._unheard or moves_by_itself(where) else _AT_REST
        self._stirred = asyncio.Event()
        self._shown: dict[UUID, Shown] = {}
        self._whole = False
        self._looking = self._must_look = True
        self._deferred: list[Change] = []
        self._rows: dict[UUID, Row] = {}
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

    def looks(self) -> None:
        """From now until it has looked, what it shows is not known, and changes are put off."""
        self._looking, self._must_look = True, False
        self._rows = {}
        self._due = asyncio.get_running_loop().time() + random.uniform(0.8, 1) * self._pause
        self._audience.looking.add(self)

    def looked(self, rows: Sequence[Row], whole: bool, now: datetime) -> None:
        """`rows` are shown now, and of one moment with the count; `whole` when there are no more than these."""
        old, self._shown = self._shown, {row["id"]: self._shows(row) for row in rows}
        self._whole, self._looking = whole, False
        self._audience.looked(self, old.keys(), self._shown.keys(), whole)
        deferred, self._deferred = self._deferred, []
        for change in deferred:
            if change.id in self._shown or self._may_match(change):
                self.judge(change, now)

    async def stirred(self) -> None:
        """Returns when the list may have changed since this was last asked."""
        try:
            async with asyncio.timeout_at(self._due):
                await self._stirred.wait()
        except TimeoutError:
            pass
        self._stirred.clear()
        if asyncio.get_running_loop().time() >= self._due:
            self._must_look = True

    def heard(self) -> Mapping[UUID, Row] | None:
        """Rows that changed where they stand. None: look, anything may have changed."""
        if self._must_look:
            return None
        rows, self._rows = self._rows, {}
        return rows

    def stir(self) -> None:
        """Makes it look."""
        self._must_look = True
        self._stirred.set()

    def defer(self, changes: Sequence[Change]) -> None:
        if not self._must_look:
            self._deferred += changes
        if len(self._deferred) > _DEFERRED:
            self._deferred = []
            self.stir()

    def judge(self, change: Change, now: datetime) -> None:
        if self._looking or self._must_look:
            return
        shown = self._shown.get(change.id)
        if self._moves(change, now) if shown is None else not self._stays(shown, change, now):
            self.stir()
        elif shown is not None and change.row["seq"] > shown.seq:
            self._shown[change.id] = self._shows(change.row)
            self._rows[change.id] = change.row
            self._stirred.set()

    def _may_match(self, change: Change) -> bool:
        if self.marks is None or not self.marks.isdisjoint(change.marks):
            return True
        return not (change.known or self._whole)

    def _stays(self, shown: Shown, change: Change, now: datetime) -> bool:
        """Whether a row that is shown still belongs where it stands."""
        if change.after is None or self._unheard:
            return False
        return self._shows(change.row).place == shown.place and self._lists(change.after, now)

    def _moves(self, change: Change, now: datetime) -> bool:
        """Whether a row that is not shown may enter, or count otherwise than it did."""
        if self._unheard:
            return True
        if self._whole:  # whatever it was before, it was not in the list
            return change.after is not None and self._lists(change.after, now)
        if not change.known:
            return True
        if self._attributes.isdisjoint(change.attributes):
            return False
        return any(one and self._lists(one, now) for one in (change.before, change.after))

    def _lists(self, one: Candidate, now: datetime) -> bool:
        return self._scope.covers(one.namespace) and listed(self._where, one, now)

    def _shows(self, row: Row) -> Shown:
        return Shown(row["seq"], tuple(row[name] for name in self._ordered_by))


class Audience:
    """All lists of a process. `changed` is called when there are others than before."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.interests: set[Interest] = set()
        self.looking: set[Interest] = set()
        self.fields: Counter[Field] = Counter()
        self._changed = changed
        self._partial: set[Interest] = set()  # those that show not all there is
        self._unmarked: set[Interest] = set()
        self._marked: defaultdict[Mark, set[Interest]] = defaultdict(set)
        self._showing: defaultdict[UUID, set[Interest]] = defaultdict(set)

    def add(self, interest: Interest) -> None:
        self.interests.add(interest)
        self.fields.update(interest.fields)
        if interest.marks is None:
            self._unmarked.add(interest)
        else:
            _enter(self._marked, interest.marks, interest)
        self._changed()

    def remove(self, interest: Interest, shown: Collection[UUID]) -> None:
        self.interests.discard(interest)
        self.fields -= Counter(interest.fields)
        for some in (self.looking, self._partial, self._unmarked):
            some.discard(interest)
        _leave(self._marked, interest.marks or (), interest)
        _leave(self._showing, shown, interest)
        self._changed()

    def looked(
        self, interest: Interest, old: Collection[UUID], new: Collection[UUID], whole: bool
    ) -> None:
        self.looking.discard(interest)
        (self._partial.discard if whole else self._partial.add)(interest)
        _leave(self._showing, set(old).difference(new), interest)
        _enter(self._showing, set(new).difference(old), interest)

    def tell(self, changes: Sequence[Change], now: datetime) -> None:
        for interest in self.looking:
            interest.defer(changes)
        if not all(change.known for change in changes):
            for interest in self._partial - self.looking:
                interest.stir()
        for change in changes:
            for interest in self._found(change):
                interest.judge(change, now)

    def stir(self) -> None:
        for interest in self.interests:
            interest.stir()

    def _found(self, change: Change) -> set[Interest]:
        by_mark = (self._marked[mark] for mark in change.marks & self._marked.keys())
        return self._unmarked.union(self._showing.get(change.id, ()), *by_mark)


def moves_by_itself(where: Filter) -> bool:
    """Whether what matches changes as time goes by."""
    return any(
        isinstance(term.value, Ago) or term.field is Field.DURATION for term in terms_of(where)
    )


def _within(scope: Scope) -> Filter:
    if scope.namespaces is None:
        return And(())
    return Or([Term(Field.NAMESPACE, Operator.UNDER, each) for each in scope.namespaces])


def _enter(index: dict[Key, set[Interest]], keys: Collection[Key], interest: Interest) -> None:
    for key in keys:
        index[key].add(interest)


def _leave(index: dict[Key, set[Interest]], keys: Collection[Key], interest: Interest) -> None:
    for key in keys:
        index[key].discard(interest)
        if not index[key]:
            del index[key]
