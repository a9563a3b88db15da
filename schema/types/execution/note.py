"""Notes on an execution."""

from datetime import datetime
from typing import Self

import strawberry

from models.ids import typed
from runner.store.rows import NoteRow
from schema.types.actors import Actor
from schema.types.node import Node


@strawberry.type
class Note(Node):
    seq: int
    author: Actor
    text: str
    at: datetime

    @classmethod
    def of(cls, row: NoteRow) -> Self:
        return cls(
            id=strawberry.ID(typed("note", row["id"])),
            seq=row["seq"],
            author=Actor.of(row["author"]),
            text=row["text"],
            at=row["at"],
        )
