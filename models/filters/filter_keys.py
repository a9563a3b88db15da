"""Keys for finding the few of many filters that may match an execution.

An execution that matches a filter has at least one of the filter's required keys. The reverse does not hold.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, TypeAlias

from models.filters.filters import And, Field, Filter, Operator, Or, Term
from models.filters.matching import JSON_FIELDS, Candidate
from models.filters.words import NUMBER

FilterKey: TypeAlias = tuple[Any, ...]
"""A field (or UNDER), the field's key if it has one, and a value; without a value, the key exists."""

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
"""Fields whose values few executions share come first."""


def required_keys(node: Filter) -> frozenset[FilterKey] | None:
    """Returns keys of which a matching execution has at least one; None if any execution may match."""
    match node:
        case Term():
            return _of_term(node)
        case And(parts):
            required = [keys for part in parts if (keys := required_keys(part)) is not None]
            return min(required, key=_frequency, default=None)
        case Or(parts):
            each = [required_keys(part) for part in parts]
            known = [keys for keys in each if keys is not None]
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
    keys = {(term.field, term.key, value) for value in _values(term)}
    numbers = {
        (term.field, term.key, Decimal(value)) for value in _values(term) if NUMBER.fullmatch(value)
    }
    return frozenset(keys | numbers)


def _values(term: Term) -> tuple[Any, ...]:
    return tuple(term.value) if term.operator is Operator.IN else (term.value,)


def _written(value: Any) -> Any:
    """Returns the value in the form that filters compare: booleans as text, numbers as Decimal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return Decimal(repr(value))
    return value if isinstance(value, str) else None


def _frequency(keys: frozenset[FilterKey]) -> tuple[int, int]:
    """Returns a sort key: a key without a value is more frequent than any with one; an empty set comes first."""
    ranks = (_RAREST.index(key[0]) + len(_RAREST) * _lacks_value(key) for key in keys)
    return max(ranks, default=-1), len(keys)


def _lacks_value(key: FilterKey) -> bool:
    return key[0] in JSON_FIELDS and len(key) == 2
