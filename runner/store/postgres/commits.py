"""Transactions whose outcome is certain, even when the connection breaks before PostgreSQL confirms the commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from runner.service.outage import UNREACHABLE
from runner.service.retry import retry_until_available
from runner.store.postgres.connection import Connection, Pool

_BEGUN: Final = "select pg_current_xact_id()::text"
_STATUS: Final = "select pg_xact_status($1::text::xid8)"
_POLL_SECONDS: Final = 0.2


@asynccontextmanager
async def certain_transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction on a connection of the pool. If it raises, nothing was committed. After a broken connection it
    waits until the database can report the outcome, without a limit."""
    number, committing = None, False
    try:
        async with pool.acquire() as connection, connection.transaction():
            number = await connection.fetchval(_BEGUN)
            yield connection
            committing = True
    except UNREACHABLE:
        if not committing or not await _was_committed(pool, number):
            raise


async def _was_committed(pool: Pool, number: str | None) -> bool:
    while (
        status := await retry_until_available(pool, partial(pool.fetchval, _STATUS, number))
    ) == "in progress":
        await asyncio.sleep(_POLL_SECONDS)
    return bool(status == "committed")
