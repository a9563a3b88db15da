"""Streams the log lines of an execution, or of one of its task runs."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from runner.notify.feed import Feed
from runner.service.retry import retry_until_available
from runner.store.logs.log_lines import BATCH, LinesOf, LogRow, head_and_end, lines_after
from runner.store.postgres.connection import Pool

_COALESCE: Final = 0.05
"""Seconds between two batches of a growing log."""
_PAGE: Final = 5_000


@dataclass(frozen=True, slots=True)
class LineBatch:
    """`cursor` is where the next batch begins. The last batch is `complete` and has no lines; its `line_count` and
    `sha256` are of all selected lines from the first on (each line's text and a newline, as UTF-8)."""

    lines: Sequence[LogRow]
    cursor: int
    complete: bool = False
    line_count: int | None = None
    sha256: str | None = None


# A writer locks the heads of its executions until it commits, so line numbers are committed in order.
async def stream_lines(
    pool: Pool,
    feed: Feed,
    wanted: LinesOf,
    after: int | None = None,
    shown: Callable[[str], str] = str,
) -> AsyncGenerator[LineBatch, None]:
    """Yields the lines after a number, then new ones, at most BATCH at a time, until the execution (or the selected
    task run) has ended and all lines are sent. Nothing is buffered for slow readers; a database outage only delays. The
    digest is of texts as they are `shown`."""
    sent = _Sum(shown) if after is None else None
    cursor = after or 0
    with feed.watch(f"e:{wanted.execution_id}", f"l:{wanted.execution_id}") as watch:
        while True:
            head, ended = await retry_until_available(pool, partial(head_and_end, pool, wanted))
            grown = cursor < head
            async for batch in _up_to(pool, wanted, cursor, head):
                cursor = batch.cursor
                if batch.lines:
                    if sent:
                        sent.add(batch.lines)
                    yield batch
            if ended:
                break
            if grown:
                await asyncio.sleep(_COALESCE)
            await watch.changed()
    total = sent or await _sum_up_to(pool, wanted, cursor, shown)
    yield LineBatch((), cursor, True, total.count, total.sha256.hexdigest())


async def _up_to(
    pool: Pool, wanted: LinesOf, cursor: int, head: int
) -> AsyncGenerator[LineBatch, None]:
    """Reads up to the head, also if no line matches, so that skipped lines are not read again."""
    while cursor < head:
        rows = await retry_until_available(pool, partial(lines_after, pool, wanted, cursor, BATCH))
        last = rows[-1].line if rows else cursor
        cursor = last if len(rows) == BATCH else max(head, last)
        yield LineBatch(rows, cursor)


class _Sum:
    def __init__(self, shown: Callable[[str], str]) -> None:
        self._shown = shown
        self.count = 0
        self.sha256 = hashlib.sha256()

    def add(self, lines: Iterable[LogRow]) -> None:
        for line in lines:
            self.count += 1
            self.sha256.update(self._shown(line.text).encode() + b"\n")


async def _sum_up_to(pool: Pool, wanted: LinesOf, last: int, shown: Callable[[str], str]) -> _Sum:
    total, cursor = _Sum(shown), 0
    while cursor < last:
        rows = await retry_until_available(pool, partial(lines_after, pool, wanted, cursor, _PAGE))
        total.add(row for row in rows if row.line <= last)
        cursor = rows[-1].line if len(rows) == _PAGE else last
    return total
