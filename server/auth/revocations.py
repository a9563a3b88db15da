"""Ends open connections whose credential was revoked, expired or changed."""

import asyncio
import logging
from typing import Final

from runner.service.loop import Loop, log_errors
from runner.store.access.holders import Holders
from server.auth.auth import Door

logger = logging.getLogger("headway.access")

_INTERVAL: Final = 0.5
"""Seconds between two checks, so that a connection ends within two seconds of a revocation."""


class Revocations(Loop):
    """Detects within a second that any server changed a token, session, role or group, or that the session key was
    replaced."""

    def __init__(self, door: Door, holders: Holders) -> None:
        super().__init__()
        self._door, self._holders = door, holders
        self._seen: tuple[int, str | None] | None = None

    async def _run_loop(self) -> None:
        while True:
            with log_errors(logger, "could not check for revoked access"):
                seen = await self._holders.version(), self._door.key_id
                if seen != self._seen:
                    await self._door.look_again()
                    self._seen = seen
            await asyncio.sleep(_INTERVAL)
