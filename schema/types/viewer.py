"""The viewer, and the workers."""

from datetime import datetime
from typing import Self

import strawberry

from models.access import viewer
from models.access.viewer import Permission
from models.ids import typed
from runner.store.json import load
from runner.store.workers import ListedWorker
from schema.access.types import HeldRole
from schema.lists.bounds import MAX_ROWS, up_to
from schema.types.actors import Actor
from schema.types.node import Node


@strawberry.type
class Viewer:
    actor: Actor
    groups: list[str]
    version: str
    holds: strawberry.Private[viewer.Viewer]

    @classmethod
    def of(cls, viewer: viewer.Viewer, version: str) -> Self:
        return cls(
            actor=Actor.of(viewer.actor),
            groups=sorted(viewer.groups),
            version=version,
            holds=viewer,
        )

    @strawberry.field
    def permissions(self, namespace: str | None = None) -> list[Permission]:
        if namespace is None:
            return sorted(self.holds.permissions)
        return sorted(self.holds.permissions_in(namespace))

    @up_to(MAX_ROWS)
    async def roles(self) -> list[HeldRole]:
        return [HeldRole.of(grant) for grant in self.holds.grants]


@strawberry.type
class Worker(Node):
    name: str
    host: str
    queues: list[str]
    concurrency: int
    running: int
    started_at: datetime
    heartbeat_at: datetime
    alive: bool

    @classmethod
    def of(cls, row: ListedWorker) -> Self:
        return cls(
            id=strawberry.ID(typed("wrk", row["id"])),
            name=row["name"],
            host=row["host"],
            queues=load(row["queues"]),
            concurrency=row["concurrency"],
            running=row["running"],
            started_at=row["started_at"],
            heartbeat_at=row["heartbeat_at"],
            alive=row["alive"],
        )
