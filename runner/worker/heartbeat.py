"""Extends the leases of a worker from its own thread, on its own database connection.

So a lease stays valid as long as the process lives, even while the event loop is blocked by a costly request or all
connections of the pool are in use.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import asyncpg

from models.lifecycle.stopping import HEARTBEAT, LEASE
from runner.service.database_clock import DatabaseClock
from runner.service.outage import UNREACHABLE
from runner.store import workers
from runner.store.execution import leases
from runner.store.execution.leases import LeaseStatus
from runner.store.postgres.shares import SESSION

logger = logging.getLogger("headway.worker")

_RETRY_SECONDS = 0.5
_LOOP_BLOCKED_SECONDS = 300.0
"""Leases are not extended any more once the event loop has not responded for this long."""
_TIMEOUT_SECONDS = 2.5
"""With a lease of 10 s, two consecutive heartbeats may time out. The third begins one second before the lease ends."""


Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Beat:
    """`requested` are the leases to extend, `statuses` those of them that are still valid."""

    requested: Sequence[UUID]
    statuses: Sequence[LeaseStatus]


class Heartbeat:
    """Async context manager. `held` is called in the thread, `on_beat` in the event loop that entered the context.

    If that loop has not responded for minutes, its leases are left to expire, and other workers run its tasks.
    """

    def __init__(
        self,
        url: str,
        worker: UUID,
        clock: DatabaseClock,
        held: Callable[[], Sequence[UUID]],
        on_beat: Callable[[Beat], None],
    ) -> None:
        self._url = url
        self._worker = worker
        self._clock = clock
        self._held = held
        self._on_beat = on_beat
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._stop = asyncio.Event()
        self._loop_responded_at = monotonic()
        self._connection: asyncpg.Connection[Any] | None = None

    async def __aenter__(self) -> Self:
        self._loop, self._own_loop = asyncio.get_running_loop(), asyncio.new_event_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(RuntimeError):  # its thread has ended
            self._own_loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._own_loop) as runner:
            runner.run(self._beat_until_stopped())

    async def _beat_until_stopped(self) -> None:
        pause = HEARTBEAT
        while not await self._stopped_within(pause):
            pause = _RETRY_SECONDS
            beat = await self._try(self._beat(), "the leases of this worker could not be extended")
            if beat is None:
                continue
            if not self._deliver(beat):
                break
            if await self._try(self._record_alive(), "this worker could not record its heartbeat"):
                pause = HEARTBEAT
        self._disconnect()

    async def _try(self, work: Coroutine[Any, Any, Done], failure: str) -> Done | None:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await work
        except Exception as error:  # any error: the attempts continue and need their leases
            expected = isinstance(error, (asyncpg.PostgresError, *UNREACHABLE))
            logger.warning("%s: %r", failure, error, exc_info=None if expected else error)
            self._disconnect()
            return None

    def _deliver(self, beat: Beat) -> bool:
        """Passes `beat` to the event loop; False when that loop is closed."""
        try:
            self._loop.call_soon_threadsafe(self._receive, beat)
        except RuntimeError:
            if self._loop.is_closed():
                return False
            raise
        return True

    def _receive(self, beat: Beat) -> None:
        self._loop_responded_at = monotonic()
        self._on_beat(beat)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stop.wait()
        except TimeoutError:
            return False

    async def _beat(self) -> Beat:
        connection = await self._connected()
        blocked = monotonic() - self._loop_responded_at >= _LOOP_BLOCKED_SECONDS
        held = [] if blocked else self._held()
        return Beat(held, await leases.extend(connection, held, LEASE) if held else [])

    async def _record_alive(self) -> bool:
        """Called after the leases were extended, so that they never wait for this write."""
        if now := await workers.heartbeat(await self._connected(), self._worker):
            self._clock.set(now)
        return True

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._connection is None:
            self._connection = await asyncpg.connect(
                self._url,
                timeout=_TIMEOUT_SECONDS,
                server_settings={**SESSION, "lock_timeout": "1s"},
            )
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection = None
