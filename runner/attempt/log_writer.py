"""Log lines of all attempts of a worker, gathered and stored a few times a second.

Memory is bounded: while too much waits to be stored, `AttemptLog.add` waits too, and the pipe of the task is not read.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from uuid import UUID

from models.errors import Unavailable
from models.logs import LogLevel, LogStream
from runner.attempt.line_splitter import LineSplitter
from runner.attempt.masking import Mask
from runner.service.database_clock import DatabaseClock
from runner.service.loop import Loop
from runner.service.outage import UNREACHABLE
from runner.store.logs.log_lines import NewLine

logger = logging.getLogger("headway.logbook")

_PAUSE = 0.05
"""Seconds that lines gather unless somebody waits for them."""
_LARGEST = 5_000
_ROOM = 16 * 1024 * 1024
"""Characters that may wait."""
_LINE_COST = 200
"""The cost of a line beside its text, in characters."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_LAST_WAIT = 5.0

Write = Callable[[Sequence[NewLine]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the log of one attempt."""

    lines: int = 1_000_000
    characters: int = 256 * 1024 * 1024


class LogWriter(Loop):
    """Async context manager; what is in it is stored before it is left."""

    def __init__(
        self, write: Write, limits: Limits | None = None, clock: DatabaseClock | None = None
    ) -> None:
        super().__init__()
        self._write = write
        self.clock = clock or DatabaseClock()
        self.limits = limits or Limits()
        self._lines: deque[NewLine] = deque()
        self._size = 0
        self._put = 0
        self._stored = 0
        self._some = asyncio.Event()
        self._hurry = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            async with asyncio.timeout(_LAST_WAIT):
                await self.stored(self._put)
        except TimeoutError:
            logger.error("%d log lines could not be stored", self._put - self._stored)
        await super().__aexit__(kind, error, trace)

    def page(
        self,
        execution_id: UUID,
        task_run_id: UUID,
        path: str,
        attempt: int,
        attempt_id: UUID,
        mask: Mask | None = None,
    ) -> "AttemptLog":
        place = (execution_id, task_run_id, path, attempt)
        return AttemptLog(self, place, attempt_id, Mask() if mask is None else mask)

    async def put(self, lines: Sequence[NewLine]) -> int:
        """Waits for room; the number by which `stored` knows the last of them."""
        await self._room.wait()
        self._lines.extend(lines)
        self._size += sum(len(line.text) + _LINE_COST for line in lines)
        self._put += len(lines)
        self._some.set()
        if self._size >= _ROOM:
            self._room.clear()
        if len(self._lines) >= _LARGEST:
            self._hurry.set()
        return self._put

    async def stored(self, number: int) -> None:
        """Returns when the line of this number and all before it are committed."""
        if number <= self._stored:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((number, done))
        self._hurry.set()
        await done

    async def _run_loop(self) -> None:
        while True:
            await self._some.wait()
            try:
                async with asyncio.timeout(_PAUSE):
                    await self._hurry.wait()
            except TimeoutError:
                pass
            self._hurry.clear()
            while self._lines:
                batch = [self._lines.popleft() for _ in range(min(_LARGEST, len(self._lines)))]
                await self._store(batch)
                self._account(batch)
            self._some.clear()

    async def _store(self, batch: Sequence[NewLine]) -> None:
        """Until it is; a line that cannot be is dropped alone."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._write(batch)
                return
            except (Unavailable, *UNREACHABLE) as error:
                logger.warning("%d log lines wait for the database: %s", len(batch), error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception:
                await self._store_apart(batch)
                return

    async def _store_apart(self, batch: Sequence[NewLine]) -> None:
        if len(batch) == 1:
            logger.exception("a log line of %s was refused", batch[0].path)
            return
        half = len(batch) // 2
        await self._store(batch[:half])
        await self._store(batch[half:])

    def _account(self, batch: Sequence[NewLine]) -> None:
        self._stored += len(batch)
        self._size -= sum(len(line.text) + _LINE_COST for line in batch)
        if self._size < _ROOM:
            self._room.set()
        late: list[tuple[int, asyncio.Future[None]]] = []
        for number, done in self._waiting:
            if number > self._stored:
                late.append((number, done))
            elif not done.done():
                done.set_result(None)
        self._waiting = late


class AttemptLog:
    """The log of one attempt; what its mask hides does not get into it."""

    def __init__(
        self,
        book: LogWriter,
        place: tuple[UUID, UUID, str, int],
        attempt_id: UUID,
        mask: Mask,
    ) -> None:
        self._book = book
        self._mask = mask
        self._place = place
        self._attempt_id = attempt_id
        self._lines = 0
        self._characters = 0
        self._full = False
        self._closed = False
        self._last = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more of the task is kept: the limits are reached, or the page is closed."""
        return self._full or self._closed

    def close(self) -> None:
        """The attempt has ended without this worker: what is still written of it is dropped."""
        self._closed = True

    async def add(self, texts: Sequence[str], stream: LogStream, level: LogLevel) -> None:
        """Lines as the task wrote them; beyond the limits they are dropped, and one line says so."""
        if self.is_full or not texts:
            return
        limits = self._book.limits
        kept: list[str] = []
        for text in texts:
            self._lines += 1
            self._characters += len(text)
            if self._lines > limits.lines or self._characters > limits.characters:
                self._full = True
                break
            kept.append(text)
        await self._put(kept, stream, level)
        if self._full:
            await self.note("log limit reached; the rest is dropped", LogLevel.WARN)

    async def note(self, text: str, level: LogLevel = LogLevel.INFO) -> None:
        """A line of Headway's own."""
        cutter = LineSplitter(self._mask)
        texts = cutter.feed(text.encode("utf-8", "replace")) + cutter.end()
        await self._put(texts, LogStream.SYSTEM, level)

    def now(self) -> datetime:
        return self._book.clock.now()

    async def flushed(self) -> None:
        """Returns when every line so far is committed."""
        await self._book.stored(self._last)

    async def _put(self, texts: Sequence[str], stream: LogStream, level: LogLevel) -> None:
        if not texts or self._closed:
            return
        place, now, id = self._place, self.now(), self._attempt_id
        lines = [NewLine(*place, now, level, stream, self._mask.text(text), id) for text in texts]
        self._last = await self._book.put(lines)
