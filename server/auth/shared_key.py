"""Warns if servers of one database sign sessions with different keys: a browser would be signed in at some only."""

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

_INTERVAL: Final = 10.0
"""Seconds. A server that has not reported for three intervals counts as stopped."""
_FAREWELL: Final = 2.0
HINT: Final = (
    "give all servers of a database the same session.key, or the same session_key: else a browser that signs in at one "
    "is not signed in at the others"
)


class SharedKey(Loop):
    """Records in the database that this server runs, and warns of servers that sign with another key."""

    def __init__(self, pool: Pool, key: SessionKey) -> None:
        super().__init__()
        self._pool, self._key = pool, key
        self._id, self._name = new_id(), f"{socket.gethostname()} (process {os.getpid()})"
        self._warned: list[str] = []

    async def _run_loop(self) -> None:
        try:
            while True:
                with log_errors(logger, "could not check the session keys of other servers"):
                    await self._look()
                await asyncio.sleep(_INTERVAL)
        finally:
            with log_errors(logger, "could not record that this server stopped"):
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
            logger.warning("%s signs browser sessions with another key; %s", named, HINT)
        self._warned = others
