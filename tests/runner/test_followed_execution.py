"""Following an execution: nothing is left out or sent twice, wherever the client is disconnected."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from broadcaster import Broadcast

from models.events.event_types import EventType
from models.ids import new_id
from models.lifecycle.commands.records import Delete
from runner.live.followed_execution import BUDGET, NO_MOMENT, Part, StreamPosition, Weight, follow
from runner.notify.feed import Feed
from runner.notify.notifier import PostgresNotifier
from runner.store.execution.execution_changes import TOO_MANY, changes_since
from runner.store.execution.removal import remove
from runner.store.postgres.connection import Executes
from runner.store.postgres.database import Database
from tests.runner.stored import NOW, record, store_execution

DEADLINE = 30
ALL = {name: Weight(100) for name in ("task_runs", "events", "metrics", "children")}
FEW_AT_ONCE = {name: Weight(BUDGET // 4) for name in ALL}
"""With these weights a part has four rows."""
METRIC = """
insert into metrics (execution_id, id, name, value, kind, at) select $1, id, 'loss', 1, 'GAUGE', $3
from unnest($2::uuid[]) id
"""
TASK_RUNS = """
insert into task_runs (id, execution_id, path, position, type, queue, state)
select id, $1, 'each[' || number || '].one', number, 'log', 'default', 'CREATED'
from unnest($2::uuid[]) with ordinality u (id, number)
"""
CHILDREN = """
insert into executions (id, namespace, flow_key, kind, name, state, seq, state_seq, created_by, created_at, parent_id,
  properties)
