"""Views of rows that are read as far as they are asked."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final, Self, TypeVar

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

Read = Callable[[Any], Any]
View = TypeVar("View", bound="RowView")


READY: Final = "ready"


def read_ahead(attribute: str) -> Callable[[Callable[..., Any]], StrawberryField]:
    """A field with a resolver whose value may have been read already: then it is this attribute, which raises NotReady
    where it was not."""
    decorated: Callable[[Callable[..., Any]], StrawberryField]
    decorated = strawberry.field(metadata={READY: attribute})
    return decorated


class NotReady(Exception):
    """It has to be read first."""


class RowView:
    row: Any

    @classmethod
    def of(cls, row: Any) -> Self:
        view = cls.__new__(cls)
        view.row = row
        return view

    @classmethod
    def maybe(cls, row: Any) -> Self | None:
        return cls.of(row) if row else None


def reading(reads: Mapping[str, Read]) -> Callable[[type[View]], type[View]]:
    """A Strawberry type whose fields are columns, each read from the row whenever somebody asks for it.

    `reads` says how, by the field's name in Python; what it does not name is the column of that name.
    """

    def decorated(kind: type[View]) -> type[View]:
        for field in get_object_definition(kind, strict=True).fields:
            if field.base_resolver is None:
                name = field.python_name
                setattr(kind, name, property(_of_row(reads.get(name) or itemgetter(name))))
        return kind

    return decorated


def _of_row(read: Read) -> Read:
    return lambda view: read(view.row)
