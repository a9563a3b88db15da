import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from broadcaster import Broadcast

from models.ids import new_id
from models.lifecycle.commands.records import Delete
from models.states import ExecutionState
from runner.live.event_stream import stream_events
from runner.notify.feed import Feed, Watch
from runner.notify.notifier import MemoryNotifier, PostgresNotifier
from runner.store.execution import event_log
from runner.store.execution.event_log import EventRow, events_after
from runner.store.execution.removal import remove
from runner.store.postgres.database import Database
from tests.runner.proxy import proxy_to
from tests.runner.stored import record, store_execution

DEADLINE = 30


class Deaf(MemoryNotifier):
    """Drops every notification."""

    async def publish(self, channel: str, message: Any) -> None:
        """Sends to nobody."""


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[Feed]:
    async with Feed(Broadcast(backend=PostgresNotifier(database.connect_alone))) as feed:
        yield feed


@asynccontextmanager
async def other_process(database: Database) -> AsyncIterator[Feed]:
    """The feed of another process that writes: its notifications arrive over the database only."""
    async with Feed(Broadcast(backend=PostgresNotifier(database.connect_alone))) as feed:
        yield feed


async def read(database: Database, feed: Feed, id: UUID, after: int = 0) -> list[int]:
    async with asyncio.timeout(DEADLINE):
        return [row.seq async for row in stream_events(database.pool, feed, id, after)]


async def test_a_row_is_the_table_s(database: Database) -> None:
    id = await store_execution(database.pool)
    [row] = await events_after(database.pool, id, 0)
    stored = await database.pool.fetchrow("select * from events where execution_id = $1", id)
    assert stored
    assert {name: getattr(row, name) for name in EventRow.__slots__} == dict(stored)


async def test_events_are_read_by_cursor_and_limit(database: Database) -> None:
    id = await store_execution(database.pool)
    await record(database.pool, id, count=5)
    assert [row.seq for row in await events_after(database.pool, id, 2, 3)] == [3, 4, 5]
    assert await events_after(database.pool, id, 2**40) == []


async def test_stored_events_are_followed_by_new_ones_until_the_end(
    database: Database, feed: Feed
) -> None:
    id = await store_execution(database.pool)
    await record(database.pool, id, count=2)
    seen: list[int] = []
    async with asyncio.timeout(DEADLINE):
        async for row in stream_events(database.pool, feed, id):
            seen.append(row.seq)
            if row.seq == 3:
                await record(database.pool, id)
                feed.notify([f"e:{id}"])
            if row.seq == 4:
                await record(database.pool, id, state=ExecutionState.SUCCESS)
                feed.notify([f"e:{id}"])
    assert seen == [1, 2, 3, 4, 5]
    assert row.terminal


