"""Reads the plain fields of types: attributes that are scalars, or objects of plain fields, or lists of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from schema.types.row_view import READY
from server.graphql.budget import SMALL, Budget, size_of

_PLAIN = (str, int, float, Enum, datetime, date, UUID, Decimal, dict, list)
_UNCONVERTED = {GraphQLString.name: str, GraphQLID.name: str, GraphQLBoolean.name: bool}

_AROUND = 4
"""Bytes around a name and its value: quotes, a colon, and a comma or brace."""
_SMALL = frozenset({"Int", "Float", "Boolean", "DateTime", "Date", "BigInt"})

Convert = Callable[[Any], Any]
"""Converts an attribute's value to its response. Raises NotPlain or any other exception if the stock executor must
handle the field and report the error."""


class NotPlain(Exception):
    """A missing attribute, an awaitable, an unexpected null: the stock executor must handle the field."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """`unconverted` is the type of values that need no conversion. `sized` means that values can be large."""

    attribute: str
    convert: Convert
    unconverted: type | None = None
    sized: bool = True


@dataclass(frozen=True, slots=True)
class Branch:
    """An attribute that holds an object of `of_class` (if the schema checks it) or, if `listed`, a list of them."""

    attribute: str
    nullable: bool
    listed: bool
    kind: GraphQLObjectType
    of_class: type | None

    def leaf(self, fields: Mapping[str, Leaf], budget: Budget) -> Leaf:
        """Returns a leaf that reads `fields` of the objects, by response name."""
        read, nullable, listed = (
            _object(fields, self.of_class or object, budget),
            self.nullable,
            self.listed,
        )

        def convert(value: Any) -> Any:
            if value is None and nullable:
                return None
            if isinstance(value, list) is not listed:
                raise NotPlain
            return [read(each) for each in value] if listed else read(value)

        return Leaf(self.attribute, convert, sized=False)


def reader(kind: GraphQLObjectType, fields: Mapping[str, Leaf], budget: Budget) -> Convert:
    """Returns a reader of a type's objects: all requested fields, by response name."""
    return _object(fields, _class_of(kind) or object, budget)


def _class_of(kind: GraphQLObjectType) -> type | None:
    """Returns the class that the schema requires for objects of a type, if any."""
    definition = kind.extensions.get("strawberry-definition") if kind.is_type_of else None
    return definition.origin if definition else None


def _object(fields: Mapping[str, Leaf], of_class: type, budget: Budget) -> Convert:
    # One more attribute, so that `attrgetter` always returns a tuple.
    get = attrgetter("__class__", *(leaf.attribute for leaf in fields.values()))
    leaves = [(name, leaf.unconverted, leaf.convert) for name, leaf in fields.items()]
    sized, least = sized_names(fields), least_size(fields)

    def read(source: Any) -> dict[str, Any]:
        if source is None or isinstance(source, dict) or not isinstance(source, of_class):
            raise NotPlain
        found = {
            name: value if type(value) is unconverted else convert(value)
            for (name, unconverted, convert), value in zip(leaves, get(source)[1:], strict=True)
        }
        size = least
        for name in sized:
            value = found[name]
            if value is not None:
                size += len(value) if value.__class__ is str else size_of(value)
        budget.left -= size
        if budget.left < 0:
            budget.exceed()
        return found

    return read


def sized_names(fields: Mapping[str, Leaf | None]) -> tuple[str, ...]:
    return tuple(name for name, leaf in fields.items() if leaf and leaf.sized)


def least_size(fields: Mapping[str, Leaf | None]) -> int:
    """Returns the minimum bytes of an object without the values of its sized fields."""
    sized = sum(1 for leaf in fields.values() if leaf and leaf.sized)
    return sum(map(len, fields)) + _AROUND * len(fields) + SMALL * (len(fields) - sized)


