"""The execution that somebody asks for, where that one may see it."""

from dataclasses import dataclass

from models.errors import Refused
from models.ids import untyped
from models.viewer import Scope
from runner.store.connection import Connection
from runner.store.history import Row
from runner.store.snapshot_reads import visible_row


@dataclass(frozen=True, slots=True)
class Asked:
    id: str
    scope: Scope


async def visible(connection: Connection, asked: Asked) -> Row:
    """Raises Refused NOT_FOUND for one that is not there, or not to be seen."""
    row = await visible_row(connection, asked.scope, untyped("exec", asked.id))
    if row is None:
        raise Refused.not_found(f"no execution {asked.id[:100]}; `headway ls` shows what there is")
    return row
