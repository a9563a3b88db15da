"""Actors, state changes and labels."""

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Final, Self

import strawberry

from runner.store.execution.history import MoveRow
from schema.enums import ActorKind
from schema.types.row_view import Read, RowView, reading


@strawberry.type
class Actor:
    kind: ActorKind
    name: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Parses `kind:name`. An unknown kind, from an earlier or later release, becomes ENGINE: events must remain
        readable."""
        kind, _, name = text.partition(":")
        try:
            return cls(kind=ActorKind(kind), name=name or kind)
        except ValueError:
            return cls(kind=ActorKind.ENGINE, name=text)


_READS: Final[Mapping[str, Read[MoveRow]]] = {
    "state": itemgetter("to_state"),
    "actor": lambda row: Actor.of(row["actor"]),
}


@reading(_READS)
@strawberry.type
class StateChange(RowView[MoveRow]):
    row: strawberry.Private[MoveRow]
    seq: int
    state: str
    at: datetime
    actor: Actor
    reason: str | None


@strawberry.type
class Label:
    key: str
    value: str


def labels_of(values: dict[str, str]) -> list[Label]:
    return [Label(key=key, value=value) for key, value in sorted(values.items())]
