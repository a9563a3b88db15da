"""Giving way to the rest of the event loop, heartbeats above all, within work that may be long."""

import asyncio
import time
from typing import Final

_LONGEST = 0.05
"""Seconds that the loop is held without a break."""


_TIMES: Final = 4
"""So often as long as a look took comes the rest after it: looks hold a fifth of the loop at most."""
_LONGEST_REST: Final = 5.0


def rest_after(busy: float, least: float) -> float:
    """Seconds between a look that kept the thread `busy` for so long and the next, `least` at the least. Of something
    large a look is long, and it may change with every one."""
    return min(max(least, _TIMES * busy), _LONGEST_REST)


class Pace:
    def __init__(self) -> None:
        self._since = time.monotonic()

    async def keep(self) -> None:
        """Between two pieces of the work."""
        if time.monotonic() - self._since > _LONGEST:
            await asyncio.sleep(0)
            self._since = time.monotonic()
