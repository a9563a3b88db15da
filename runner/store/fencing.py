"""Refuses to store anything for an attempt that has ended: its lease is void, even if its worker has not noticed
yet."""

from collections.abc import Iterable
from typing import TypedDict
from uuid import UUID

from runner.store.postgres.connection import Connection

# Neither a heartbeat nor another writer waits for this lock, only a transaction that ends the attempt. Sorted in the
# order in which the end locks them, so that two transactions never deadlock.
_HOLD = """
select id from attempts where id = any($1::uuid[]) and state = 'RUNNING' order by id for key share
"""


class AttemptsEnded(Exception):
    """These attempts have ended; nothing more is stored for them."""

    def __init__(self, ids: frozenset[UUID]) -> None:
        super().__init__(f"{len(ids)} attempts have ended")
        self.ids = ids


class _Attempt(TypedDict):
    id: UUID


async def hold(connection: Connection, attempts: Iterable[UUID | None]) -> None:
    """Keeps these attempts from ending until the transaction ends; raises AttemptsEnded for those that have ended.

    Use it as the last statement of a transaction, so that the end of an attempt does not wait for long. None is
    ignored: it is no attempt of a worker.
    """
    ids = {id for id in attempts if id is not None}
    if not ids:
        return
    rows: list[_Attempt] = await connection.fetch(_HOLD, list(ids))
    running = {row["id"] for row in rows}
    if ended := ids - running:
        raise AttemptsEnded(frozenset(ended))
