"""Giving way to the rest of the event loop, heartbeats above all, within work that may be long."""

import asyncio
import time

_LONGEST = 0.05


class Checkpoint:
    def __init__(self, longest: float = _LONGEST) -> None:
        """`longest` is how many seconds the loop is held without a break."""
        self._longest = longest
        self._since = time.monotonic()

    async def keep(self) -> None:
        """Between two pieces of the work."""
        if time.monotonic() - self._since > self._longest:
            await asyncio.sleep(0)
            self._since = time.monotonic()
