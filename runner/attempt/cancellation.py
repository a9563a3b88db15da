"""How an attempt is told to end before its time."""

import asyncio
from collections.abc import Coroutine, Mapping
from enum import StrEnum
from typing import Any, TypeVar

Result = TypeVar("Result")


class CancelReason(StrEnum):
    KILLED = "KILLED"
    TIMED_OUT = "TIMED_OUT"
    DRAINED = "DRAINED"
    VOID = "VOID"
    """Its lease is another's or nobody's: its result is worth nothing."""


class Stopped(Exception):
    """The run was stopped; `CancellationToken.reason` says why."""

    def __init__(
        self, exit_code: int | None = None, resources: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__("stopped")
        self.exit_code = exit_code
        self.resources = resources


class CancellationToken:
    """Asked at most for one reason, the first, but that a void lease comes before all others."""

    def __init__(self) -> None:
        self.reason: CancelReason | None = None
        self.grace = 0.0
        self.force = asyncio.Event()
        """Set when no grace is left."""
        self._asked = asyncio.Event()

    def cancel(self, reason: CancelReason, grace: float = 0.0) -> None:
        if self.reason is None:
            self.grace = grace
            self.reason = reason
        elif reason is CancelReason.VOID:
            self.reason = reason
        if grace <= 0:
            self.force.set()
        self._asked.set()

    async def wait(self) -> None:
        await self._asked.wait()

    async def cancels(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`; raises Stopped when it was cancelled because somebody asked to stop."""
        running = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise Stopped
            return running.result()
        finally:
            asked.cancel()
            running.cancel()
            await asyncio.wait({running, asked})
            if not running.cancelled():
                running.exception()
