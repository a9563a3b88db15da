"""Objects backed by a database row, whose columns are converted only when their fields are selected."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

Row = TypeVar("Row")
View = TypeVar("View", bound="RowView[Any]")
Read: TypeAlias = Callable[[Row], Any]
"""Converts columns of a row to the value of a field."""


READY: Final = "ready"


def read_ahead(attribute: str) -> Callable[[Callable[..., Any]], StrawberryField]:
    """A field with a resolver whose value may have been read in advance: the property `attribute` returns the value, or
    raises NotReady if the resolver must read it."""
    decorated: Callable[[Callable[..., Any]], StrawberryField]
    decorated = strawberry.field(metadata={READY: attribute})
    return decorated


class NotReady(Exception):
    """The value was not read in advance; the resolver has to read it."""


class RowView(Generic[Row]):
    row: Row

    @classmethod
    def of(cls, row: Row) -> Self:
        view = cls.__new__(cls)
        view.row = row
        return view

    @classmethod
    def maybe(cls, row: Row | None) -> Self | None:
        return cls.of(row) if row else None


def reading(reads: Mapping[str, Read[Row]]) -> Callable[[type[View]], type[View]]:
    """Decorates a Strawberry type whose fields are columns: each is read from the row when it is selected.

    `reads` maps a field's Python name to its conversion; other fields are the column of the same name.
    """

    def decorated(kind: type[View]) -> type[View]:
        for field in get_object_definition(kind, strict=True).fields:
            if field.base_resolver is None:
                name = field.python_name
                setattr(kind, name, property(_of_row(reads.get(name) or itemgetter(name))))
        return kind

    return decorated


def _of_row(read: Read[Any]) -> Callable[[RowView[Any]], Any]:
    return lambda view: read(view.row)
