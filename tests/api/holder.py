"""A process that takes locks in a transaction, as an engine or a log writer does, and reports it.

`python -m tests.api.holder URL KIND ID` prints the pid of its session and the time; then the caller freezes the
process. The session is set up like those of the store.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from runner.store.postgres.connection import Connection
from runner.store.postgres.database import open_database

STATEMENTS = {
    "execution": "select from executions where id = $1 for update",
    "slots": "select from flows where id = (select flow_id from executions where id = $1) for no key update",
    "attempt": "select from attempts where execution_id = $1 and state = 'RUNNING' for update",
    "log": "insert into log_heads (execution_id, lines) values ($1, 1) "
    "on conflict (execution_id) do update set lines = log_heads.lines + 1",
    "key": "insert into idempotency_keys (actor, mutation, key, digest, answer) "
    "values ('user:admin', 'createExecution', 'contended', 'other', $1)",
    "bulk": "select from bulk_sets where $1::uuid is not null for update",
}
"""Statements by the kind of hold."""
READING = "reading"
"""Stops within a statement: PostgreSQL writes a response that this process does not read."""
SENDING = "sending"
"""Stops within a statement: PostgreSQL waits for the rest of a COPY."""
KINDS = (*STATEMENTS, READING, SENDING)


async def hold(url: str, kind: str, id: UUID) -> None:
    async with (
        open_database(url) as database,
        database.pool.acquire() as connection,
        connection.transaction(),
    ):
        await connection.execute(STATEMENTS["attempt" if kind in (READING, SENDING) else kind], id)
        session = await _session(connection)
        if kind == READING:
            await _read(connection, session)
        elif kind == SENDING:
            await _send(connection, session)
        else:
            _say(session)
            await asyncio.Event().wait()


async def _session(connection: Connection) -> str:
    """Returns the session's pid, and the time of its last statement before the hold."""
    at: datetime = await connection.fetchval("select clock_timestamp()")
    return f"{connection.get_server_pid()} {at.isoformat()}"


async def _read(connection: Connection, session: str) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(
            connection.fetch("select repeat('x', 1000000) from generate_series(1, 1000)")
        )
        await asyncio.sleep(0)
        _freeze(session)


async def _send(connection: Connection, session: str) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"x\n"
        _freeze(session)
        yield b"y\n"

    await connection.execute("create temporary table sent (text text)")
    await connection.copy_to_table("sent", source=source())


def _say(session: str) -> None:
    print(session, flush=True)


def _freeze(session: str) -> None:
    """Stops this process at this point of a statement, which another process could not hit."""
    import os
    import signal

    _say(session)
    os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[1], sys.argv[2], UUID(sys.argv[3])))
