"""Connections as in Relay's cursor specification, by keyset: opaque cursors that stay valid when rows are inserted."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

import strawberry

from models.errors import ProblemCode, Refused
from models.orders import ByValue, ExecutionOrder, Order
from runner.store.lists.listing import View
from runner.store.lists.orders import KeysetPosition, SortedRow, check_place
from runner.store.lists.value_orders import check_value_place, digest_of
from runner.store.pages import Page, Window

_MIN_SIZE, _MAX_SIZE, _DEFAULT_SIZE = 1, 200, 50
MAX_LINES: Final = 1_000
"""Maximum number of lines in a page of a log."""


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Count:
    value: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Paging:
    """The four paging arguments, checked."""

    size: int
    cursor: str | None
    backwards: bool

    @classmethod
    def of(
        cls,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        largest: int = _MAX_SIZE,
    ) -> Self:
        forwards = first is not None or after is not None
        backwards = last is not None or before is not None
        if forwards and backwards:
            raise _refused(
                "use first/after or last/before, not both", "before" if last is None else "last"
            )
        size = last if backwards else first
        size = _DEFAULT_SIZE if size is None else size
        if not _MIN_SIZE <= size <= largest:
            name = "last" if backwards else "first"
            raise _refused(f"{name} must be between {_MIN_SIZE} and {largest}; got {size}", name)
        return cls(size, before if backwards else after, backwards)

    def window(self, kind: str) -> Window:
        """Returns the window over ids. Raises Refused for a cursor of another kind of list."""
        cursor = UUID(int=int(decode_cursor(kind, self.cursor), 16)) if self.cursor else None
        return Window(self.size, cursor, self.backwards)


def execution_view(paging: Paging, order: Order) -> View:
    """Raises Refused unless the cursor comes from a list in this order, ascending or descending."""
    place = None
    if paging.cursor:
        id, _, key = decode_cursor(_kind_of(order), paging.cursor).partition(":")
        try:
            place = KeysetPosition(UUID(id), key if order.column != "CREATED" else None)
            if isinstance(order, ByValue):
                check_value_place(order, place)
        except ValueError as error:
            raise _foreign(paging.cursor) from error
        if isinstance(order, ExecutionOrder):
            check_place(order, place)
    return View(paging.size, order, place, paging.backwards)


def execution_cursor(order: Order, row: SortedRow) -> str:
    key = "" if row["sort_key"] is None else f":{row['sort_key']}"
    return encode_cursor(_kind_of(order), f"{row['id'].hex}{key}")


def _kind_of(order: Order) -> str:
    if isinstance(order, ByValue):
        return f"exec.{digest_of(order)}"
    return "exec" if order.column == "CREATED" else f"exec.{order.column.lower()}"


def encode_cursor(kind: str, key: str) -> str:
    return base64.urlsafe_b64encode(f"{kind}:{key}".encode()).decode().rstrip("=")


def decode_cursor(kind: str, cursor: str) -> str:
    """Returns the key in a cursor. Raises Refused if the cursor is of another kind of list."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found, _, key = base64.urlsafe_b64decode(padded.encode()).decode().partition(":")
        if found == kind and (kind in _TEXT_KEYS or "." in kind or int(key, 16) >= 0):
            return key
    except (binascii.Error, ValueError, UnicodeError):
        pass
    raise _foreign(cursor)


def _foreign(cursor: str) -> Refused:
    sentence = (
        f"cursor {cursor[:60]!r} does not belong to this list; pass one that this list returned"
    )
    return _refused(sentence, "after")


_TEXT_KEYS = frozenset({"flow"})


def id_cursor(kind: str, id: UUID) -> str:
    return encode_cursor(kind, id.hex)


def page_info(page: Page[object], cursors: Sequence[str]) -> PageInfo:
    return PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def _refused(sentence: str, *path: str) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, *path)
