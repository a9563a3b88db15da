"""Past moments of an execution, in any order, equal a fold of its events from the first on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from models.lifecycle.apply.evolve import fold
from runner.history.replay_cache import ReplayCache
from runner.store.execution.event_log import facts_after
from tests.runner.floor import Floor, open_floor

TASKS = """
  - id: each
    type: foreach
    items: [1, 2, 3]
    tasks: [{id: say, type: log, message: "{{ item }}"}]
  - {id: bad, type: fail, needs: [each], retry: {max_attempts: 2, delay: 1ms}}
"""


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


class Late:
    """A connection whose responses wait until the test releases them."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.queried, self.let = asyncio.Event(), asyncio.Event()

    async def fetch(self, *arguments: Any) -> Any:
        rows = await self._connection.fetch(*arguments)
        self.queried.set()
        await self.let.wait()
        return rows


class Counting:
    """A connection that counts its statements."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.statements = 0

    async def fetch(self, *arguments: Any) -> Any:
        self.statements += 1
        return await self._connection.fetch(*arguments)


async def test_moments_in_any_order_equal_a_fold(floor: Floor) -> None:
    execution = await floor.run(TASKS)
    id, plan = execution.id, execution.plan
    kept, none = ReplayCache(), ReplayCache(room=0)
    seqs = [seq for _ in range(2) for seq in range(1, execution.seq + 1)]
    Random(7).shuffle(seqs)
    async with floor.parts.database.pool.acquire() as connection:
        facts, _ = await facts_after(connection, id, 0, execution.seq)
        for seq in seqs:
            for cache in (kept, none):
                moment = await cache.at(connection, plan, id, seq)
                assert moment
                assert moment.execution == fold(plan, facts[:seq])
                assert moment.events == facts[:seq]
        assert await kept.at(connection, plan, id, execution.seq + 1) is None


async def test_events_are_read_once_for_all_moments(floor: Floor) -> None:
    execution = await floor.run(TASKS)
    id, plan = execution.id, execution.plan
    async with floor.parts.database.pool.acquire() as connection:
        counting: Any = Counting(connection)
        cache = ReplayCache()
        for seq in (5, 3, 5, 1, 8, 7):
            await cache.at(counting, plan, id, seq)
        assert counting.statements == 2


async def test_long_events_are_not_kept(floor: Floor) -> None:
    execution = await floor.run(TASKS)
    id, plan = execution.id, execution.plan
    longer = """update events set data = jsonb_set(data, '{given_labels}', jsonb_build_object('long', repeat('x', $2)))
      where execution_id = $1 and seq = 1"""
    async with floor.parts.database.pool.acquire() as connection:
        for length, statements in ((1_000, 1), (100_000, 2)):
            await connection.execute(longer, id, length)
            counting: Any = Counting(connection)
            cache = ReplayCache(room=50_000)
            for _ in range(2):
                await cache.at(counting, plan, id, execution.seq)
            assert counting.statements == statements


async def test_unused_entries_are_evicted(floor: Floor) -> None:
    execution = await floor.run(TASKS)
    id, plan = execution.id, execution.plan
    async with floor.parts.database.pool.acquire() as connection:
        for age, statements in ((60, 1), (0, 2)):
            counting: Any = Counting(connection)
            cache = ReplayCache(age=age)
            await cache.at(counting, plan, id, 5)
            due = asyncio.Event()
            asyncio.get_running_loop().call_later(0, due.set)
            await due.wait()
            await cache.at(counting, plan, id, 5)
            assert counting.statements == statements


@pytest.mark.parametrize(("early", "late"), [(1, 2), (2, 1), (3, 9), (9, 3), (4, 4)])
async def test_two_concurrent_requests_get_their_moments(
    floor: Floor, early: int, late: int
) -> None:
    execution = await floor.run(TASKS)
    id, plan = execution.id, execution.plan
    async with floor.parts.database.pool.acquire() as connection:
        facts, _ = await facts_after(connection, id, 0, execution.seq)
        cache, waiting = ReplayCache(), Late(connection)
        late_connection: Any = waiting
        answer = asyncio.create_task(cache.at(late_connection, plan, id, late))
        await waiting.queried.wait()
        async with floor.parts.database.pool.acquire() as other:
            moment = await cache.at(other, plan, id, early)
        waiting.let.set()
        for found, seq in ((moment, early), (await answer, late)):
            assert found
            assert found.execution == fold(plan, facts[:seq])
            assert found.events == facts[:seq]