select id, 'acme', 'below', 'flow', 'below', 'CREATED', 1, 1, 'user:admin', $3, $1, $4 from unnest($2::uuid[]) id
"""
ADDED = """
insert into events (execution_id, seq, id, type, at, actor, channel, data)
values ($1, $2, $3, $4, $5, 'engine', 'ENGINE', $6)
"""


@pytest.fixture
async def feed(database: Database) -> AsyncIterator[Feed]:
    async with Feed(Broadcast(backend=PostgresNotifier(database.connect_alone))) as feed:
        yield feed


async def now_of(database: Database, id: UUID) -> StreamPosition:
    news = await changes_since(database.pool, id, None)
    assert news
    return StreamPosition(news.seq, news.moment)


async def parts_from(
    database: Database, feed: Feed, id: UUID, place: StreamPosition | None, weights: Any = None
) -> list[Part]:
    """Returns the parts of one read: up to the one after which no more follow."""
    found: list[Part] = []
    async with (
        asyncio.timeout(DEADLINE),
        aclosing(follow(database.pool, feed, id, place, weights or ALL)) as parts,
    ):
        async for part in parts:
            found.append(part)
            if not part.more:
                break
    return found


def rows_of(part: Part, name: str) -> Sequence[Any]:
    rows: Mapping[str, Any] = part.rows
    return rows.get(name, ())  # type: ignore[no-any-return]


def ids(parts: list[Part], name: str) -> list[Any]:
    """Returns the ids of the rows in the parts, in order."""
    key = "seq" if name == "events" else "id"
    rows = [row for part in parts for row in rows_of(part, name)]
    return [getattr(row, key) if name == "events" else row[key] for row in rows]


async def measure(connection: Executes, id: UUID, count: int = 1) -> list[UUID]:
    made = [new_id() for _ in range(count)]
    await connection.execute(METRIC, id, made, NOW)
    return made


async def add_iterations(database: Database, id: UUID, count: int) -> list[UUID]:
    """Adds iterations as a foreach does, with one event for all."""
    made = [new_id() for _ in range(count)]
    await database.pool.execute(TASK_RUNS, id, made)
    data = {"path": "each", "task_runs": {f"each[{n}].one": str(one) for n, one in enumerate(made)}}
    seq = await database.pool.fetchval(
        "update executions set seq = seq + 1 where id = $1 returning seq", id
    )
    await database.pool.execute(
        ADDED, id, seq, new_id(), EventType.TASK_RUNS_ADDED, NOW, orjson.dumps(data).decode()
    )
    return made


async def test_late_commits_are_sent_exactly_once(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    place = await now_of(database, id)
    async with database.pool.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        late = await measure(slow, id)
        early = await measure(database.pool, id)
        first = await parts_from(database, feed, id, place)
        assert ids(first, "metrics") == early
        await transaction.commit()
    assert ids(await parts_from(database, feed, id, first[-1].place), "metrics") == late


async def test_a_read_that_finds_nothing_sends_nothing(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    place = await now_of(database, id)
    async with (
        asyncio.timeout(DEADLINE),
        aclosing(follow(database.pool, feed, id, place, ALL)) as parts,
    ):
        part = asyncio.ensure_future(anext(parts))
        await measure(database.pool, await store_execution(database.pool))
        feed.notify([f"e:{id}"])
        made = await measure(database.pool, id)
        feed.notify([f"m:{id}"])
        assert ids([await part], "metrics") == made


@pytest.mark.parametrize("more", [0, 3])
async def test_a_client_that_is_disconnected_after_any_part_resumes_there(
    database: Database, feed: Feed, more: int
) -> None:
    id = await store_execution(database.pool)
    place = await now_of(database, id)
    runs = await add_iterations(database, id, 9)
    await record(database.pool, id, count=3)
    metrics = await measure(database.pool, id, 7)
    parts = await parts_from(database, feed, id, place, FEW_AT_ONCE)
    assert len(parts) >= 5
    for number, part in enumerate(parts):
        later = await measure(database.pool, id, more)
        rest = (
            await parts_from(database, feed, id, part.place, FEW_AT_ONCE)
            if more or part.more
            else []
        )
        received = [*parts[: number + 1], *rest]
        assert ids(received, "events") == [2, 3, 4, 5]
        assert set(ids(received, "task_runs")) == set(runs)
        assert sorted(ids(received, "metrics")) == sorted([*metrics, *later])
        metrics += later


async def test_thousands_that_one_event_brings_come_in_parts_in_their_order(
    database: Database, feed: Feed
) -> None:
    id = await store_execution(database.pool)
    place = await now_of(database, id)
    runs = await add_iterations(database, id, 3_000)
    parts = await parts_from(database, feed, id, place)
    assert ids(parts, "task_runs") == runs
    assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]
    for part in parts:
        rows = [row for name in ALL for row in rows_of(part, name)]
        assert sum(ALL["task_runs"].of(row) for row in rows[:-1]) <= BUDGET


async def test_a_row_weighs_as_much_as_its_requested_columns() -> None:
    row = {"path": "load", "inputs": "x" * 1_000, "attempt": 3, "error": None}
    assert Weight(100).of(row) == 100 + 4 + 1_000
    del row["inputs"]
    assert Weight(100).of(row) == 104
    assert Weight(100, 50).of(row) == 104 + 3 * 50
    assert Weight(100, 50).of({"attempt": 2, "error": "y" * 30}) == 100 + 30 + 2 * (50 + 30)


async def test_an_unknown_position_starts_a_new_snapshot(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    here = await now_of(database, id)
    for place in (None, StreamPosition(1, NO_MOMENT), StreamPosition(2, here.moment)):
        [part] = await parts_from(database, feed, id, place)
        assert part.reset
        assert not part.rows
        assert part.place.seq == 1


async def test_a_large_change_is_sent_as_a_reset(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    place = await now_of(database, id)
    await record(database.pool, id, count=2_001)
    assert (await parts_from(database, feed, id, place))[0].reset
    await add_iterations(database, id, 1)
    assert not (await parts_from(database, feed, id, place))[0].reset
    await measure(database.pool, id, TOO_MANY + 1)
    assert (await parts_from(database, feed, id, place))[0].reset


async def test_rows_that_nobody_requests_cause_no_reset(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    place = await now_of(database, id)
    await measure(database.pool, id, TOO_MANY + 1)
    await record(database.pool, id)
    [part] = await parts_from(database, feed, id, place, {"events": Weight(100)})
    assert not part.reset
    assert ids([part], "events") == [2]


LONG = 200_000
MANY = 40


async def _events(database: Database, id: UUID) -> None:
    last = await record(database.pool, id, count=MANY)
    data = "update events set data = $3 where execution_id = $1 and seq between 2 and $2"
    await database.pool.execute(data, id, last, _text())


async def _task_runs(database: Database, id: UUID) -> None:
    await add_iterations(database, id, MANY)
    inputs = "update task_runs set inputs = $2 where execution_id = $1"
    await database.pool.execute(inputs, id, _text())


async def _children(database: Database, id: UUID) -> None:
    made = [new_id() for _ in range(MANY)]
    await database.pool.execute(CHILDREN, id, made, NOW, _text())


def _text() -> str:
    return orjson.dumps({"text": "x" * LONG}).decode()


@pytest.mark.parametrize(
    ("name", "column", "write"),
    [
        ("events", "data", _events),
        ("task_runs", "inputs", _task_runs),
        ("children", "properties", _children),
    ],
)
async def test_waiting_for_a_slow_reader_keeps_few_rows_and_only_requested_columns(
    database: Database, feed: Feed, name: str, column: str, write: Any
) -> None:
    id = await store_execution(database.pool)
    place = await now_of(database, id)
    await write(database, id)
    tracemalloc.start()
    for left_out, parts_at_least, most in ((set(), MANY, 6 * LONG), ({column}, 1, LONG)):
        weights = {name: Weight(10, left_out=frozenset(left_out))}
        before, count = tracemalloc.get_traced_memory()[0], 0
        async with aclosing(follow(database.pool, feed, id, place, weights)) as parts:
            async for part in parts:
                count += 1
                assert tracemalloc.get_traced_memory()[0] - before < most
                if not part.more:
                    break
        assert count >= parts_at_least
    tracemalloc.stop()


class RecordingPool:
    """A pool that records its statements."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        self.statements.append(sql)
        return await self._pool.fetch(sql, *arguments)


