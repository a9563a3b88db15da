"""Saved searches."""

import json
from datetime import datetime
from typing import Self

import strawberry

from models.access.viewer import Permission, Viewer
from models.ids import typed
from models.orders import ExecutionOrder, SortDirection
from runner.store.rows import SavedFilterRow
from schema.lists.orders import ValueOrder
from schema.types.actors import Actor
from schema.types.node import Node
from schema.types.problems import Problem


@strawberry.type
class SavedValueOrder:
    column: str
    direction: SortDirection


@strawberry.type
class SavedFilter(Node):
    name: str
    search: str
    order_by: ExecutionOrder | None
    order_by_value: SavedValueOrder | None
    shared: bool
    owner: Actor
    can_change: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: SavedFilterRow, viewer: Viewer) -> Self:
        return cls(
            id=strawberry.ID(typed("filt", row["id"])),
            name=row["name"],
            search=row["search"],
            order_by=ExecutionOrder(row["order_by"]) if row["order_by"] else None,
            order_by_value=_value_order(row["order_by_value"]),
            shared=row["shared"],
            owner=Actor.of(row["owner"]),
            can_change=may_change(row, viewer),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )


def _value_order(stored: str | None) -> SavedValueOrder | None:
    if stored is None:
        return None
    order = json.loads(stored)
    return SavedValueOrder(column=order["column"], direction=SortDirection(order["direction"]))


def may_change(row: SavedFilterRow, viewer: Viewer) -> bool:
    return row["owner"] == viewer.actor or viewer.may_everywhere(Permission.MANAGE)


@strawberry.input
class SaveFilterInput:
    name: str
    search: str
    id: strawberry.ID | None = None
    order_by: ExecutionOrder | None = None
    order_by_value: ValueOrder | None = None
    shared: bool | None = None


@strawberry.input
class DeleteFilterInput:
    id: strawberry.ID


@strawberry.type
class SaveFilterPayload:
    filter: SavedFilter | None = None
    problems: list[Problem] = strawberry.field(default_factory=list)


@strawberry.type
class DeleteFilterPayload(SaveFilterPayload):
    pass
