"""The custom scalars."""

from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, ValueNode
from graphql.utilities import value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

from models.errors import ProblemCode, Refused
from models.json_text import NotKept, check_numbers

JSON = NewType("JSON", object)
BigInt = NewType("BigInt", int)


def big(value: int | None) -> BigInt | None:
    return None if value is None else BigInt(value)


def time_text(value: datetime) -> str:
    """Returns the time as all responses format it."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _parse_time(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise GraphQLError(
            "a DateTime must be in RFC 3339 format with a time zone, such as 2026-01-31T02:00:00Z; "
            f"got {value!r}"
        )
    return moment


def _literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    value = value_from_ast_untyped(node, variables)
    try:
        check_numbers(value)
    except NotKept as error:
        raise GraphQLError(str(error), node) from None
    return value


SCALARS: dict[object, ScalarDefinition] = {
    JSON: strawberry.scalar(
        name="JSON",
        serialize=lambda value: value,
        parse_value=lambda value: value,
        parse_literal=_literal,
    ),
    BigInt: strawberry.scalar(name="BigInt", serialize=int, parse_value=int),
    datetime: strawberry.scalar(name="DateTime", serialize=time_text, parse_value=_parse_time),
}


def object_of(value: object, name: str) -> dict[str, Any] | None:
    """Checks that `value` is a JSON object or null. Raises Refused."""
    if value is None or isinstance(value, dict):
        return value
    raise Refused.because(
        ProblemCode.VALIDATION,
        f'{name} must be an object of names and values, such as {{"day": "2026-01-31"}}',
        name,
    )
