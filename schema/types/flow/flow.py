"""Flows, their revisions, tasks and inputs."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from models.access.viewer import Permission
from models.ids import typed
from models.spec import FlowSpec, InputSpec, InputType, TaskSpec
from models.states import Section
from runner.store.json import load
from runner.store.rows import FlowRow, RevisionRow
from schema.context import Info
from schema.enums import LineageDirection, TaskSection
from schema.lists.bounds import MAX_ROWS, up_to
from schema.loading.batches import numbered_revision, plan_of_revision, revisions_of
from schema.scalars import JSON
from schema.types.actors import Actor, Label, labels_of
from schema.types.node import Node
from schema.types.paging import Count, PageInfo, Paging

if TYPE_CHECKING:
    from schema.types.execution.executions import ExecutionConnection
    from schema.types.flow.dependencies import FlowDependencies
    from schema.types.flow.schedule import Schedule


@strawberry.type
class Namespace:
    name: str
    flow_count: int


@strawberry.type
class FlowInput:
    id: str
    type: InputType
    required: bool
    default: JSON | None
    description: str | None
    options: list[str] | None
    min: float | None
    max: float | None
    pattern: str | None
    min_length: int | None
    max_length: int | None
    item_type: InputType | None
    depends_on: list[str]
    when: str | None

    @classmethod
    def of(cls, spec: InputSpec) -> Self:
        options = getattr(spec, "options", None)
        return cls(
            id=spec.id,
            type=spec.type,
            required=spec.required,
            default=spec.default,
            description=spec.description,
            options=list(options) if options else None,
            min=getattr(spec, "min", None),
            max=getattr(spec, "max", None),
            pattern=getattr(spec, "pattern", None),
            min_length=spec.min_length,
            max_length=spec.max_length,
            item_type=spec.item_type,
            depends_on=list(spec.depends_on),
            when=spec.when,
        )


@strawberry.type
class Task:
    flow: strawberry.Private[FlowSpec]
    key: str
    type: str
    needs: list[str]
    section: TaskSection

    @classmethod
    def of(cls, flow: FlowSpec, task: TaskSpec, section: Section) -> Self:
        return cls(
            flow=flow,
            key=task.id,
            type=task.type,
            needs=list(task.needs),
            section=TaskSection(section.value),
        )

    @strawberry.field
    def source(self, info: Info) -> str | None:
        if not info.context.viewer.may(Permission.LIST_FLOWS, self.flow.namespace):
            return None
        return self.flow.source_of(self.key)


@strawberry.type
class FlowRevision(Node):
    key: strawberry.Private[UUID]
    number: int
    source: str
    created_at: datetime
    created_by: Actor

    @classmethod
    def of(cls, row: RevisionRow) -> Self:
        return cls(
            id=strawberry.ID(typed("rev", row["id"])),
            key=row["id"],
            number=row["number"],
            source=row["source"],
            created_at=row["created_at"],
            created_by=Actor.of(row["created_by"]),
        )

    @strawberry.field
    async def tasks(self, info: Info) -> list[Task]:
        plan = await plan_of_revision(info, self.key)
        return [Task.of(plan.spec, task, Section.TASKS) for task in plan.spec.tasks]


@strawberry.type
class Flow(Node):
    uuid: strawberry.Private[UUID]
    latest: strawberry.Private[int]
    namespace: str
    key: str
    kind: str
    description: str | None
    enabled: bool
    labels: list[Label]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: FlowRow) -> Self:
        return cls(
            id=strawberry.ID(typed("flow", row["id"])),
            uuid=row["id"],
            latest=row["latest_revision"],
            namespace=row["namespace"],
            key=row["key"],
            kind=row["kind"],
            description=row["description"],
            enabled=row["enabled"],
            labels=labels_of(load(row["labels"])),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )

    @strawberry.field
    async def revision(self, info: Info) -> FlowRevision:
        return FlowRevision.of(await numbered_revision(info, self.uuid, self.latest))

    @strawberry.field
    async def revisions(self, info: Info, first: int | None = None) -> list[FlowRevision]:
        rows = await revisions_of(info, self.uuid, Paging.of(first).size)
        return [FlowRevision.of(row) for row in rows]

    @strawberry.field
    async def inputs(self, info: Info) -> list[FlowInput]:
        row = await numbered_revision(info, self.uuid, self.latest)
        assert row
        plan = await plan_of_revision(info, row["id"])
        return [FlowInput.of(spec) for spec in plan.spec.inputs]

    @up_to(MAX_ROWS, usual=10)
    async def schedules(
        self, info: Info
    ) -> list[Annotated["Schedule", strawberry.lazy("schema.types.flow.schedule")]]:
        from schema.types.flow.schedule import Schedule

        rows = await info.context.loaders.schedules_of.load(self.uuid)
        return [Schedule.of(row) for row in rows]

    @strawberry.field
    async def dependencies(
        self,
        info: Info,
        direction: LineageDirection = LineageDirection.BOTH,
        depth: int | None = None,
    ) -> Annotated["FlowDependencies", strawberry.lazy("schema.types.flow.dependencies")]:
        from schema.types.flow.dependencies import dependencies_of_flow

        return await dependencies_of_flow(info, (self.namespace, self.key), direction, depth)

    @strawberry.field
    async def executions(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Annotated["ExecutionConnection", strawberry.lazy("schema.types.execution.executions")]:
        from schema.types.execution.executions import executions_of_flow

        paging = Paging.of(first, after, last, before)
        return await executions_of_flow(info, self.namespace, self.key, paging)


@strawberry.type
class FlowEdge:
    node: Flow
    cursor: str


@strawberry.type
class FlowConnection:
    edges: list[FlowEdge]
    nodes: list[Flow]
    page_info: PageInfo
    total_count: Count
