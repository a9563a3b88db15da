"""Reading that outlives an outage of the database: the sockets of streams stay open, and attempts go on after it."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from models.errors import Unavailable
from runner.store.connection import UNREACHABLE, Pool

logger = logging.getLogger("headway.store")

_AWAY = (Unavailable, *UNREACHABLE)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_TIMEOUTS = 3

Found = TypeVar("Found")


async def patiently(pool: Pool, read: Callable[[], Awaitable[Found]]) -> Found:
    """Gives what `read` gives, tried until the database answers; raises what it raises once the pool is closed, and
    when the read takes longer than a statement may, again and again."""
    pause = _FIRST_PAUSE
    timeouts = 0
    while True:
        try:
            return await read()
        except _AWAY as error:
            timeouts += "statement timeout" in str(error)
            if pool.is_closing() or timeouts >= _TIMEOUTS:
                raise
            logger.debug("a read waits for the database: %s", error)
        await asyncio.sleep(random.uniform(pause / 2, pause))
        pause = min(pause * 2, _LONGEST_PAUSE)
