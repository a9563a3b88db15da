"""Limits the values in an operation's variables that are coerced one by one."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from graphql import (
    GraphQLError,
    GraphQLSchema,
    VariableDefinitionNode,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)

MOST_TYPED: Final = 100_000
"""Maximum values of inputs with types in the schema: twice those of the largest batch. Values inside a JSON scalar do
not count, because they are not coerced."""


def declared(
    definitions: Iterable[VariableDefinitionNode], variables: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns those of a request's variables that its operation declares."""
    names = (definition.variable.name.value for definition in definitions)
    return {name: variables[name] for name in names if name in variables}


def too_many(
    schema: GraphQLSchema,
    definitions: Iterable[VariableDefinitionNode],
    variables: Mapping[str, Any],
) -> list[GraphQLError]:
    """Returns an error for more than `MOST_TYPED` values, else nothing."""
    count = sum(
        _typed(
            type_from_ast(schema, definition.type), variables.get(definition.variable.name.value)
        )
        for definition in definitions
    )
    if count <= MOST_TYPED:
        return []
    sentence = (
        f"the variables have {count} values, more than the limit of {MOST_TYPED}; send several requests, each with a "
        "part of the list"
    )
    return [GraphQLError(sentence)]


def _typed(kind: Any, value: Any) -> int:
    if is_non_null_type(kind):
        kind = kind.of_type
    if is_list_type(kind) and isinstance(value, list):
        if is_leaf_type(kind.of_type.of_type if is_non_null_type(kind.of_type) else kind.of_type):
            return len(value)
        return sum(_typed(kind.of_type, each) for each in value)
    if is_input_object_type(kind) and isinstance(value, dict):
        fields = kind.fields
        return 1 + sum(
            _typed(fields[name].type, each) if name in fields else 1 for name, each in value.items()
        )
    return 1
