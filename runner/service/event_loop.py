"""Yields to the event loop during long work, so that other tasks can run."""

import asyncio
import time

_LONGEST = 0.05


class Checkpoint:
    def __init__(self, longest: float = _LONGEST) -> None:
        """`longest` is the number of seconds for which the event loop may be blocked."""
        self._longest = longest
        self._since = time.monotonic()

    async def keep(self) -> None:
        """To be awaited between two steps of the work: yields if the last yield is long enough ago."""
        if time.monotonic() - self._since > self._longest:
            await asyncio.sleep(0)
            self._since = time.monotonic()
