"""Schedules and backfills."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from models.errors import ProblemCode, Refused
from models.ids import typed
from models.schedule import CatchUp, ScheduleSource, next_ticks
from runner.store.flows.schedules import ScheduleRow
from runner.store.json import load
from schema.context import Info
from schema.scalars import JSON
from schema.types.actors import Actor, Label, labels_of
from schema.types.node import Node
from schema.types.paging import Count, PageInfo

if TYPE_CHECKING:
    from schema.types.execution.execution import Execution
    from schema.types.flow.flow import Flow

_DEFAULT_TICKS, _MAX_TICKS = 5, 100


@strawberry.type
class Schedule(Node):
    flow_key: strawberry.Private[UUID]
    last_key: strawberry.Private[UUID | None]
    key: str
    source: ScheduleSource
    cron: str
    timezone: str
    inputs: JSON
    labels: list[Label]
    catch_up: CatchUp
    enabled: bool
    next: datetime | None
    last: datetime | None
    last_error: str | None
    updated_by: Actor
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ScheduleRow) -> Self:
        return cls(
            id=strawberry.ID(typed("sched", row["id"])),
            flow_key=row["flow_id"],
            last_key=row["last_execution_id"],
            key=row["key"],
            source=ScheduleSource(row["source"]),
            cron=row["cron"],
            timezone=row["timezone"],
            inputs=JSON(load(row["inputs"])),
            labels=labels_of(load(row["labels"])),
            catch_up=CatchUp(row["catch_up"]),
            enabled=row["enabled"],
            next=row["next_at"],
            last=row["last_at"],
            last_error=row["last_error"],
            updated_by=Actor.of(row["updated_by"]),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )

    @strawberry.field
    async def flow(
        self, info: Info
    ) -> Annotated["Flow", strawberry.lazy("schema.types.flow.flow")]:
        from schema.types.flow.flow import Flow

        return Flow.of(await info.context.loaders.flow.load(self.flow_key))

    @strawberry.field
    async def last_execution(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution.execution")] | None:
        return await execution_seen(info, self.last_key)

    @strawberry.field
    def next_ticks(self, first: int | None = None) -> list[datetime]:
        count = _DEFAULT_TICKS if first is None else first
        if not 1 <= count <= _MAX_TICKS:
            raise Refused.because(
                ProblemCode.VALIDATION,
                f"first must be between 1 and {_MAX_TICKS}; got {first}",
                "first",
            )
        return next_ticks(self.cron, self.timezone, datetime.now(UTC), count)


@strawberry.type
class ScheduleEdge:
    node: Schedule
    cursor: str


@strawberry.type
class ScheduleConnection:
    edges: list[ScheduleEdge]
    nodes: list[Schedule]
    page_info: PageInfo
    total_count: Count


@strawberry.type
class BackfillTick:
    execution_key: strawberry.Private[UUID | None]
    scheduled_at: datetime
    ran_before: bool

    @strawberry.field
    async def execution(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution.execution")] | None:
        return await execution_seen(info, self.execution_key)


async def execution_seen(info: Info, key: UUID | None) -> "Execution | None":
    """Returns the execution with this key; None without a key, or if the viewer may not see it."""
    from schema.types.execution.execution import Execution

    if key is None:
        return None
    return Execution.maybe(await info.context.loaders.execution.load(key))
