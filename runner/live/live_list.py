"""The part that live lists of executions and of approval requests have in common: whether what they show is current."""

import asyncio
import random

from runner.live.freshness import Freshness


class LiveList:
    """`pause` is the number of seconds after which the list is refreshed even without a notification."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._freshness = Freshness.STALE
        self._woken = asyncio.Event()
        self._due = 0.0

    async def wait_changed(self) -> None:
        """Waits until the list may have changed since the last call."""
        try:
            async with asyncio.timeout_at(self._due):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()
        if asyncio.get_running_loop().time() >= self._due:
            self._freshness = Freshness.STALE

    def invalidate(self) -> None:
        """Requires a refresh: anything may have changed."""
        self._freshness = Freshness.STALE
        self.wake()

    def wake(self) -> None:
        self._woken.set()

    def _start_refresh(self) -> None:
        """Call this before reading the rows: changes that arrive meanwhile may be in them or not."""
        self._freshness = Freshness.REFRESHING
        self._due = asyncio.get_running_loop().time() + random.uniform(0.8, 1) * self._pause

    def _finish_refresh(self) -> None:
        """The rows are current, unless the list was invalidated while they were read."""
        if self._freshness is Freshness.REFRESHING:
            self._freshness = Freshness.CURRENT