class Fields:
    """The plain fields of a schema's types, determined once for each type."""

    def __init__(self, schema: GraphQLSchema) -> None:
        kinds = [kind for kind in schema.type_map.values() if isinstance(kind, GraphQLObjectType)]
        plain = {kind.name: _plain(kind) for kind in kinds}
        self._leaves = {
            name: {field: leaf for field, of in fields.items() if (leaf := _leaf(*of))}
            for name, fields in plain.items()
        }
        self._branches = {
            name: {field: found for field, of in fields.items() if (found := _branch(*of))}
            for name, fields in plain.items()
        }

    def leaves_of(self, kind: GraphQLObjectType) -> Mapping[str, Leaf]:
        return self._leaves.get(kind.name, {})

    def branches_of(self, kind: GraphQLObjectType) -> Mapping[str, Branch]:
        return self._branches.get(kind.name, {})


def constant(value: Any) -> Leaf:
    return Leaf("__class__", lambda _: value, sized=False)


def _plain(kind: GraphQLObjectType) -> dict[str, tuple[str, GraphQLField]]:
    """Returns, by name, the attribute of each field without a resolver, and of those that may be loaded already."""
    found: dict[str, tuple[str, GraphQLField]] = {}
    for name, field in kind.fields.items():
        definition = field.extensions.get("strawberry-definition")
        # Strawberry sets `is_basic_field` for fields without resolver, extensions and permissions.
        basic = field.resolve is None or (definition is not None and definition.is_basic_field)
        if basic and not field.args:
            found[name] = (name if field.resolve is None else definition.python_name, field)
        elif definition is not None and not field.args and READY in definition.metadata:
            found[name] = (definition.metadata[READY], field)
    return found


def _leaf(attribute: str, field: GraphQLField) -> Leaf | None:
    kind, nullable = _stripped(field.type)
    if is_list_type(kind):
        return _list_of_leaves(attribute, kind.of_type, nullable)
    return _leaf_of(attribute, kind, nullable) if is_leaf_type(kind) else None


def _list_of_leaves(attribute: str, of: Any, nullable: bool) -> Leaf | None:
    kind, may_hold_null = _stripped(of)
    if not is_leaf_type(kind):
        return None
    read = _leaf_of(attribute, kind, may_hold_null).convert

    def convert(value: Any) -> Any:
        if value is None and nullable:
            return None
        if not isinstance(value, list):
            raise NotPlain
        return [read(each) for each in value]

    return Leaf(attribute, convert)


def _leaf_of(attribute: str, kind: Any, nullable: bool) -> Leaf:
    serialise = _serialiser(kind)

    def convert(value: Any) -> Any:
        if value is None and nullable:
            return None
        if not isinstance(value, _PLAIN):
            raise NotPlain
        serialised = serialise(value)
        if serialised is None or serialised is Undefined:
            raise NotPlain
        return serialised

    sized = not is_enum_type(kind) and kind.name not in _SMALL
    return Leaf(attribute, convert, _UNCONVERTED.get(kind.name), sized)


def _serialiser(kind: Any) -> Convert:
    serialise: Convert = kind.coerce_output_value
    if not is_enum_type(kind):
        return serialise
    known: dict[Any, Any] = {}

    def remembered(value: Any) -> Any:
        if not isinstance(value, Enum):
            return serialise(value)
        name = known.get(value)
        if name is None:
            name = known[value] = serialise(value)
        return name

    return remembered


def _branch(attribute: str, field: GraphQLField) -> Branch | None:
    kind, nullable = _stripped(field.type)
    listed = is_list_type(kind)
    if listed:
        kind, _ = _stripped(kind.of_type)
    if not isinstance(kind, GraphQLObjectType):
        return None
    if kind.is_type_of and "strawberry-definition" not in kind.extensions:
        return None
    return Branch(attribute, nullable, listed, kind, _class_of(kind))


def _stripped(kind: Any) -> tuple[Any, bool]:
    """Returns the type without NonNull, and whether it is nullable."""
    return (kind.of_type, False) if is_non_null_type(kind) else (kind, True)
