"""The descriptions of the contract. They are written in schema.graphql, and the schema takes them from there.

Names are `Type`, `Type.field`, `Type.field(argument)` and `Enum.VALUE`.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import strawberry
from graphql import GraphQLSchema, is_specified_scalar_type, parse

SDL: Final = Path(__file__).with_name("schema.graphql")


@cache
def descriptions() -> Mapping[str, str]:
    """Returns the descriptions in the committed SDL by name. Raises ValueError if the file is empty."""
    text = SDL.read_text()
    if not text.strip():
        raise ValueError(f"{SDL} is empty: restore it with git, then write it with `make contract`")
    parts = (part for one in parse(text, no_location=True).definitions for part in _parts(one))
    return {name: part.description.value for name, part in parts if part.description}


def describe(schema: strawberry.Schema) -> None:
    """Sets the description of every element that has one; idempotent."""
    for name, element in _elements(schema._schema):
        if name in descriptions():
            element.description = descriptions()[name]


def missing(schema: strawberry.Schema) -> list[str]:
    """Returns the elements of the schema that have no description."""
    return sorted({name for name, _ in _elements(schema._schema)} - descriptions().keys())


def _parts(definition: Any) -> Iterator[tuple[str, Any]]:
    """Yields a definition of the SDL, and its members that can have a description."""
    name = definition.name.value
    yield name, definition
    for value in getattr(definition, "values", None) or ():
        yield f"{name}.{value.name.value}", value
    for field in getattr(definition, "fields", None) or ():
        yield f"{name}.{field.name.value}", field
        for argument in getattr(field, "arguments", None) or ():
            yield f"{name}.{field.name.value}({argument.name.value})", argument


def _elements(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Yields the named types of this schema, and their members that can have a description."""
    for name, kind in schema.type_map.items():
        if name.startswith("__") or is_specified_scalar_type(kind):
            continue
        yield name, kind
        for value, definition in getattr(kind, "values", {}).items():
            yield f"{name}.{value}", definition
        for field, definition in getattr(kind, "fields", {}).items():
            yield f"{name}.{field}", definition
            for argument, inner in getattr(definition, "args", {}).items():
                yield f"{name}.{field}({argument})", inner
