"""What tasks measured and made."""

from datetime import datetime
from typing import Any, Self

import strawberry

from models.ids import typed
from runner.store.json import load
from schema.enums import ArtifactDirection, MetricKind
from schema.scalars import JSON, BigInt
from schema.types.node import Node


@strawberry.type
class Metric:
    name: str
    value: float
    kind: MetricKind
    step: int | None
    tags: JSON
    at: datetime
    task_run_id: strawberry.ID
    task_key: str
    attempt: int

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            name=row["name"],
            value=row["value"],
            kind=MetricKind(row["kind"]),
            step=row["step"],
            tags=load(row["tags"]),
            at=row["at"],
            task_run_id=strawberry.ID(typed("run", row["task_run_id"])),
            task_key=row["path"],
            attempt=row["attempt"],
        )


@strawberry.type
class Artifact(Node):
    name: str
    type: str
    version: str
    uri: str
    digest: str | None
    size: BigInt | None
    direction: ArtifactDirection
    properties: JSON
    task_run_id: strawberry.ID
    created_at: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            id=strawberry.ID(typed("art", row["id"])),
            name=row["name"],
            type=row["type"],
            version=row["version"],
            uri=row["uri"],
            digest=row["digest"],
            size=row["size"],
            direction=ArtifactDirection(row["direction"]),
            properties=load(row["properties"]),
            task_run_id=strawberry.ID(typed("run", row["task_run_id"])),
            created_at=row["created_at"],
        )
