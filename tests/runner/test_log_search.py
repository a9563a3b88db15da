"""Every way to read a log with a filter, compared with a filter in Python over all lines."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from models.ids import new_id
from models.lifecycle.commands.records import Delete
from models.logs import LogLevel, LogStream
from runner.store.execution.failures import OfAttempt, last_error_lines
from runner.store.execution.removal import remove
from runner.store.logs import log_search
from runner.store.logs.log_blocks import SIZE
from runner.store.logs.log_lines import (
    LinesOf,
    NewLine,
    append_lines,
    count_lines,
    lines_after,
    lines_before,
)
from runner.store.logs.log_search import Matches, count_by_level, search_lines
from runner.store.postgres.database import Database, migrate, open_database
from tests.runner.stored import NOW, store_execution, store_task_run
from tests.runner.upgrades import migrate_to

LINES = 3 * SIZE + 456
COLOURED = "\x1b[31mFai\x1b[0mled\x1b[0m: 100% of_it\\"


def written(id: UUID, runs: Sequence[UUID]) -> list[NewLine]:
    """The first task run writes in the first and the last block only; some lines of the second arrived without its
    id."""
    chance = random.Random(7)
    lines = []
    for number in range(1, LINES + 1):
        level = LogLevel.ERROR if number % 700 == 3 else chance.choice(list(LogLevel)[:4])
        run = chance.choice(runs[1:])
        if number in (5, 900, LINES):
            run = runs[0]
        without_id = run == runs[1] and number % 500 == 0
        stream = LogStream.SYSTEM if number in (SIZE, SIZE + 1) else chance.choice([*LogStream][:2])
        text = COLOURED if number % 1_234 == 9 else f"line {number} Größe"
        at = NOW + timedelta(seconds=number)
        path = "load" if run == runs[1] else "other"
        lines.append(
            NewLine(id, None if without_id else run, path, 1 + number % 2, at, level, stream, text)
        )
    return lines


@pytest.fixture
async def log(database: Database) -> tuple[UUID, list[UUID], list[NewLine]]:
    """Writes a log in batches that do not match the blocks, mixed with the lines of another execution."""
    id = await store_execution(database.pool)
    runs = [new_id(), await store_task_run(database.pool, id), new_id()]
    lines = written(id, runs)
    for start in range(0, LINES, 700):
        await append_lines(database.pool, lines[start : start + 700])
        await append_lines(database.pool, written(runs[0], runs)[:3])
    return id, runs, lines


def matches(wanted: LinesOf, path: str | None, line: NewLine) -> bool:
    return (
        (
            wanted.task_run_id is None
            or line.task_run_id == wanted.task_run_id
            or (line.task_run_id is None and line.path == path)
        )
        and wanted.attempt in (None, line.attempt)
        and (wanted.min_level is None or line.level >= wanted.min_level)
        and wanted.stream in (None, line.stream)
        and (wanted.until is None or line.at <= wanted.until)
    )


async def test_every_filter_equals_filtering_all_lines(
    database: Database, log: tuple[UUID, list[UUID], list[NewLine]]
) -> None:
    id, runs, lines = log
    pool, past = database.pool, NOW + timedelta(seconds=SIZE + 7)
    filters = product(
        (None, *runs), (None, 2), (None, LogLevel.WARN, LogLevel.ERROR), (None, past),
        (None, *LogStream),
    )  # fmt: skip
    for run, attempt, level, until, stream in filters:
        wanted = LinesOf(id, run, attempt, level, until, stream)
        path = "load" if run == runs[1] else None
        all_ = [n for n, line in enumerate(lines, 1) if matches(wanted, path, line)]
        for at in (0, 4, 900, SIZE - 1, SIZE, SIZE + 1, LINES - 1, LINES):
            after = [row.line for row in await lines_after(pool, wanted, at, 3)]
            assert after == [n for n in all_ if n > at][:3], (wanted, at)
            before = [row.line for row in await lines_before(pool, wanted, at, 3)]
            assert before == [n for n in all_ if n < at][-3:], (wanted, at)
        assert await count_lines(pool, wanted) == (len(all_), True), wanted
        counted = await count_by_level(pool, wanted)
        levels = [lines[n - 1].level for n in all_]
        assert counted == {one: (levels.count(one), True) for one in sorted(set(levels))}, wanted
        found = await search_lines(pool, wanted, "FAILED", 0, 1_000)
        said = [n for n in all_ if lines[n - 1].text == COLOURED]
        assert found == Matches(said, LINES, True), wanted
        assert await search_lines(pool, wanted, None, 0, 5_000) == Matches(all_, LINES, True)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("fai", 9), ("failed: 100%", 9), ("100_", None), ("0% of_it\\", 9), ("o%f", None), ("31m", None),
        ("GRÖSSE", None), ("GRÖ", 1), ("größe", 1), ("line 1234 g", 1_234), ("line 1 ", 1),
    ],
)  # fmt: skip
async def test_text_search_uses_visible_text_in_any_case(
    database: Database, log: tuple[UUID, list[UUID], list[NewLine]], text: str, number: int | None
) -> None:
    found = await search_lines(database.pool, LinesOf(log[0]), text, 0, 1)
    assert list(found.lines) == ([number] if number else [])


async def test_a_search_continues_from_its_cursor(
    database: Database, log: tuple[UUID, list[UUID], list[NewLine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "MAX_BLOCKS", 2)
    monkeypatch.setattr(log_search, "_BLOCKS_AT_ONCE", 1)
    id, _, lines = log
    pool, all_ = database.pool, [n for n, line in enumerate(lines, 1) if line.text == COLOURED]
    assert await search_lines(pool, LinesOf(id), "nowhere", 10, 5) == Matches([], 2 * SIZE, False)
    assert await search_lines(pool, LinesOf(id), "nowhere", 2 * SIZE, 5) == Matches([], LINES, True)
    assert await search_lines(pool, LinesOf(id), "nowhere", 2**40, 5) == Matches([], LINES, True)
    assert await search_lines(pool, LinesOf(id), "failed", 0, 1) == Matches([9], 9, False)
    found: list[int] = []
    after, complete = 0, False
    while not complete:
        part = await search_lines(pool, LinesOf(id), "failed", after, 2)
        found += part.lines
        assert part.searched_to > after
        after, complete = part.searched_to, part.complete
    assert found == all_


async def test_a_search_stops_when_it_has_taken_long(
    database: Database, log: tuple[UUID, list[UUID], list[NewLine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "_BLOCKS_AT_ONCE", 1)
    monkeypatch.setattr(log_search, "_TIME_LIMIT", 0.0)
    found = await search_lines(database.pool, LinesOf(log[0]), "nowhere", 0, 5)
    assert found == Matches([], SIZE, False)


class Read:
    """A pool that counts the bytes that are read."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.size = 0

    async def fetch(self, *call: Any) -> Any:
        rows = await self._pool.fetch(*call)
        self.size += sum(len(str(value)) for row in rows for value in row)
        return rows

    async def fetchval(self, *call: Any) -> Any:
        return await self._pool.fetchval(*call)


