"""Enforces the timeout of an attempt. A pause stops the attempt's clock: when the timer fires, the counted time is read
from the database, and the timer is started again for what remains."""

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

_POLL_SECONDS = 0.5
"""The interval in which a paused clock is read to see whether it runs again."""
_TOLERANCE_SECONDS = 0.01


@asynccontextmanager
async def enforce_timeout(pool: Pool, attempt: AttemptContext) -> AsyncIterator[None]:
    """Cancels the attempt when its timeout ends within this context; does nothing without a timeout."""
    if attempt.spec.timeout is None:
        yield
        return
    timer = asyncio.create_task(_cancel_when_over(pool, attempt, attempt.spec.timeout))
    try:
        yield
    finally:
        timer.cancel()
        await asyncio.wait({timer})
        if not timer.cancelled():
            timer.result()


async def _cancel_when_over(pool: Pool, attempt: AttemptContext, timeout: float) -> None:
    left = timeout
    while left > _TOLERANCE_SECONDS:
        await asyncio.sleep(left)
        left = await _left(pool, attempt, timeout)
    attempt.cancellation.cancel(CancelReason.TIMED_OUT, attempt.spec.kill_grace)


async def _left(pool: Pool, attempt: AttemptContext, timeout: float) -> float:
    try:
        so_far = await counted(pool, attempt.task.id)
    except UNREACHABLE as error:
        logger.warning("could not check the timeout of %s; trying again: %s", attempt, error)
        return _POLL_SECONDS
    left = timeout - so_far.seconds
    return left if so_far.running or left <= _TOLERANCE_SECONDS else max(left, _POLL_SECONDS)
