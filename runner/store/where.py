"""The filter tree compiled to SQL. Values are always arguments; names come from the tables below alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from models.filters import And, Field, Filter, Not, Operator, Or, Term, mentions, speaks_of_tests
from models.labels import TEST
from models.viewer import Scope
from runner.store.json import dump

_COLUMNS: Mapping[Field, str] = {
    Field.NAMESPACE: "namespace",
    Field.FLOW: "flow_key",
    Field.STATE: "state",
    Field.KIND: "kind",
    Field.CREATED_AT: "id",
    Field.STARTED_AT: "started_at",
    Field.ENDED_AT: "ended_at",
    Field.ARCHIVED: "archived",
    Field.ORIGIN: "origin",
    Field.COMMIT: "(git ->> 'commit')",
    Field.BRANCH: "(git ->> 'branch')",
}
_COMPARE: Mapping[Operator, str] = {
    Operator.EQ: "=",
    Operator.GTE: ">=",
    Operator.GT: ">",
    Operator.LT: "<",
    Operator.LTE: "<=",
}


class Arguments:
    """Collects the values of one statement; `add` answers with the placeholder."""

    def __init__(self, *values: Any) -> None:
        self.values: list[Any] = list(values)

    def add(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


def compile_filter(node: Filter, arguments: Arguments) -> str:
    match node:
        case And(parts):
            return _joined(parts, " and ", "true", arguments)
        case Or(parts):
            return _joined(parts, " or ", "false", arguments)
        case Not(part):
            return f"not coalesce({compile_filter(part, arguments)}, false)"
        case Term(Field.TESTS):
            return "true"
        case Term():
            return _term(node, arguments)


def compile_listed(node: Filter, arguments: Arguments) -> str:
    """As `compile_filter`, without those archived and without tests, unless the filter speaks of them."""
    parts = [compile_filter(node, arguments)]
    if not speaks_of_tests(node):
        parts.insert(0, f"not labels ? '{TEST}'")
    if not mentions(node, Field.ARCHIVED):
        parts.insert(0, "not archived")
    return " and ".join(parts)


def compile_scope(scope: Scope, arguments: Arguments, column: str = "namespace") -> str:
    """What the viewer may see; every read takes it."""
    if scope.namespaces is None:
        return "true"
    return (
        "("
        + " or ".join(compile_under(column, namespace, arguments) for namespace in scope.namespaces)
        + ")"
        if scope.namespaces
        else "false"
    )


def first_id_of(moment: datetime) -> UUID:
    """The smallest UUIDv7 of a millisecond: executions are found by time through their id."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=(max(milliseconds, 0) << 80) | (7 << 76) | (2 << 62))


def _joined(parts: Any, word: str, empty: str, arguments: Arguments) -> str:
    compiled = [compile_filter(part, arguments) for part in parts]
    return f"({word.join(compiled)})" if compiled else empty


def _term(term: Term, arguments: Arguments) -> str:
    if term.field is Field.LABEL:
        return f"labels @> {arguments.add(dump(term.value))}::jsonb"
    if term.field is Field.ARCHIVED and term.operator is Operator.IN:
        return f"archived = any({arguments.add(list(term.value))}::bool[])"
    if term.field is Field.LABEL_KEY:
        return f"labels ? {arguments.add(term.value)}"
    column = _COLUMNS[term.field]
    if term.operator is Operator.IN:
        return f"{column} = any({arguments.add(list(term.value))}::text[])"
    if term.operator is Operator.NOT_IN:
        return f"{column} <> all({arguments.add(list(term.value))}::text[])"
    if term.operator is Operator.PREFIX:
        return _starts(column, term, arguments)
    if term.field is Field.CREATED_AT:
        return _created(term, arguments)
    return f"{column} {_COMPARE[term.operator]} {arguments.add(term.value)}"


def _created(term: Term, arguments: Arguments) -> str:
    """By id where that narrows, exactly by time beside it."""
    compare = _COMPARE[term.operator]
    exact = f"created_at {compare} {arguments.add(term.value)}"
    if term.operator in (Operator.GTE, Operator.GT):
        return f"(id >= {arguments.add(first_id_of(term.value))} and {exact})"
    return exact


def _starts(column: str, term: Term, arguments: Arguments) -> str:
    if term.field is Field.NAMESPACE:
        return compile_under(column, term.value, arguments)
    return f"starts_with({column}, {arguments.add(term.value)})"


def compile_under(column: str, namespace: str, arguments: Arguments) -> str:
    """The namespace itself and everything below it."""
    name = namespace.removesuffix("*").removesuffix(".")
    return (
        f"({column} = {arguments.add(name)} or starts_with({column}, {arguments.add(name + '.')}))"
    )
