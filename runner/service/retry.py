"""Reading that outlives an outage of the database: the sockets of streams stay open, and attempts go on after it."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Protocol, TypeVar

import asyncpg

from models.errors import Unavailable
from runner.service.outage import UNREACHABLE

logger = logging.getLogger("headway.store")

_AWAY = (Unavailable, *UNREACHABLE)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_TIMEOUTS = 3
_LONG = 1.0
"""Seconds. PostgreSQL tells a statement that ran too long from one that somebody cancelled only in the language of its
messages; one that was cancelled after so long counts as the former."""

Found = TypeVar("Found")


class Closing(Protocol):
    """A pool of connections, as far as it matters here."""

    def is_closing(self) -> bool: ...


async def retry_until_available(pool: Closing, read: Callable[[], Awaitable[Found]]) -> Found:
    """Gives what `read` gives, tried until the database answers; raises what it raises once the pool is closed, and
    when the read takes longer than a statement may, again and again."""
    pause = _FIRST_PAUSE
    timeouts = 0
    while True:
        began = monotonic()
        try:
            return await read()
        except _AWAY as error:
            timeouts += (
                isinstance(error, asyncpg.QueryCanceledError) and monotonic() - began > _LONG
            )
            if pool.is_closing() or timeouts >= _TIMEOUTS:
                raise
            logger.debug("a read waits for the database: %s", error)
        await asyncio.sleep(random.uniform(pause / 2, pause))
        pause = min(pause * 2, _LONGEST_PAUSE)
