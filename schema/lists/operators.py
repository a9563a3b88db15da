"""Input types of filter operators; each operator becomes a term of the domain's filter tree."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

from models.filters.filters import And, Field, Filter, Not, Operator, Term
from models.states import ExecutionState
from runner.store.where import Arguments, compile_text
from schema.labels import LabelInput


def terms(field: Field, values: dict[Operator, Any], key: str | None = None) -> list[Filter]:
    """Returns one term for each value that is not None."""
    return [
        Term(field, operator, value, key) for operator, value in values.items() if value is not None
    ]


@strawberry.input
class StringFilter:
    eq: str | None = None
    in_: list[str] | None = strawberry.field(name="in", default=None)
    prefix: str | None = None
    contains: str | None = None

    def terms(self, field: Field) -> list[Filter]:
        below = Operator.UNDER if field is Field.NAMESPACE else Operator.PREFIX
        prefix = self.prefix
        if prefix is not None and field is Field.NAMESPACE:
            prefix = prefix.removesuffix("*").removesuffix(".")
        return terms(
            field,
            {
                Operator.EQ: self.eq,
                Operator.IN: self.in_,
                below: prefix,
                Operator.CONTAINS: self.contains,
            },
        )


@strawberry.input
class StateFilter:
    eq: ExecutionState | None = None
    in_: list[ExecutionState] | None = strawberry.field(name="in", default=None)
    not_in: list[ExecutionState] | None = None

    def terms(self) -> list[Filter]:
        given: list[tuple[ExecutionState, ...]] = [(self.eq,)] if self.eq else []
        given += [tuple(self.in_)] if self.in_ is not None else []
        found: list[Filter] = [Term(Field.STATE, Operator.IN, states) for states in given]
        if self.not_in is not None:
            found.append(Not(Term(Field.STATE, Operator.IN, tuple(self.not_in))))
        return found


@strawberry.input
class DateTimeFilter:
    gte: datetime | None = None
    gt: datetime | None = None
    lt: datetime | None = None
    lte: datetime | None = None

    def terms(self, field: Field) -> list[Filter]:
        return terms(field, _ordering(self))


@strawberry.input
class NumberFilter:
    eq: float | None = None
    gte: float | None = None
    gt: float | None = None
    lt: float | None = None
    lte: float | None = None

    def terms(self, field: Field, key: str | None = None) -> list[Filter]:
        return terms(field, {Operator.EQ: _decimal(self.eq), **_numbers(self)}, key)


@strawberry.input
class MetricFilter(NumberFilter):
    name: str = strawberry.UNSET

    def to_filter(self) -> Filter:
        """Without a comparison: the metric exists."""
        found = self.terms(Field.METRIC, self.name)
        return And(found or [Term(Field.METRIC, Operator.EXISTS, True, self.name)])


@strawberry.input
class ValueFilter:
    key: str
    eq: str | None = None
    in_: list[str] | None = strawberry.field(name="in", default=None)
    prefix: str | None = None
    contains: str | None = None
    gte: float | None = None
    gt: float | None = None
    lt: float | None = None
    lte: float | None = None

    def to_filter(self, field: Field) -> Filter:
        """Without a comparison: the key exists."""
        compared = {
            Operator.EQ: self.eq,
            Operator.IN: self.in_,
            Operator.PREFIX: self.prefix,
            Operator.CONTAINS: self.contains,
            **_numbers(self),
        }
        found = terms(field, compared, self.key)
        return And(found or [Term(field, Operator.EXISTS, True, self.key)])


@strawberry.input
class LabelFilter:
    has: LabelInput | None = None
    has_key: str | None = None

    def terms(self) -> list[Filter]:
        found: list[Filter] = []
        if self.has:
            found.append(Term(Field.LABEL, Operator.EQ, self.has.value, self.has.key))
        if self.has_key is not None:
            found.append(Term(Field.LABEL, Operator.EXISTS, True, self.has_key))
        return found


def text_conditions(column: str, given: StringFilter | None, arguments: Arguments) -> list[str]:
    """Compiles the operators to SQL over `column`, for lists without a filter tree."""
    found = given.terms(Field.NAME) if given else []
    return [compile_text(column, term, arguments) for term in found if isinstance(term, Term)]


def _ordering(given: Any) -> dict[Operator, Any]:
    return {
        Operator.GTE: given.gte,
        Operator.GT: given.gt,
        Operator.LT: given.lt,
        Operator.LTE: given.lte,
    }


def _numbers(given: Any) -> dict[Operator, Any]:
    return {operator: _decimal(value) for operator, value in _ordering(given).items()}


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))
