"""An executor that is quick about leaves, and about twigs: objects, or lists of them, of which leaves alone are asked.

Most fields of an answer are plain attributes of scalar or enum type. For those the stock executor makes a path, a
resolve info and several calls each; here they are read and serialised directly. Whatever is not plain (a resolver,
arguments, an awaitable, an error, a null where none may be) takes the stock way, so that the answers are equal.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Self, TypeVar, cast
from uuid import UUID

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.pyutils import AwaitableOrValue, Path

_PLAIN = (str, int, float, Enum, datetime, date, UUID, Decimal, dict, list)
_MISSING = object()

Leaf = tuple[str, bool, Callable[[Any], Any]]
"""The attribute's name, whether it may be null, and what serialises it."""


Twig = tuple[str, bool, bool, GraphQLObjectType]
"""The attribute's name, whether it may be null, whether it is a list, and the type of its objects."""


class Leaves:
    """Which fields of a schema's types are plain leaves and twigs; found out once for each type."""

    def __init__(self, schema: GraphQLSchema) -> None:
        kinds = [kind for kind in schema.type_map.values() if isinstance(kind, GraphQLObjectType)]
        self._leaves = {kind.name: _plain(kind, _leaf) for kind in kinds}
        self._twigs = {kind.name: _plain(kind, _twig) for kind in kinds}

    def of(self, kind: GraphQLObjectType) -> Mapping[str, Leaf]:
        return self._leaves.get(kind.name, {})

    def twigs_of(self, kind: GraphQLObjectType) -> Mapping[str, Twig]:
        return self._twigs.get(kind.name, {})


Found = TypeVar("Found")


def _plain(
    kind: GraphQLObjectType, find: Callable[[str, GraphQLField], Found | None]
) -> dict[str, Found]:
    """By name those fields that are attributes and nothing more."""
    found: dict[str, Found] = {}
    for name, field in kind.fields.items():
        definition = field.extensions.get("strawberry-definition")
        # Strawberry marks with `is_basic_field` what has no resolver, no extensions and no permissions.
        basic = field.resolve is None or (definition is not None and definition.is_basic_field)
        if basic and not field.args:
            attribute = name if field.resolve is None else definition.python_name
            if (one := find(attribute, field)) is not None:
                found[name] = one
    return found


def _leaf(attribute: str, field: GraphQLField) -> Leaf | None:
    kind, nullable = _stripped(field.type)
    return (attribute, nullable, kind.coerce_output_value) if is_leaf_type(kind) else None


def _twig(attribute: str, field: GraphQLField) -> Twig | None:
    kind, nullable = _stripped(field.type)
    listed = is_list_type(kind)
    if listed:
        kind, _ = _stripped(kind.of_type)
    if not isinstance(kind, GraphQLObjectType) or kind.is_type_of is not None:
        return None
    return attribute, nullable, listed, kind


def _stripped(kind: Any) -> tuple[Any, bool]:
    """The type itself, and whether it may be null."""
    return (kind.of_type, False) if is_non_null_type(kind) else (kind, True)


class LeafFastExecutor(ExecutorThrowingOnIncremental):
    def __init__(self, *args: Any, leaves: Leaves, **options: Any) -> None:
        super().__init__(*args, **options)
        self._leaves = leaves

    def build_per_event_executor(self, payload: Any) -> Self:
        once = super().build_per_event_executor(payload)
        # The stock copy shares this memo, whose keys are made anew for each event: it would only grow.
        once._relevant_sub_fields = {}
        return cast(Self, once)

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: None,
    ) -> AwaitableOrValue[dict[str, Any]]:
        if self.middleware_manager or source_value is None or isinstance(source_value, Mapping):
            return super().execute_fields(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        # Every name takes its place at once: the order of an answer is the order it was asked in.
        results = {
            response_name: self._read(parent_type, source_value, details)
            for response_name, details in grouped_field_set.items()
        }
        others = {
            response_name: details
            for response_name, details in grouped_field_set.items()
            if results[response_name] is _MISSING
        }
        if not others:
            return results
        rest = super().execute_fields(parent_type, source_value, path, others, position_context)
        if isinstance(rest, dict):
            return _merged(results, rest)

        async def awaited() -> dict[str, Any]:
            return _merged(results, await rest)

        return awaited()

    def _read(self, kind: GraphQLObjectType, source: Any, details: FieldDetailsList) -> Any:
        """The value as it is answered, or _MISSING for what takes the stock way."""
        name = details[0].node.name.value
        if name == "__typename":
            return kind.name
        if leaf := self._leaves.of(kind).get(name):
            return _read_leaf(source, leaf)
        if twig := self._leaves.twigs_of(kind).get(name):
            return self._read_twig(source, twig, details)
        return _MISSING

    def _read_twig(self, source: Any, twig: Twig, details: FieldDetailsList) -> Any:
        attribute, nullable, listed, kind = twig
        value = getattr(source, attribute, _MISSING)
        if value is None and nullable:
            return None
        if isinstance(value, list) is not listed:
            return _MISSING
        found, _, _ = self.collect_subfields(kind, details)
        leaves = self._leaves.of(kind)
        wanted: list[tuple[str, Leaf]] = []
        for name, one in found.items():
            leaf = leaves.get(one[0].node.name.value)
            if leaf is None:
                return _MISSING
            wanted.append((name, leaf))
        objects = cast(list[Any], value if listed else [value])
        made = [_read_leaves(each, wanted) for each in objects]
        if _MISSING in made:
            return _MISSING
        return made if listed else made[0]


def _read_leaves(source: Any, wanted: Sequence[tuple[str, Leaf]]) -> Any:
    if source is None or isinstance(source, Mapping):
        return _MISSING
    read = {name: _read_leaf(source, leaf) for name, leaf in wanted}
    return _MISSING if _MISSING in read.values() else read


def _read_leaf(source: Any, leaf: Leaf) -> Any:
    """The serialised value, or _MISSING for the stock way to find out what is the matter with it."""
    attribute, nullable, serialise = leaf
    try:
        value = getattr(source, attribute, _MISSING)
        if value is None:
            return None if nullable else _MISSING
        if not isinstance(value, _PLAIN):
            return _MISSING
        serialised = serialise(value)
    except Exception:
        return _MISSING
    return _MISSING if serialised is None or serialised is Undefined else serialised


def _merged(results: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    results.update(rest)
    for name in [name for name, value in results.items() if value is _MISSING]:
        del results[name]
    return results
