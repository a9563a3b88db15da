import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import asyncpg
import pytest
from broadcaster import Broadcast

from models.ids import new_id
from models.logs import LogLevel, LogStream
from models.states import ExecutionState
from runner.live.log_stream import LineBatch, stream_lines
from runner.notify.feed import Feed
from runner.notify.notifier import PostgresNotifier
from runner.service.outage import UNREACHABLE
from runner.store.execution.failures import OfAttempt, last_error_lines
from runner.store.logs import log_lines
from runner.store.logs.log_lines import (
    LinesOf,
    LogRow,
    NewLine,
    append_lines,
    count_lines,
    lines_after,
    lines_before,
)
from runner.store.postgres.database import Database
from tests.runner.proxy import proxy_to
from tests.runner.stored import NOW, end_task_run, record, store_execution, store_task_run

DEADLINE = 30


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[Feed]:
    async with Feed(Broadcast(backend=PostgresNotifier(database.connect_alone))) as feed:
        yield feed


def line(
    execution_id: UUID,
    text: str,
    task_run_id: UUID | None = None,
    attempt: int = 1,
    level: LogLevel = LogLevel.INFO,
    stream: LogStream = LogStream.STDOUT,
) -> NewLine:
    task_run_id = task_run_id or execution_id
    return NewLine(execution_id, task_run_id, "load", attempt, NOW, level, stream, text)


def sum_of(*texts: str) -> str:
    return hashlib.sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest()


def texts(rows: Sequence[LogRow]) -> list[str]:
    return [row.text for row in rows]


async def collect(
    database: Database, feed: Feed, wanted: LinesOf, after: int | None = None
) -> tuple[list[str], LineBatch]:
    seen: list[str] = []
    async with asyncio.timeout(DEADLINE):
        async for batch in stream_lines(database.pool, feed, wanted, after):
            assert batch.complete or 0 < len(batch.lines) <= log_lines.BATCH
            seen += texts(batch.lines)
    assert batch.complete
    return seen, batch


async def test_lines_are_numbered_within_their_execution(database: Database) -> None:
    one, other = new_id(), new_id()
    batch = [line(one, "a"), line(other, "b"), line(one, "c"), line(one, "d"), line(other, "e")]
    assert await append_lines(database.pool, batch) == [1, 1, 2, 3, 2]
    assert await append_lines(database.pool, [line(other, "f"), line(one, "g")]) == [3, 4]
    assert await append_lines(database.pool, []) == []
    assert texts(await lines_after(database.pool, LinesOf(one), None, 10)) == ["a", "c", "d", "g"]
    assert texts(await lines_after(database.pool, LinesOf(other), None, 10)) == ["b", "e", "f"]


async def test_a_row_is_the_line_that_was_written(database: Database) -> None:
    id, task = new_id(), new_id()
    new = line(id, "ünïcode \t\\ 🚀", task, 3, LogLevel.ERROR, LogStream.STDERR)
    await append_lines(database.pool, [new])
    assert await lines_after(database.pool, LinesOf(id), None, 1) == [
        LogRow(1, task, "load", 3, NOW, LogLevel.ERROR, LogStream.STDERR, new.text)
    ]


async def test_lines_go_with_the_callers_transaction(database: Database) -> None:
    id = new_id()
    async with database.pool.acquire() as connection:
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with connection.transaction():
                assert await append_lines(connection, [line(id, "gone")]) == [1]
                await connection.execute("select 1 / 0")
    assert await append_lines(database.pool, [line(id, "first")]) == [1]


async def test_a_batch_is_stored_whole_or_not_at_all(database: Database) -> None:
    id = new_id()
    with pytest.raises(asyncpg.CharacterNotInRepertoireError):
        await append_lines(database.pool, [line(id, "good"), line(id, "NUL \0")])
    assert await count_lines(database.pool, LinesOf(id)) == (0, True)


