"""Artifacts and their uses."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from models.ids import typed
from runner.store.execution.nodes import UseRow
from runner.store.json import load
from runner.store.rows import ArtifactRow
from schema.context import Info
from schema.enums import ArtifactDirection
from schema.lists.bounds import MAX_USES, up_to
from schema.loading.batches import versions_of
from schema.scalars import JSON, BigInt
from schema.types.artifact.held_files import address_of, is_held
from schema.types.execution.measures import typed_or_none
from schema.types.node import Node
from schema.types.paging import Count, PageInfo

if TYPE_CHECKING:
    from schema.types.execution.execution import Execution


@strawberry.type
class Artifact(Node):
    key: strawberry.Private[UUID]
    namespace: str
    name: str
    version: str
    type: str
    uri: str
    digest: str | None
    size: BigInt | None
    properties: JSON
    created_at: datetime

    @classmethod
    def of(cls, row: ArtifactRow) -> Self:
        return cls(
            id=strawberry.ID(typed("art", row["id"])),
            key=row["id"],
            namespace=row["namespace"],
            name=row["name"],
            version=row["version"],
            type=row["type"],
            uri=row["uri"],
            digest=row["digest"],
            size=row["size"],
            properties=load(row["properties"]),
            created_at=row["created_at"],
        )

    @strawberry.field
    async def download_url(self, info: Info) -> str | None:
        return address_of(self.id, self.name, await self._is_held(info)).download

    @strawberry.field
    async def preview_url(self, info: Info) -> str | None:
        return address_of(self.id, self.name, await self._is_held(info)).preview

    async def _is_held(self, info: Info) -> bool:
        uses: list[UseRow] = await info.context.loaders.uses.load(self.key)
        return any(is_held(info, use["uri"], use["execution_id"], use["digest"]) for use in uses)

    @strawberry.field
    async def versions(self, info: Info) -> list["Artifact"]:
        return [Artifact.of(row) for row in await versions_of(info, self.namespace, self.name)]

    @up_to(MAX_USES, usual=10)
    async def uses(
        self, info: Info, direction: ArtifactDirection | None = None
    ) -> list["ArtifactUse"]:
        rows: list[UseRow] = await info.context.loaders.uses.load(self.key)
        found = [row for row in rows if direction is None or row["direction"] == direction.value]
        seen = await info.context.loaders.execution.load_many(row["execution_id"] for row in found)
        return [
            ArtifactUse.of(row) for row, execution in zip(found, seen, strict=True) if execution
        ]

    @up_to(MAX_USES, usual=10)
    async def executions(
        self, info: Info, direction: ArtifactDirection | None = None
    ) -> list[Annotated["Execution", strawberry.lazy("schema.types.execution.execution")]]:
        from schema.types.execution.execution import Execution

        rows: list[UseRow] = await info.context.loaders.uses.load(self.key)
        ids = dict.fromkeys(
            row["execution_id"]
            for row in rows
            if direction is None or row["direction"] == direction.value
        )
        found = await info.context.loaders.execution.load_many(ids)
        return [Execution.of(row) for row in found if row]


@strawberry.type
class ArtifactUse(Node):
    artifact_key: strawberry.Private[UUID]
    execution_key: strawberry.Private[UUID]
    name: str
    type: str
    version: str
    uri: str
    digest: str | None
    size: BigInt | None
    direction: ArtifactDirection
    properties: JSON
    task_run_id: strawberry.ID | None
    task_key: str | None
    created_at: datetime

    @classmethod
    def of(cls, row: UseRow) -> Self:
        return cls(
            id=strawberry.ID(typed("use", row["id"])),
            artifact_key=row["artifact_id"],
            execution_key=row["execution_id"],
            name=row["name"],
            type=row["type"],
            version=row["version"],
            uri=row["uri"],
            digest=row["digest"],
            size=row["size"],
            direction=ArtifactDirection(row["direction"]),
            properties=load(row["properties"]),
            task_run_id=typed_or_none(row["task_run_id"]),
            task_key=row["path"],
            created_at=row["created_at"],
        )

    @strawberry.field
    def download_url(self, info: Info) -> str | None:
        return address_of(self.id, self.name, self._is_held(info)).download

    @strawberry.field
    def preview_url(self, info: Info) -> str | None:
        return address_of(self.id, self.name, self._is_held(info)).preview

    def _is_held(self, info: Info) -> bool:
        return is_held(info, self.uri, self.execution_key, self.digest)

    @strawberry.field
    async def artifact(self, info: Info) -> Artifact | None:
        row: ArtifactRow | None = await info.context.loaders.artifact.load(self.artifact_key)
        return Artifact.of(row) if row else None

    @strawberry.field
    async def execution(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution.execution")] | None:
        from schema.types.execution.execution import Execution

        return Execution.maybe(await info.context.loaders.execution.load(self.execution_key))


@strawberry.type
class ArtifactEdge:
    node: Artifact
    cursor: str


@strawberry.type
class ArtifactConnection:
    edges: list[ArtifactEdge]
    nodes: list[Artifact]
    page_info: PageInfo
    total_count: Count


async def find_artifact(info: Info, key: UUID) -> Node | None:
    row: ArtifactRow | None = await info.context.loaders.artifact.load(key)
    return Artifact.of(row) if row else None
