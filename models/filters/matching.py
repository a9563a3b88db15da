"""Evaluates filters in Python instead of in the database, for live lists.

The result is the same as that of the SQL of runner/store/where; a property test compares them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any, Final
from uuid import UUID

from models.filters.filters import (
    Ago,
    And,
    Field,
    Filter,
    Not,
    Operator,
    Or,
    Term,
    mentions,
    mentions_tests,
)
from models.filters.words import NUMBER, folded, pattern_of, searched_text
from models.labels import TEST
from models.states import ExecutionState, Origin
from models.trigger_kinds import TriggerKind


@dataclass(frozen=True, slots=True)
class Candidate:
    """The fields of an execution that a filter can test. `metrics` has the last recorded value of each name."""

    id: UUID
    namespace: str
    flow: str
    name: str
    kind: str
    state: ExecutionState
    created_by: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    idle: float = 0.0
    idle_since: datetime | None = None
    progress: float = 0.0
    origin: Origin = Origin.HEADWAY
    archived: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    commit: str | None = None
    branch: str | None = None
    error: str | None = None
    failed: bool = False
    fingerprint: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    retried: bool = False
    notes: bool = False
    children: bool = False
    child: bool = False
    trigger: TriggerKind = TriggerKind.MANUAL
    schedule: str | None = None

    @property
    def date(self) -> datetime:
        return self.started_at or self.created_at


_ORDERING: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    Operator.EQ: eq,
    Operator.GT: gt,
    Operator.GTE: ge,
    Operator.LT: lt,
    Operator.LTE: le,
}
_FLAGS: Final[Mapping[Field, str]] = {
    Field.RETRIED: "retried",
    Field.ERROR: "failed",
    Field.NOTES: "notes",
    Field.CHILDREN: "children",
    Field.CHILD: "child",
}
JSON_FIELDS: Final[Mapping[Field, str]] = {
    Field.LABEL: "labels",
    Field.PROPERTY: "properties",
    Field.INPUT: "inputs",
}
_TIMES = frozenset({Field.DATE, Field.CREATED_AT, Field.STARTED_AT, Field.ENDED_AT})


def matches(node: Filter, row: Candidate, now: datetime) -> bool:
    match node:
        case And(parts):
            return all(matches(part, row, now) for part in parts)
        case Or(parts):
            return any(matches(part, row, now) for part in parts)
        case Not(part):
            return not matches(part, row, now)
        case Term():
            return _term(node, row, now)


def listed(node: Filter, row: Candidate, now: datetime) -> bool:
    """Like `matches`, but excludes archived executions and tests unless the filter mentions them."""
    if row.archived and not mentions(node, Field.ARCHIVED):
        return False
    if TEST in row.labels and not mentions_tests(node):
        return False
    return matches(node, row, now)


def _term(term: Term, row: Candidate, now: datetime) -> bool:
    if term.field in JSON_FIELDS:
        return _in_json(term, getattr(row, JSON_FIELDS[term.field]))
    if term.field in _FLAGS:
        return bool(getattr(row, _FLAGS[term.field]) == term.value)
    if term.field is Field.TESTS:
        return True
    if term.field is Field.TEXT:
        return bool(_compiled(term.value).search(searched_text(row.name, row.flow, row.error)))
    if term.field is Field.CREATED_BY:
        return _by(term, row.created_by)
    return _valued(term, _value(term, row, now), now)


def _value(term: Term, row: Candidate, now: datetime) -> Any:
    if term.field is Field.METRIC:
        return row.metrics.get(term.key or "")
    if term.field is Field.DURATION:
        began, until = row.started_at, row.ended_at or row.idle_since or now
        return (until - began).total_seconds() - row.idle if began else None
    return getattr(row, term.field.value)


def _valued(term: Term, value: Any, now: datetime) -> bool:
    if value is None:
        return False
    if term.operator is Operator.EXISTS:
        return True
    if term.field in _TIMES:
        return _ORDERING[term.operator](value, moment(term.value, now))
    if isinstance(value, UUID) and term.operator in _ORDERING:
        return _ORDERING[term.operator](value, term.value)
    if isinstance(value, float):
        return _ORDERING[term.operator](value, float(term.value))
    return _text(term, value)


def _text(term: Term, value: Any) -> bool:
    match term.operator:
        case Operator.IN:
            return value in term.value
        case Operator.PREFIX:
            return bool(value.startswith(term.value))
        case Operator.UNDER:
            return bool(value == term.value or value.startswith(f"{term.value}."))
        case Operator.CONTAINS:
            return folded(term.value) in folded(value)
        case _:
            return bool(value == term.value)


def _by(term: Term, actor: str) -> bool:
    """Matches `user:maria` by the actor and by the name alone, `maria`."""
    name = actor[actor.find(":") + 1 :]
    return term.operator is Operator.EXISTS or _text(term, actor) or _text(term, name)


def _in_json(term: Term, values: Mapping[str, Any]) -> bool:
    if term.key is None or term.key not in values:
        return False
    value = values[term.key]
    if term.operator is Operator.EXISTS:
        return True
    if term.operator is Operator.EQ:
        return _same(value, term.value)
    if term.operator is Operator.IN:
        return any(_same(value, wanted) for wanted in term.value)
    if term.operator in (Operator.PREFIX, Operator.CONTAINS):
        return isinstance(value, str) and _text(term, value)
    number = _number(value)
    return number is not None and _ORDERING[term.operator](number, Decimal(term.value))


def _same(value: Any, wanted: str) -> bool:
    """Compares as text, or as a number or boolean if the value is one."""
    if isinstance(value, bool):
        return wanted == ("true" if value else "false")
    if isinstance(value, int | float):
        return bool(NUMBER.fullmatch(wanted)) and Decimal(repr(value)) == Decimal(wanted)
    return isinstance(value, str) and value == wanted


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Decimal(repr(value))
    return Decimal(value) if isinstance(value, str) and NUMBER.fullmatch(value) else None


def moment(value: datetime | Ago, now: datetime) -> datetime:
    """Returns the point in time that `value` means at `now`."""
    if isinstance(value, datetime):
        return value
    origin = now.replace(hour=0, minute=0, second=0, microsecond=0) if value.midnight else now
    return origin - timedelta(seconds=value.seconds)


@lru_cache(maxsize=512)
def _compiled(wanted: str) -> re.Pattern[str]:
    return re.compile(pattern_of(wanted))