@pytest.mark.parametrize("after", [0, 1, 3, 4, 900])
async def test_an_ended_execution_completes_without_waiting_for_a_change(
    database: Database, feed: Feed, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    id = await store_execution(database.pool)
    await record(database.pool, id, count=2)
    await record(database.pool, id, state=ExecutionState.FAILED)
    monkeypatch.delattr(Watch, "changed")
    assert await read(database, feed, id, after) == list(range(after + 1, 5))


async def test_events_after_the_end_are_included(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    await record(database.pool, id, state=ExecutionState.KILLED)
    await record(database.pool, id, count=2)
    assert await read(database, feed, id) == [1, 2, 3, 4]
    assert await read(database, feed, id, 3) == [4]


async def test_a_restart_continues_after_the_end(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    await record(database.pool, id, state=ExecutionState.FAILED)
    await record(database.pool, id, state=ExecutionState.RESTARTED)
    seen: list[int] = []
    async with asyncio.timeout(DEADLINE):
        async for row in stream_events(database.pool, feed, id, 1):
            seen.append(row.seq)
            if row.seq == 3:
                await record(database.pool, id, state=ExecutionState.SUCCESS)
    assert seen == [2, 3, 4]


async def test_missing_executions_have_no_events(database: Database, feed: Feed) -> None:
    assert await read(database, feed, new_id()) == []


async def test_a_stream_whose_execution_is_deleted_completes(
    database: Database, feed: Feed
) -> None:
    id = await store_execution(database.pool)
    async with asyncio.timeout(DEADLINE), aclosing(stream_events(database.pool, feed, id)) as rows:
        assert (await anext(rows)).seq == 1
        async with database.pool.acquire() as connection, connection.transaction():
            await remove(connection, {id: Delete()})
        feed.notify({f"e:{id}"})
        assert [row.seq async for row in rows] == []


async def test_more_than_one_batch(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    await record(database.pool, id, count=2 * event_log.BATCH - 2)
    await record(database.pool, id, state=ExecutionState.SUCCESS)
    assert await read(database, feed, id) == list(range(1, 2 * event_log.BATCH + 1))


async def test_lost_hints_lose_no_event(database: Database) -> None:
    id = await store_execution(database.pool)
    async with (
        asyncio.timeout(DEADLINE),
        Feed(Broadcast(backend=Deaf())) as deaf,
        aclosing(stream_events(database.pool, deaf, id)) as events,
    ):
        assert (await anext(events)).seq == 1
        await record(database.pool, id)
        assert (await anext(events)).seq == 2


async def test_a_killed_listener_in_the_middle_of_a_stream(database: Database) -> None:
    pids: list[int] = []

    async def connect() -> "asyncpg.Connection[Any]":
        connection = await database.connect_alone()
        pids.append(connection.get_server_pid())
        return connection

    id = await store_execution(database.pool)
    seen: list[int] = []
    async with (
        Feed(Broadcast(backend=PostgresNotifier(connect))) as feed,
        other_process(database) as writer,
        asyncio.timeout(DEADLINE),
    ):
        async for row in stream_events(database.pool, feed, id):
            seen.append(row.seq)
            if row.seq % 5 == 0:
                await database.pool.execute("select pg_terminate_backend($1)", pids[-1])
            last = ExecutionState.SUCCESS if row.seq == 19 else None
            await record(database.pool, id, state=last) if row.seq < 20 else None
            writer.notify([f"e:{id}"])
    assert seen == list(range(1, 21))


async def test_a_silent_network_delays_and_loses_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    id = await store_execution(database.pool)
    seen: list[int] = []
    async with (
        proxy_to(tmp_path, database_url) as proxy,
        Feed(Broadcast(backend=PostgresNotifier(proxy.connect))) as feed,
        asyncio.timeout(DEADLINE),
    ):
        async for row in stream_events(database.pool, feed, id):
            seen.append(row.seq)
            if row.seq == 1:
                proxy.fall_silent()
            if row.seq < 4:
                await record(
                    database.pool, id, state=ExecutionState.SUCCESS if row.seq == 3 else None
                )
    assert seen == [1, 2, 3, 4]


async def test_a_stream_outlives_the_connections_of_its_pool(
    database: Database, feed: Feed
) -> None:
    id = await store_execution(database.pool)
    seen: list[int] = []
    async with asyncio.timeout(DEADLINE):
        async for row in stream_events(database.pool, feed, id):
            seen.append(row.seq)
            if row.seq == 1:
                await record(database.pool, id, count=3, state=ExecutionState.SUCCESS)
                alone = await database.connect_alone()
                await alone.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
                await alone.close()
    assert seen == [1, 2, 3, 4]


async def write(database: Database, writer: Feed, id: UUID, chance: random.Random) -> None:
    for _ in range(15):
        await record(database.pool, id, count=chance.randint(1, 4))
        writer.notify([f"e:{id}"])


async def write_all(database: Database, executions: list[UUID], chance: random.Random) -> None:
    async with other_process(database) as writer:
        async with asyncio.TaskGroup() as group:
            for id in executions * 4:
                group.create_task(write(database, writer, id, chance))
        for id in executions:
            await record(database.pool, id, state=ExecutionState.SUCCESS)
            writer.notify([f"e:{id}"])


async def follow_with_cuts(
    database: Database, feed: Feed, id: UUID, chance: random.Random
) -> list[EventRow]:
    seen: list[EventRow] = []
    while not seen or not seen[-1].terminal:
        until = len(seen) + chance.randint(1, 40)
        after = seen[-1].seq if seen else 0
        async with aclosing(stream_events(database.pool, feed, id, after)) as events:
            async for row in events:
                seen.append(row)
                if len(seen) == until:
                    break
    return seen


async def test_readers_that_are_cut_and_resume_see_each_event_once_in_order(
    database: Database, feed: Feed
) -> None:
    """Writers race for the same executions in transactions of different length; readers connect and disconnect by
    cursor."""
    chance = random.Random(20260501)
    executions = [await store_execution(database.pool) for _ in range(3)]
    async with asyncio.timeout(50), asyncio.TaskGroup() as group:
        readers = [
            group.create_task(follow_with_cuts(database, feed, executions[number % 3], chance))
            for number in range(20)
        ]
        group.create_task(write_all(database, executions, chance))
    for number, reader in enumerate(readers):
        rows = reader.result()
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert {row.execution_id for row in rows} == {executions[number % 3]}
        assert rows[-1].terminal
