"""The orders of executions as SQL. Most are read in two parts, each with its index.

Executions that have not ended are few, and are sorted; those that have ended do not change, and are read from an index.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf, isnan
from typing import Final, TypedDict
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.orders import ExecutionOrder
from runner.store.rows import ExecutionRow
from runner.store.where import Arguments

ACTIVE: Final = "ended_at is null"
ENDED: Final = "ended_at is not null"


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one condition; `constant` is their key if all have the same."""

    condition: str
    key: str
    constant: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    type: str
    parts: tuple[Part, ...]


_STARTED = "coalesce(started_at, 'infinity'::timestamptz)"
COLUMNS: Final[Mapping[str, Column]] = {
    "CREATED": Column("uuid", (Part("true", "id"),)),
    "FLOW": Column("text", (Part("true", "flow_key"),)),
    "STATE": Column("text", (Part("true", "state"),)),
    "STARTED": Column("timestamptz", (Part(ACTIVE, _STARTED), Part(ENDED, _STARTED))),
    "ENDED": Column(
        "timestamptz", (Part(ACTIVE, "'infinity'::timestamptz", inf), Part(ENDED, "ended_at"))
    ),
    # The duration of a running execution grows while a client reads pages, so it counts as longer than all that have
    # ended, and is ordered by its start.
    "DURATION": Column(
        "float8",
        (
            Part(ACTIVE, "coalesce(1e12 - date_part('epoch', started_at) - idle, -1)"),
            Part(ENDED, "headway_lasted(started_at, ended_at, idle)"),
        ),
    ),
    "PROGRESS": Column("float8", (Part(ACTIVE, "progress"), Part(ENDED, "1::float8", 1.0))),
}


class SortedRow(TypedDict):
    """The columns that say where a row is in its order; `sort_key` is null if the order is by id."""

    id: UUID
    sort_key: str | None


class ListedRow(ExecutionRow):
    """An execution in an order; see SortedRow."""

    sort_key: str | None


@dataclass(frozen=True, slots=True)
class KeysetPosition:
    """The position of a row in an order: its key as PostgreSQL prints it (None if the order is by id), and its id."""

    id: UUID
    key: str | None = None


def check_place(order: ExecutionOrder, place: KeysetPosition) -> None:
    """Raises Refused for a key that no row of this order can have."""
    kind = COLUMNS[order.column].type
    try:
        if (place.key is None) != (kind == "uuid") or "\0" in (place.key or ""):
            raise ValueError
        if place.key is not None and kind != "text":
            _magnitude(kind, place.key)
    except ValueError as error:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"this cursor is not of a list in the order {order.value}; pass one that such a list returned",
            "after",
        ) from error


def beyond(
    column: Column, part: Part, place: KeysetPosition, descending: bool, arguments: Arguments
) -> str:
    """The condition for the rows of a part after a position."""
    compare = "<" if descending else ">"
    if place.key is None:
        return f"id {compare} {arguments.add(place.id)}"
    if part.constant is not None:
        there = _magnitude(column.type, place.key)
        if part.constant == there:
            return f"id {compare} {arguments.add(place.id)}"
        return "true" if (part.constant < there) == descending else "false"
    key, id = arguments.add(place.key), arguments.add(place.id)
    return f"({part.key}, id) {compare} ({key}::text::{column.type}, {id}::uuid)"


def _magnitude(kind: str, key: str) -> float:
    """The key as a number; raises ValueError."""
    if kind == "timestamptz":
        if key == "infinity":
            return inf
        moment = datetime.fromisoformat(key)
        if moment.tzinfo is None:
            raise ValueError(key)
        return moment.timestamp()
    number = float(key)
    if isnan(number):
        raise ValueError(key)
    return number