@pytest.mark.parametrize("stream", [None, LogStream.SYSTEM])
async def test_without_a_text_filter_no_text_is_read(
    database: Database, stream: LogStream | None
) -> None:
    id = await store_execution(database.pool)
    line = NewLine(id, None, None, None, NOW, LogLevel.INFO, LogStream.SYSTEM, "x" * 10_000)
    await append_lines(database.pool, [line] * 3)
    pool = Read(database.pool)
    found = await search_lines(pool, LinesOf(id, stream=stream), None, 0, 5)  # type: ignore[arg-type]
    assert found == Matches([1, 2, 3], 3, True)
    assert pool.size < 1_000


async def test_an_empty_log_has_no_matches(database: Database) -> None:
    none = LinesOf(new_id())
    assert await search_lines(database.pool, none, "x", 7, 5) == Matches([], 0, True)
    assert await search_lines(database.pool, none, None, 0, 5) == Matches([], 0, True)
    assert await count_by_level(database.pool, none) == {}


async def test_counts_are_deleted_with_the_log(
    database: Database, log: tuple[UUID, list[UUID], list[NewLine]]
) -> None:
    count = "select count(*) from log_blocks where execution_id = $1"
    assert await database.pool.fetchval(count, log[0]) > 0
    async with database.pool.acquire() as connection, connection.transaction():
        await remove(connection, {log[0]: Delete()})
    assert await database.pool.fetchval(count, log[0]) == 0


