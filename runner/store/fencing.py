"""Refuses to store anything for an attempt that has ended: its lease is void, though its worker may not know it yet."""

from collections.abc import Iterable
from uuid import UUID

from runner.store.postgres.connection import Connection

# Neither a heartbeat nor another writer waits for this lock, only whoever ends the attempt. Sorted, as the end locks
# them, so that two never wait for each other.
_HOLD = """
select id from attempts where id = any($1::uuid[]) and state = 'RUNNING' order by id for key share
"""


class AttemptsEnded(Exception):
    """Nothing more is stored for these attempts."""

    def __init__(self, ids: frozenset[UUID]) -> None:
        super().__init__(f"{len(ids)} attempts have ended")
        self.ids = ids


async def hold(connection: Connection, attempts: Iterable[UUID | None]) -> None:
    """Keeps these attempts from ending until the transaction is over; raises AttemptsEnded for those that have ended.

    The last statement of a transaction, so that nobody waits for long who ends one. None is no attempt of a worker.
    """
    ids = {id for id in attempts if id is not None}
    if not ids:
        return
    running = {row["id"] for row in await connection.fetch(_HOLD, list(ids))}
    if ended := ids - running:
        raise AttemptsEnded(frozenset(ended))