@pytest.mark.parametrize("statement", [b"COMMIT", b"BEGIN"])
async def test_lines_are_stored_once_though_the_connection_breaks(
    database_url: str, tmp_path: Path, statement: bytes
) -> None:
    """Before the commit nothing is stored, and the call fails; after it everything is, whether the response arrived or
    not."""
    id = new_id()
    through = database_url.partition("?")[0] + f"?host={quote(str(tmp_path))}&port=5432"
    async with proxy_to(tmp_path, database_url) as proxy, Database(through) as database:
        await append_lines(database.pool, [line(id, "before")])
        proxy.lose_answer_to(statement)
        async with asyncio.timeout(DEADLINE):
            try:
                assert await append_lines(database.pool, [line(id, "once")]) == [2]
            except UNREACHABLE:
                assert statement != b"COMMIT"
                assert await append_lines(database.pool, [line(id, "once")]) == [2]
        rows = await lines_after(database.pool, LinesOf(id), None, 10)
    assert texts(rows) == ["before", "once"]


async def test_concurrent_writers_leave_no_gap_and_do_not_lock_each_other_out(
    database: Database,
) -> None:
    ids = [new_id() for _ in range(5)]

    async def write(number: int) -> None:
        order = ids[number % 5 :] + ids[: number % 5]
        for turn in range(10):
            await append_lines(database.pool, [line(id, f"{number}.{turn}") for id in order])

    async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(write(number))
    for id in ids:
        rows = await lines_after(database.pool, LinesOf(id), None, 1_000)
        assert [row.line for row in rows] == list(range(1, 81))
        for number in range(8):
            of_one = [row.text for row in rows if row.text.startswith(f"{number}.")]
            assert of_one == [f"{number}.{turn}" for turn in range(10)]


async def test_pages_go_both_ways(database: Database) -> None:
    id = new_id()
    await append_lines(database.pool, [line(id, str(number)) for number in range(1, 11)])
    wanted = LinesOf(id)
    assert texts(await lines_after(database.pool, wanted, 4, 3)) == ["5", "6", "7"]
    assert texts(await lines_before(database.pool, wanted, None, 3)) == ["8", "9", "10"]
    assert texts(await lines_before(database.pool, wanted, 8, 3)) == ["5", "6", "7"]
    assert await lines_after(database.pool, wanted, 2**70, 3) == []
    assert texts(await lines_before(database.pool, wanted, 2**70, 1)) == ["10"]


@pytest.mark.parametrize(
    ("attempt", "level", "expected"),
    [
        (None, None, ["x1", "x2", "x3"]),
        (1, None, ["x1", "x2"]),
        (2, None, ["x3"]),
        (None, LogLevel.TRACE, ["x1", "x2", "x3"]),
        (None, LogLevel.WARN, ["x2", "x3"]),
        (1, LogLevel.WARN, ["x2"]),
        (1, LogLevel.ERROR, []),
    ],
)
async def test_filters(
    database: Database, attempt: int | None, level: LogLevel | None, expected: list[str]
) -> None:
    id, task, other = new_id(), new_id(), new_id()
    await append_lines(
        database.pool,
        [
            line(id, "x1", task, 1, LogLevel.DEBUG),
            line(id, "other's", other, 1, LogLevel.ERROR),
            line(id, "x2", task, 1, LogLevel.WARN),
            line(id, "x3", task, 2, LogLevel.ERROR),
        ],
    )
    wanted = LinesOf(id, task, attempt, level)
    assert texts(await lines_after(database.pool, wanted, None, 10)) == expected
    assert texts(await lines_before(database.pool, wanted, None, 10)) == expected
    assert await count_lines(database.pool, wanted) == (len(expected), True)


async def test_only_counts_of_a_past_moment_stop(database: Database) -> None:
    id = new_id()
    await append_lines(database.pool, [line(id, "x")] * (log_lines.COUNTED + 1))
    assert await count_lines(database.pool, LinesOf(id)) == (log_lines.COUNTED + 1, True)
    filtered = LinesOf(id, min_level=LogLevel.INFO)
    assert await count_lines(database.pool, filtered) == (log_lines.COUNTED + 1, True)
    past = LinesOf(id, until=NOW)
    assert await count_lines(database.pool, past) == (log_lines.COUNTED, False)


async def test_the_line_that_says_why(database: Database) -> None:
    id, task = new_id(), new_id()
    await append_lines(
        database.pool,
        [
            line(id, "starts", task),
            line(id, "fails", task, level=LogLevel.ERROR, stream=LogStream.SYSTEM),
            line(id, "trace", task, stream=LogStream.STDERR),
            line(id, "again", task, 2, stream=LogStream.STDERR),
            line(id, "quiet", task, 3),
        ],
    )
    attempts = [OfAttempt(id, task, attempt) for attempt in (1, 2, 3, 4)]
    assert await last_error_lines(database.pool, attempts) == [2, 4, None, None]


