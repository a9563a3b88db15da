"""An executor that is quick about leaves.

Most fields of an answer are plain attributes of scalar or enum type. For those the stock executor makes a path, a
resolve info and several calls each; here they are read and serialised directly. Whatever is not plain (a resolver,
arguments, an awaitable, an error, a null where none may be) takes the stock way, so that the answers are equal.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Self, cast
from uuid import UUID

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    is_leaf_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.pyutils import AwaitableOrValue, Path

_PLAIN = (str, int, float, Enum, datetime, date, UUID, Decimal, dict, list)
_MISSING = object()

Leaf = tuple[str, bool, Callable[[Any], Any]]
"""The attribute's name, whether it may be null, and what serialises it."""


class Leaves:
    """Which fields of a schema's types are plain leaves; found out once for each type."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._types = {
            kind.name: {
                name: leaf
                for name, field in kind.fields.items()
                if (leaf := _leaf(name, field)) is not None
            }
            for kind in schema.type_map.values()
            if isinstance(kind, GraphQLObjectType)
        }

    def of(self, kind: GraphQLObjectType) -> Mapping[str, Leaf]:
        return self._types.get(kind.name, {})


def _leaf(name: str, field: GraphQLField) -> Leaf | None:
    nullable = not is_non_null_type(field.type)
    kind = field.type if nullable else getattr(field.type, "of_type")  # noqa: B009
    if field.args or not is_leaf_type(kind):
        return None
    if field.resolve is None:
        return name, nullable, kind.coerce_output_value
    definition = field.extensions.get("strawberry-definition")
    # Strawberry marks with `is_basic_field` what has no resolver, no extensions and no permissions.
    if definition is None or not definition.is_basic_field:
        return None
    return definition.python_name, nullable, kind.coerce_output_value


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
        leaves = self._leaves.of(parent_type)
        # Every name takes its place at once: the order of an answer is the order it was asked in.
        results: dict[str, Any] = {}
        others: GroupedFieldSet = {}
        for response_name, details in grouped_field_set.items():
            name = details[0].node.name.value
            value = _read(source_value, leaves[name]) if name in leaves else _MISSING
            if name == "__typename":
                value = parent_type.name
            results[response_name] = value
            if value is _MISSING:
                others[response_name] = details
        if not others:
            return results
        rest = super().execute_fields(parent_type, source_value, path, others, position_context)
        if isinstance(rest, dict):
            return _merged(results, rest)

        async def awaited() -> dict[str, Any]:
            return _merged(results, await rest)

        return awaited()


def _read(source: Any, leaf: Leaf) -> Any:
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
