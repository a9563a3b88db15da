"""Who did something, and what became of whom when."""

from datetime import datetime
from typing import Any, Self

import strawberry

from schema.enums import ActorKind


@strawberry.type
class Actor:
    kind: ActorKind
    name: str

    @classmethod
    def of(cls, text: str) -> Self:
        kind, _, name = text.partition(":")
        return cls(kind=ActorKind(kind), name=name or kind)


@strawberry.type
class StateChange:
    seq: int
    state: str
    at: datetime
    actor: Actor
    reason: str | None

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            seq=row["seq"],
            state=row["to_state"],
            at=row["at"],
            actor=Actor.of(row["actor"]),
            reason=row["reason"],
        )


@strawberry.type
class Label:
    key: str
    value: str


def labels_of(values: dict[str, str]) -> list[Label]:
    return [Label(key=key, value=value) for key, value in sorted(values.items())]
