"""Keeps a transaction alive during work that may take longer than a session may be idle in a transaction."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from runner.store.postgres.connection import Connection

_KEEPALIVE_SECONDS = 1.0
"""Seconds between two statements that keep the session from being idle; far less than IDLE_IN_TRANSACTION."""

Result = TypeVar("Result")


async def kept_open(connection: Connection, work: Coroutine[Any, Any, Result]) -> Result:
    """Returns the result of `work`, which must not use the connection."""
    working = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({working}, timeout=_KEEPALIVE_SECONDS))[0]:
            await connection.execute("select 1")
    finally:
        working.cancel()
    return working.result()