def last_error(run: UUID, path: str | None, attempt: int, until: Any, lines: list[NewLine]) -> Any:
    """Returns the number of the last line of level ERROR, else of the last on stderr, by reading all lines."""
    wanted = LinesOf(run, run, attempt, until=until)
    own = [(n, line) for n, line in enumerate(lines, 1) if matches(wanted, path, line)]
    errors = [n for n, line in own if line.level >= LogLevel.ERROR]
    stderr = [n for n, line in own if line.stream == LogStream.STDERR]
    return max(errors or stderr, default=None)


async def test_the_last_error_equals_that_of_reading_all(
    database: Database, log: tuple[UUID, list[UUID], list[NewLine]]
) -> None:
    id, runs, lines = log
    moments = (None, *(NOW + timedelta(seconds=s) for s in (2, 4, 701, SIZE, SIZE + 500, LINES)))
    requests = [OfAttempt(id, *of) for of in product(runs, (1, 2, 3), moments)]
    paths = {runs[1]: "load"}
    expected = [
        last_error(one[1], paths.get(one[1]), one[2] or 0, one[3], lines) for one in requests
    ]
    assert await last_error_lines(database.pool, requests) == expected
    assert len({*expected}) > 10


async def test_an_error_is_found_however_much_was_written_after_it(database: Database) -> None:
    id, run = await store_execution(database.pool), new_id()
    said = NewLine(id, run, "load", 1, NOW, LogLevel.INFO, LogStream.STDOUT, "x")
    error = replace(said, level=LogLevel.ERROR)
    await append_lines(database.pool, [error, *[said] * 21_000])
    assert await last_error_lines(database.pool, [OfAttempt(id, run, 1)]) == [1]


COUNTED = "select * from log_blocks order by log_blocks::text"
COUNTED_ANEW = """
select execution_id, ((line - 1) / 1000)::int as block, task_run_id, path, attempt, level, stream,
  count(*)::int as lines, min(at) as since
from logs group by 1, 2, 3, 4, 5, 6, 7
"""


async def test_lines_of_an_earlier_release_are_counted_and_those_written_meanwhile(
    empty_database_url: str,
) -> None:
    async with open_database(empty_database_url) as database:
        await migrate_to(database, "0024_told_since")
        ids = [new_id(), new_id(), new_id()]
        runs = [new_id(), new_id()]
        lines = [written(id, [runs[0], *runs]) for id in ids]
        await append_lines(database.pool, lines[0][:1_500])
        await append_lines(database.pool, lines[1][:1_000])
        await migrate_to(database, "0027_last_metrics")
        await append_lines(database.pool, lines[0][1_500:2_700])
        await append_lines(database.pool, lines[2][:7])
        await database.pool.execute("delete from logs where execution_id = $1", ids[1])
        await database.pool.execute("delete from log_heads where execution_id = $1", ids[1])
        await migrate(database)
        await append_lines(database.pool, lines[0][2_700:])
        counted = await database.pool.fetch(COUNTED)
        anew = f"select * from ({COUNTED_ANEW}) log_blocks order by log_blocks::text"
        assert counted == await database.pool.fetch(anew)
        assert {row["execution_id"] for row in counted} == {ids[0], ids[2]}
