"""Entries of the audit log; they are kept when their target is deleted."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from models.access.viewer import Permission
from models.ids import typed
from models.states import Channel
from runner.store import audit
from runner.store.execution.event_log import Window
from runner.store.json import load
from runner.store.rows import AuditRow
from schema.context import Info
from schema.loading.batches import events_in
from schema.scalars import JSON
from schema.types.actors import Actor
from schema.types.execution.event import ExecutionEvent, views_of
from schema.types.execution.execution import Execution
from schema.types.node import Node
from schema.types.paging import Count, PageInfo


@strawberry.type
class AuditEvent(Node):
    execution_key: strawberry.Private[UUID | None]
    seq: strawberry.Private[int | None]
    at: datetime
    action: str
    actor: Actor
    channel: Channel
    reason: str | None
    target: strawberry.ID | None
    target_name: str | None
    namespace: str | None
    data: JSON

    @classmethod
    def of(cls, row: AuditRow) -> Self:
        return cls(
            id=strawberry.ID(typed("aud", row["id"])),
            execution_key=row["execution_id"],
            seq=row["seq"],
            at=row["at"],
            action=row["action"],
            actor=Actor.of(row["actor"]),
            channel=Channel(row["channel"]),
            reason=row["reason"],
            target=strawberry.ID(row["target"]) if row["target"] else None,
            target_name=row["target_name"],
            namespace=row["namespace"],
            data=load(row["data"]),
        )

    @strawberry.field
    async def execution(self, info: Info) -> Execution | None:
        if self.execution_key is None:
            return None
        return Execution.maybe(await info.context.loaders.execution.load(self.execution_key))

    @strawberry.field
    async def event(self, info: Info) -> ExecutionEvent | None:
        if self.execution_key is None or self.seq is None:
            return None
        if await info.context.loaders.execution.load(self.execution_key) is None:
            return None
        window = Window(self.execution_key, self.seq - 1, self.seq + 1, 1)
        rows = await events_in(info, window)
        views = await views_of(info, self.execution_key, rows)
        return views[0] if views else None


@strawberry.type
class EventEdge:
    node: AuditEvent
    cursor: str


@strawberry.type
class EventConnection:
    wanted: strawberry.Private[audit.AuditCriteria]
    edges: list[EventEdge]
    nodes: list[AuditEvent]
    page_info: PageInfo

    @strawberry.field
    async def total_count(self, info: Info) -> Count:
        scope = info.context.viewer.scope_of(Permission.READ_AUDIT)
        pool = info.context.services.pool
        value, exact = await audit.count_entries(pool, scope, self.wanted)
        return Count(value=value, exact=exact)
