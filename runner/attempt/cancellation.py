"""Cancels a running attempt: because it is killed, timed out, drained, or its lease is lost."""

import asyncio
from collections.abc import Coroutine, Mapping
from enum import StrEnum
from typing import Any, TypeVar

Result = TypeVar("Result")


class CancelReason(StrEnum):
    KILLED = "KILLED"
    TIMED_OUT = "TIMED_OUT"
    DRAINED = "DRAINED"
    LEASE_LOST = "LEASE_LOST"
    """The lease was revoked or given to another worker: the result will not be accepted."""


class Stopped(Exception):
    """The attempt was cancelled; `CancellationToken.reason` says why."""

    def __init__(
        self, exit_code: int | None = None, resources: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__("stopped")
        self.exit_code = exit_code
        self.resources = resources


class CancellationToken:
    """Keeps the first reason, except that LEASE_LOST replaces any other."""

    def __init__(self) -> None:
        self.reason: CancelReason | None = None
        self.grace = 0.0
        self.force = asyncio.Event()
        """Set when the grace period is over, or there is none."""
        self._cancelled = asyncio.Event()

    def cancel(self, reason: CancelReason, grace: float = 0.0) -> None:
        if self.reason is None:
            self.grace = grace
            self.reason = reason
        elif reason is CancelReason.LEASE_LOST:
            self.reason = reason
        if grace <= 0:
            self.force.set()
        self._cancelled.set()

    async def wait(self) -> None:
        await self._cancelled.wait()

    async def cancels(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Returns the result of `work`, or cancels it and raises Stopped when the attempt is cancelled first."""
        running = asyncio.ensure_future(work)
        cancelled = asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait({running, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise Stopped
            return running.result()
        finally:
            cancelled.cancel()
            running.cancel()
            await asyncio.wait({running, cancelled})
            if not running.cancelled():
                running.exception()
