"""The log writer with stores that fail or are slow."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from models.errors import Unavailable
from models.logs import LogLevel, LogStream
from runner.attempt.log_writer import AttemptLog, Limits, LogWriter
from runner.store.logs.log_lines import NewLine

DEADLINE = 10.0


class Shelf:
    """Stores lines; refuses them while it is closed."""

    def __init__(self) -> None:
        self.lines: list[NewLine] = []
        self.open = asyncio.Event()
        self.open.set()
        self.refused = asyncio.Event()

    async def write(self, lines: Sequence[NewLine]) -> None:
        if not self.open.is_set():
            self.refused.set()
            raise Unavailable("closed")
        if any(line.text == "bad" for line in lines):
            raise ValueError("bad")
        self.lines += lines

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]


def page_of(book: LogWriter) -> AttemptLog:
    return book.attempt_log(uuid4(), uuid4(), "task", 1, uuid4())


async def test_flushed_means_stored() -> None:
    shelf = Shelf()
    async with LogWriter(shelf.write) as book:
        page = page_of(book)
        await page.add(["a", "b"], LogStream.STDOUT, LogLevel.INFO)
        await page.note("c\nd", LogLevel.ERROR)
        await asyncio.wait_for(page.flushed(), DEADLINE)
        assert shelf.texts == ["a", "b", "c", "d"]
        assert shelf.lines[-1].stream is LogStream.SYSTEM


async def test_lines_that_cannot_be_stored_now_are_stored_later() -> None:
    shelf = Shelf()
    async with LogWriter(shelf.write) as book:
        page = page_of(book)
        shelf.open.clear()
        await page.add(["a"], LogStream.STDOUT, LogLevel.INFO)
        await asyncio.wait_for(shelf.refused.wait(), DEADLINE)
        await page.add(["b"], LogStream.STDOUT, LogLevel.INFO)
        shelf.open.set()
        await asyncio.wait_for(page.flushed(), DEADLINE)
    assert shelf.texts == ["a", "b"]


async def test_one_bad_line_does_not_take_the_others_with_it() -> None:
    shelf = Shelf()
    async with LogWriter(shelf.write) as book:
        page = page_of(book)
        await page.add(["a", "b", "bad", "c"], LogStream.STDOUT, LogLevel.INFO)
        await asyncio.wait_for(page.flushed(), DEADLINE)
    assert shelf.texts == ["a", "b", "c"]


async def test_a_task_that_writes_too_much_waits() -> None:
    shelf = Shelf()
    async with LogWriter(shelf.write) as book:
        page = page_of(book)
        shelf.open.clear()
        long = "x" * 1024 * 1024
        writing = asyncio.create_task(_write(page, [long] * 40))
        await asyncio.wait_for(shelf.refused.wait(), DEADLINE)
        assert not writing.done()
        shelf.open.set()
        await asyncio.wait_for(writing, DEADLINE)
        await asyncio.wait_for(page.flushed(), DEADLINE)
    assert len(shelf.lines) == 40


async def _write(page: AttemptLog, texts: list[str]) -> None:
    for text in texts:
        await page.add([text], LogStream.STDOUT, LogLevel.INFO)


async def test_the_limit_is_reported_once_and_the_rest_dropped() -> None:
    shelf = Shelf()
    async with LogWriter(shelf.write, Limits(lines=3)) as book:
        page = page_of(book)
        for _ in range(3):
            await page.add(["a", "b"], LogStream.STDOUT, LogLevel.INFO)
        await asyncio.wait_for(page.flushed(), DEADLINE)
    assert shelf.texts == ["a", "b", "a", "log limit reached; the rest is dropped"]
