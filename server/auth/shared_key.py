"""The servers of one database sign sessions with one key; else a browser is signed in at some of them only."""

import asyncio
import logging
import os
import socket
from typing import Final

from models.ids import new_id
from runner.service.loop import Loop, log_errors
from runner.store.postgres import servers
from runner.store.postgres.connection import Pool
from server.auth.session_key import SessionKey

logger = logging.getLogger("headway.access")

_AGAIN: Final = 10.0
"""Seconds. One that has not been heard of for three times as long runs no more."""
_FAREWELL: Final = 2.0
MEND: Final = (
    "give all servers of a database the same session.key, or the same session_key: else whoever signs in at one is a "
    "stranger at the others"
)


class SharedKey(Loop):
    """Tells the others that this server runs, and warns of those that sign with another key."""

    def __init__(self, pool: Pool, key: SessionKey) -> None:
        super().__init__()
        self._pool, self._key = pool, key
        self._id, self._name = new_id(), f"{socket.gethostname()} (process {os.getpid()})"
        self._warned: list[str] = []

    async def _run_loop(self) -> None:
        try:
            while True:
                with log_errors(logger, "could not look by which keys other servers sign sessions"):
                    await self._look()
                await asyncio.sleep(_AGAIN)
        finally:
            with log_errors(logger, "could not tell other servers that this one stops"):
                async with asyncio.timeout(_FAREWELL):
                    await servers.forget(self._pool, self._id)

    async def _look(self) -> None:
        id = self._key.id
        if id is None:
            return
        await servers.register(self._pool, self._id, self._name, id)
        others = await servers.with_other_keys(self._pool, id)
        if others and others != self._warned:
            named = ", ".join(others)
            logger.warning("%s signs the sessions of browsers with another key; %s", named, MEND)
        self._warned = others
