"""Reading that outlives an outage of the database, for streams: their sockets stay open and go on after it."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from models.errors import Unavailable
from runner.store.connection import UNREACHABLE, Pool

logger = logging.getLogger("headway.store")

# The last one is what asyncpg raises when a connection is used between its being told off and its being closed.
_AWAY = (Unavailable, *UNREACHABLE, asyncpg.InternalClientError)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0

Found = TypeVar("Found")


async def patiently(pool: Pool, read: Callable[[], Awaitable[Found]]) -> Found:
    """Gives what `read` gives, tried until the database answers; raises what it raises once the pool is closed."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return await read()
        except _AWAY as error:
            if pool.is_closing():
                raise
            logger.debug("a stream waits for the database: %s", error)
        await asyncio.sleep(random.uniform(pause / 2, pause))
        pause = min(pause * 2, _LONGEST_PAUSE)