async def test_a_stream_follows_until_the_execution_ends(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    await append_lines(database.pool, [line(id, "a"), line(id, "b")])
    seen: list[list[str]] = []
    async with asyncio.timeout(DEADLINE):
        async for batch in stream_lines(database.pool, feed, LinesOf(id)):
            seen.append(texts(batch.lines))
            if len(seen) == 1:
                await append_lines(database.pool, [line(id, "c")])
                feed.notify([f"l:{id}"])
            if len(seen) == 2:
                await append_lines(database.pool, [line(id, "d"), line(id, "e")])
                await record(database.pool, id, state=ExecutionState.SUCCESS)
                feed.notify([f"e:{id}"])
    assert seen == [["a", "b"], ["c"], ["d", "e"], []]
    assert batch == LineBatch((), 5, True, 5, sum_of("a", "b", "c", "d", "e"))


@pytest.mark.parametrize("after", [None, 0, 1, 3, 900])
async def test_the_sum_is_of_all_lines_wherever_one_starts(
    database: Database, feed: Feed, after: int | None
) -> None:
    id = await store_execution(database.pool)
    await append_lines(database.pool, [line(id, text) for text in ("a", "", "ü")])
    await record(database.pool, id, state=ExecutionState.SUCCESS)
    seen, last = await collect(database, feed, LinesOf(id), after)
    assert seen == ["a", "", "ü"][after or 0 :]
    assert (last.line_count, last.sha256) == (3, sum_of("a", "", "ü"))


async def test_without_lines_the_sum_is_of_nothing(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    await record(database.pool, id, state=ExecutionState.SUCCESS)
    assert await collect(database, feed, LinesOf(id)) == ([], LineBatch((), 0, True, 0, sum_of()))
    assert (await collect(database, feed, LinesOf(new_id())))[0] == []


async def test_a_task_runs_stream_ends_with_it(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    task, other = await store_task_run(database.pool, id), new_id()
    await append_lines(database.pool, [line(id, "mine", task), line(id, "other's", other)])
    await end_task_run(database.pool, task)
    seen, last = await collect(database, feed, LinesOf(id, task))
    assert seen == ["mine"]
    assert (last.line_count, last.sha256) == (1, sum_of("mine"))


async def test_many_lines_come_in_batches_and_filtered_ones_are_passed_over(
    database: Database, feed: Feed
) -> None:
    id = await store_execution(database.pool)
    levels = [LogLevel.INFO, LogLevel.WARN, LogLevel.DEBUG]
    lines = [line(id, str(number), level=levels[number % 3]) for number in range(2_500)]
    await append_lines(database.pool, lines)
    await record(database.pool, id, state=ExecutionState.SUCCESS)
    seen, last = await collect(database, feed, LinesOf(id))
    assert seen == [str(number) for number in range(2_500)]
    assert last.sha256 == sum_of(*seen)
    warned, last = await collect(database, feed, LinesOf(id, min_level=LogLevel.WARN), 1_500)
    assert warned == [str(number) for number in range(1_500, 2_500) if number % 3 == 1]
    assert last.line_count == len([number for number in range(2_500) if number % 3 == 1])
    assert last.cursor == 2_500


async def test_readers_miss_nothing_during_concurrent_writes(
    database: Database, feed: Feed
) -> None:
    id = await store_execution(database.pool)

    async def write(number: int) -> None:
        for turn in range(20):
            await append_lines(database.pool, [line(id, f"{number}.{turn}.{n}") for n in range(5)])
            feed.notify([f"l:{id}"])

    async def write_all() -> None:
        async with asyncio.TaskGroup() as writers:
            for number in range(6):
                writers.create_task(write(number))
        await record(database.pool, id, state=ExecutionState.SUCCESS)
        feed.notify([f"e:{id}"])

    async with asyncio.TaskGroup() as group:
        readers = [group.create_task(collect(database, feed, LinesOf(id))) for _ in range(5)]
        group.create_task(write_all())
    stored = texts(await lines_after(database.pool, LinesOf(id), None, 1_000))
    assert len(stored) == 600
    for reader in readers:
        seen, last = reader.result()
        assert seen == stored
        assert last.sha256 == sum_of(*stored)
