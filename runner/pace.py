"""Giving way to the rest of the event loop, heartbeats above all, within work that may be long."""

import asyncio
import time

_LONGEST = 0.05
"""Seconds that the loop is held without a break."""


class Pace:
    def __init__(self) -> None:
        self._since = time.monotonic()

    async def keep(self) -> None:
        """Between two pieces of the work."""
        if time.monotonic() - self._since > _LONGEST:
            await asyncio.sleep(0)
            self._since = time.monotonic()
