"""The timeout of an attempt. When its time is up, it is asked how much of it has counted: a pause stops the clock, and
what is left is still to come."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runner.attempt.attempt import AttemptContext
from runner.attempt.cancellation import CancelReason
from runner.service.outage import UNREACHABLE
from runner.store.execution.clocks import counted
from runner.store.postgres.connection import Pool

logger = logging.getLogger("headway.worker")

_LOOK_AGAIN = 0.5
"""Seconds until it is asked again whether a clock that stands still goes."""
_CLOSE_ENOUGH = 0.01


@asynccontextmanager
async def alarm(pool: Pool, attempt: AttemptContext) -> AsyncIterator[None]:
    """Within it the attempt is told to stop when its timeout is over; without a timeout never."""
    if attempt.spec.timeout is None:
        yield
        return
    ringing = asyncio.create_task(_ring(pool, attempt, attempt.spec.timeout))
    try:
        yield
    finally:
        ringing.cancel()
        await asyncio.wait({ringing})
        if not ringing.cancelled():
            ringing.result()


async def _ring(pool: Pool, attempt: AttemptContext, timeout: float) -> None:
    left = timeout
    while left > _CLOSE_ENOUGH:
        await asyncio.sleep(left)
        left = await _left(pool, attempt, timeout)
    attempt.stop.cancel(CancelReason.TIMED_OUT, attempt.spec.kill_grace)


async def _left(pool: Pool, attempt: AttemptContext, timeout: float) -> float:
    try:
        so_far = await counted(pool, attempt.task.id)
    except UNREACHABLE as error:
        logger.warning("whether %s has timed out waits: %s", attempt.task.path, error)
        return _LOOK_AGAIN
    left = timeout - so_far.seconds
    return left if so_far.running or left <= _CLOSE_ENOUGH else max(left, _LOOK_AGAIN)
