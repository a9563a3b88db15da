"""Keeps the leases of a worker from a thread and on a connection of its own.

So a lease says that the process lives. It does not depend on an event loop that answers a costly request, or on a pool
whose connections are all in use.
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

_TRY_AGAIN = 0.5
_DEAF = 300.0
"""Seconds."""
_ANSWERS_WITHIN = 2.5
"""Seconds: of a lease of 10 s, two beats in a row may go without an answer. The third begins when a second is left."""


Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Beat:
    """`asked` are the leases that were to be extended, `statuses` those that still hold."""

    asked: Sequence[UUID]
    statuses: Sequence[LeaseStatus]


class Heartbeat:
    """Async context manager. `held` is called in the thread, `hear` in the loop that entered this.

    A loop that has not answered for minutes will not: its leases run out, and others run its tasks.
    """

    def __init__(
        self,
        url: str,
        worker: UUID,
        clock: DatabaseClock,
        held: Callable[[], Sequence[UUID]],
        hear: Callable[[Beat], None],
    ) -> None:
        self._url = url
        self._worker = worker
        self._clock = clock
        self._held = held
        self._hear = hear
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._stop = asyncio.Event()
        self._answered = monotonic()
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
            pause = _TRY_AGAIN
            beat = await self._tried(
                self._beat(), "the leases of this worker could not be extended"
            )
            if beat is None:
                continue
            if not self._told(beat):
                break
            if await self._tried(self._live(), "this worker could not be said to live"):
                pause = HEARTBEAT
        self._let_go()

    async def _tried(self, work: Coroutine[Any, Any, Done], told: str) -> Done | None:
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN):
                return await work
        except Exception as error:  # whatever it is, the attempts go on, and need their leases
            expected = isinstance(error, (asyncpg.PostgresError, *UNREACHABLE))
            logger.warning("%s: %r", told, error, exc_info=None if expected else error)
            self._let_go()
            return None

    def _told(self, beat: Beat) -> bool:
        """Whether there is still a loop to tell."""
        try:
            self._loop.call_soon_threadsafe(self._answer, beat)
        except RuntimeError:
            if self._loop.is_closed():
                return False
            raise
        return True

    def _answer(self, beat: Beat) -> None:
        self._answered = monotonic()
        self._hear(beat)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stop.wait()
        except TimeoutError:
            return False

    async def _beat(self) -> Beat:
        connection = await self._connected()
        held = self._held() if monotonic() - self._answered < _DEAF else []
        return Beat(held, await leases.extend(connection, held, LEASE) if held else [])

    async def _live(self) -> bool:
        """After the leases, which must not wait for it."""
        if now := await workers.heartbeat(await self._connected(), self._worker):
            self._clock.told(now)
        return True

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._connection is None:
            self._connection = await asyncpg.connect(
                self._url,
                timeout=_ANSWERS_WITHIN,
                server_settings={**SESSION, "lock_timeout": "1s"},
            )
        return self._connection

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection = None