@pytest.mark.parametrize(("name", "read"), [("events", False), ("task_runs", True)])
async def test_task_runs_are_read_only_for_clients_that_request_them(
    database: Database, feed: Feed, name: str, read: bool
) -> None:
    id = await store_execution(database.pool)
    place = await now_of(database, id)
    await add_iterations(database, id, 3)
    pool: Any = RecordingPool(database.pool)
    async with (
        asyncio.timeout(DEADLINE),
        aclosing(follow(pool, feed, id, place, {name: Weight(10)})) as parts,
    ):
        part = await anext(parts)
    assert len(rows_of(part, name)) == (3 if read else 1)
    assert (
        any("from task_runs" in sql or "join task_runs" in sql for sql in pool.statements) is read
    )


async def test_following_ends_when_the_execution_is_deleted(database: Database, feed: Feed) -> None:
    id = await store_execution(database.pool)
    place = await now_of(database, id)
    async with (
        asyncio.timeout(DEADLINE),
        aclosing(follow(database.pool, feed, id, place, ALL)) as parts,
    ):
        part = asyncio.ensure_future(anext(parts, None))
        async with database.pool.acquire() as connection, connection.transaction():
            await remove(connection, {id: Delete()})
        feed.notify([f"e:{id}"])
        assert await part is None


async def test_an_outage_only_delays(database: Database, feed: Feed, database_url: str) -> None:
    id = await store_execution(database.pool)
    place = await now_of(database, id)
    async with (
        asyncio.timeout(DEADLINE),
        aclosing(follow(database.pool, feed, id, place, ALL)) as parts,
    ):
        part = asyncio.ensure_future(anext(parts))
        alone = await asyncpg.connect(database_url)
        for _ in range(20):
            await alone.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid() and backend_type = 'client backend'"
            )
            feed.notify([f"e:{id}"])
            await asyncio.sleep(0)
        made = await measure(alone, id)
        await alone.close()
        assert ids([await part], "metrics") == made
