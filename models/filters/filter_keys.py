"""Marks that an execution must bear for a filter to match it, so that it is judged by few of many filters.

Whatever matches bears one of the marks that its filter asks for; not all that bears one matches.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, TypeAlias

from models.filters.filters import And, Field, Filter, Operator, Or, Term
from models.filters.matching import JSON_FIELDS, Candidate
from models.filters.words import NUMBER

FilterKey: TypeAlias = tuple[Any, ...]
"""A field, or UNDER, with its key where it has one, and a value; without a value: the key is there at all."""

_RAREST: Final = (
    Field.ID,
    Field.NAME,
    Field.COMMIT,
    Field.FINGERPRINT,
    Field.INPUT,
    Field.PROPERTY,
    Field.LABEL,
    Field.FLOW,
    Field.BRANCH,
    Field.SCHEDULE,
    Field.CREATED_BY,
    Field.NAMESPACE,
    Operator.UNDER,
    Field.STATE,
    Field.KIND,
    Field.TRIGGER,
    Field.ORIGIN,
)
"""Those that few executions have in common come first."""


def required_keys(node: Filter) -> frozenset[FilterKey] | None:
    """None when anything may match."""
    match node:
        case Term():
            return _of_term(node)
        case And(parts):
            asked = [marks for part in parts if (marks := required_keys(part)) is not None]
            return min(asked, key=_frequency, default=None)
        case Or(parts):
            each = [required_keys(part) for part in parts]
            known = [marks for marks in each if marks is not None]
            return frozenset[FilterKey]().union(*known) if len(known) == len(each) else None
        case _:
            return None


def keys_of(one: Candidate) -> Iterator[FilterKey]:
    yield Field.ID, one.id
    yield Field.NAME, one.name
    yield Field.COMMIT, one.commit
    yield Field.FINGERPRINT, one.fingerprint
    yield Field.BRANCH, one.branch
    yield Field.FLOW, one.flow
    yield Field.STATE, one.state
    yield Field.KIND, one.kind
    yield Field.ORIGIN, one.origin
    yield Field.TRIGGER, one.trigger
    yield Field.SCHEDULE, one.schedule
    yield Field.CREATED_BY, one.created_by
    yield Field.CREATED_BY, one.created_by[one.created_by.find(":") + 1 :]
    yield Field.NAMESPACE, one.namespace
    names = one.namespace.split(".")
    yield from ((Operator.UNDER, ".".join(names[:count])) for count in range(1, len(names) + 1))
    for field, attribute in JSON_FIELDS.items():
        for key, value in getattr(one, attribute).items():
            yield field, key
            yield field, key, _written(value)


def _of_term(term: Term) -> frozenset[FilterKey] | None:
    if term.field in JSON_FIELDS:
        return _of_json(term)
    if term.field is Field.NAMESPACE and term.operator is Operator.UNDER:
        return frozenset({(Operator.UNDER, term.value)})
    if term.field not in _RAREST or term.operator not in (Operator.EQ, Operator.IN):
        return None
    return frozenset((term.field, value) for value in _values(term))


def _of_json(term: Term) -> frozenset[FilterKey]:
    if term.operator not in (Operator.EQ, Operator.IN):
        return frozenset({(term.field, term.key)})
    marks = {(term.field, term.key, value) for value in _values(term)}
    numbers = {
        (term.field, term.key, Decimal(value)) for value in _values(term) if NUMBER.fullmatch(value)
    }
    return frozenset(marks | numbers)


def _values(term: Term) -> tuple[Any, ...]:
    return tuple(term.value) if term.operator is Operator.IN else (term.value,)


def _written(value: Any) -> Any:
    """As a filter may ask for it: a truth by its name, a number by its worth."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return Decimal(repr(value))
    return value if isinstance(value, str) else None


def _frequency(marks: frozenset[FilterKey]) -> tuple[int, int]:
    """A mark without a value is more frequent than any with one; of none there is nothing."""
    ranks = (_RAREST.index(mark[0]) + len(_RAREST) * _is_key(mark) for mark in marks)
    return max(ranks, default=-1), len(marks)


def _is_key(mark: FilterKey) -> bool:
    return mark[0] in JSON_FIELDS and len(mark) == 2
