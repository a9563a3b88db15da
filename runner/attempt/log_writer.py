"""Collects the log lines of all attempts of a worker and stores them in batches, several times a second.

Memory is bounded: while too many characters are buffered, `AttemptLog.add` blocks, and so the pipe of the task is not
read.
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
from runner.service.log_refs import LogRef
from runner.service.loop import Loop
from runner.service.outage import UNREACHABLE
from runner.store.logs.log_lines import NewLine

logger = logging.getLogger("headway.log_writer")

_PAUSE = 0.05
"""Seconds for which lines are collected unless somebody waits for them."""
_MAX_BATCH_LINES = 5_000
_MAX_BUFFERED = 16 * 1024 * 1024
"""Characters."""
_LINE_COST = 200
"""Characters that are counted for each line in addition to its text."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_EXIT_SECONDS = 5.0

Write = Callable[[Sequence[NewLine]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the log of one attempt."""

    lines: int = 1_000_000
    characters: int = 256 * 1024 * 1024


class LogWriter(Loop):
    """Async context manager; leaving it first stores all buffered lines."""

    def __init__(
        self, write: Write, limits: Limits | None = None, clock: DatabaseClock | None = None
    ) -> None:
        super().__init__()
        self._write = write
        self.clock = clock or DatabaseClock()
        self.limits = limits or Limits()
        self._lines: deque[NewLine] = deque()
        self._size = 0
        self._written = 0
        self._stored = 0
        self._some = asyncio.Event()
        self._flush = asyncio.Event()
        self._has_capacity = asyncio.Event()
        self._has_capacity.set()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            async with asyncio.timeout(_EXIT_SECONDS):
                await self.wait_stored(self._written)
        except TimeoutError:
            logger.error("%d log lines could not be stored", self._written - self._stored)
        await super().__aexit__(kind, error, trace)

    def attempt_log(
        self,
        execution_id: UUID,
        task_run_id: UUID,
        path: str,
        attempt: int,
        attempt_id: UUID,
        mask: Mask | None = None,
    ) -> "AttemptLog":
        source = (execution_id, task_run_id, path, attempt)
        return AttemptLog(self, source, attempt_id, Mask() if mask is None else mask)

    async def write(self, lines: Sequence[NewLine]) -> int:
        """Blocks while the buffer is full. Returns the number of the last line, for `wait_stored`."""
        await self._has_capacity.wait()
        self._lines.extend(lines)
        self._size += sum(len(line.text) + _LINE_COST for line in lines)
        self._written += len(lines)
        self._some.set()
        if self._size >= _MAX_BUFFERED:
            self._has_capacity.clear()
        if len(self._lines) >= _MAX_BATCH_LINES:
            self._flush.set()
        return self._written

    async def wait_stored(self, number: int) -> None:
        """Returns when the line with this number and all earlier ones are committed."""
        if number <= self._stored:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((number, done))
        self._flush.set()
        await done

    async def _run_loop(self) -> None:
        while True:
            await self._some.wait()
            try:
                async with asyncio.timeout(_PAUSE):
                    await self._flush.wait()
            except TimeoutError:
                pass
            self._flush.clear()
            while self._lines:
                batch = [
                    self._lines.popleft() for _ in range(min(_MAX_BATCH_LINES, len(self._lines)))
                ]
                await self._store(batch)
                self._account(batch)
            self._some.clear()

    async def _store(self, batch: Sequence[NewLine]) -> None:
        """Retries until the lines are stored; only those that the database refuses are dropped."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._write(batch)
                return
            except (Unavailable, *UNREACHABLE) as error:
                logger.warning("could not store %d log lines; trying again: %s", len(batch), error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception:
                await self._store_apart(batch)
                return

    async def _store_apart(self, batch: Sequence[NewLine]) -> None:
        if len(batch) == 1:
            line = batch[0]
            ref = LogRef(line.execution_id, line.path)
            logger.exception("the database refused a log line of %s", ref)
            return
        half = len(batch) // 2
        await self._store(batch[:half])
        await self._store(batch[half:])

    def _account(self, batch: Sequence[NewLine]) -> None:
        self._stored += len(batch)
        self._size -= sum(len(line.text) + _LINE_COST for line in batch)
        if self._size < _MAX_BUFFERED:
            self._has_capacity.set()
        waiting: list[tuple[int, asyncio.Future[None]]] = []
        for number, done in self._waiting:
            if number > self._stored:
                waiting.append((number, done))
            elif not done.done():
                done.set_result(None)
        self._waiting = waiting


class AttemptLog:
    """The log of one attempt, masked."""

    def __init__(
        self, writer: LogWriter, source: tuple[UUID, UUID, str, int], attempt_id: UUID, mask: Mask
    ) -> None:
        self._writer = writer
        self._mask = mask
        self._source = source
        self._attempt_id = attempt_id
        self._lines = 0
        self._characters = 0
        self._full = False
        self._closed = False
        self._last = 0

    @property
    def is_full(self) -> bool:
        """True if further lines of the task are dropped: a limit is reached, or the log is closed."""
        return self._full or self._closed

    def close(self) -> None:
        """Drops all further lines: the attempt was ended by others."""
        self._closed = True

    async def add(self, texts: Sequence[str], stream: LogStream, level: LogLevel) -> None:
        """Adds lines of the task; those beyond the limits are dropped, and one line says so."""
        if self.is_full or not texts:
            return
        limits = self._writer.limits
        kept: list[str] = []
        for text in texts:
            self._lines += 1
            self._characters += len(text)
            if self._lines > limits.lines or self._characters > limits.characters:
                self._full = True
                break
            kept.append(text)
        await self._write(kept, stream, level)
        if self._full:
            await self.note("log limit reached; the rest is dropped", LogLevel.WARN)

    async def note(self, text: str, level: LogLevel = LogLevel.INFO) -> None:
        """Adds a message of Headway itself."""
        splitter = LineSplitter(self._mask)
        texts = splitter.feed(text.encode("utf-8", "replace")) + splitter.end()
        await self._write(texts, LogStream.SYSTEM, level)

    def now(self) -> datetime:
        return self._writer.clock.now()

    async def flushed(self) -> None:
        """Returns when every line so far is committed."""
        await self._writer.wait_stored(self._last)

    async def _write(self, texts: Sequence[str], stream: LogStream, level: LogLevel) -> None:
        if not texts or self._closed:
            return
        source, now, id = self._source, self.now(), self._attempt_id
        lines = [NewLine(*source, now, level, stream, self._mask.text(text), id) for text in texts]
        self._last = await self._writer.write(lines)
