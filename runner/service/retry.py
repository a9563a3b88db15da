"""Retries reads during a database outage: streams stay open, and attempts continue after it."""

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

_OUTAGE = (Unavailable, *UNREACHABLE)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_TIMEOUTS = 3
_LONG = 1.0
"""Seconds. PostgreSQL distinguishes a statement timeout from a cancellation by a person only in the text of its
message, which may be translated; a statement cancelled after this time counts as timed out."""

Found = TypeVar("Found")


class Closing(Protocol):
    """The part of a connection pool that is needed here."""

    def is_closing(self) -> bool: ...


async def retry_until_available(pool: Closing, read: Callable[[], Awaitable[Found]]) -> Found:
    """Calls `read` until it succeeds, and returns its result. Raises its error if the pool is closed, or if the read
    repeatedly exceeds the statement timeout."""
    pause = _FIRST_PAUSE
    timeouts = 0
    while True:
        began = monotonic()
        try:
            return await read()
        except _OUTAGE as error:
            timeouts += (
                isinstance(error, asyncpg.QueryCanceledError) and monotonic() - began > _LONG
            )
            if pool.is_closing() or timeouts >= _TIMEOUTS:
                raise
            logger.debug("the database is unavailable; retrying a read: %s", error)
        await asyncio.sleep(random.uniform(pause / 2, pause))
        pause = min(pause * 2, _LONGEST_PAUSE)
