"""The execution that somebody asks for, where that one may see it."""

from dataclasses import dataclass

from models.errors import ProblemCode, Refused
from models.ids import untyped
from models.viewer import Permission, Scope, not_permitted
from runner.store.connection import Connection
from runner.store.history import Row
from runner.store.snapshot_reads import visible_row


@dataclass(frozen=True, slots=True)
class Asked:
    """`logs` is where the asker may read logs, when these are asked for."""

    id: str
    scope: Scope
    logs: Scope | None = None


async def visible(connection: Connection, asked: Asked) -> Row:
    """Raises Refused NOT_FOUND for one that is not there, or not to be seen; FORBIDDEN when its log may not be read."""
    row = await visible_row(connection, asked.scope, untyped("exec", asked.id))
    if row is None:
        raise Refused.not_found(f"no execution {asked.id[:100]}; `headway ls` shows what there is")
    if asked.logs is not None and not asked.logs.covers(row["namespace"]):
        sentence = not_permitted(Permission.VIEW_LOGS, row["namespace"])
        raise Refused.because(ProblemCode.FORBIDDEN, sentence)
    return row
