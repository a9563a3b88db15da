"""Secrets, never with their values."""

from datetime import datetime
from typing import Self

import strawberry

from runner.store.secrets import ListedSecret
from schema.types.actors import Actor


@strawberry.type
class Secret:
    namespace: str
    name: str
    created_at: datetime
    updated_at: datetime
    updated_by: Actor

    @classmethod
    def of(cls, row: ListedSecret) -> Self:
        return cls(
            namespace=row["namespace"],
            name=row["name"],
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            updated_by=Actor.of(row["updated_by"]),
        )
