"""Converts GraphQL objects to plain values under their GraphQL field names, without fields that have resolvers."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from schema.scalars import time_text


def plain(view: Any, **more: Any) -> dict[str, Any]:
    """Returns the fields of `view` that have no resolver, followed by `more`."""
    definition = get_object_definition(view, strict=True)
    own = {
        to_camel_case(field.python_name): _value(getattr(view, field.python_name))
        for field in definition.fields
        if field.base_resolver is None
    }
    return own | more


def _value(value: Any) -> Any:
    match value:
        case Enum():
            return value.name
        case datetime():
            return time_text(value)
        case list() | tuple():
            return [_value(one) for one in value]
        case Mapping():
            return value
    return plain(value) if get_object_definition(value) else value
