"""Everything of an attempt is stored before its end; the invariants find what is not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.ids import new_id
from models.lifecycle.commands.commands import Lose
from models.logs import LogLevel, LogStream
from runner.maintenance import invariants
from runner.store import fencing
from runner.store.artifacts import measures
from runner.store.artifacts.measures import MetricRow
from runner.store.logs.log_lines import NewLine, append_lines, append_running
from runner.store.postgres.connection import Pool
from tests.runner.floor import DEADLINE, Floor, open_floor

TASKS = "  - {id: a, type: shell, on_worker_lost: fail, run: 'echo up; sleep 60'}\n"
LATE = "nothing of an attempt is stored after its end"


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


async def running(floor: Floor) -> Any:
    """Returns the row of a running attempt."""
    id = await floor.begin(TASKS)
    await floor.until_said(id, "up")
    sql = "select * from attempts where execution_id = $1"
    return await floor.parts.database.pool.fetchrow(sql, id)


async def lose(floor: Floor, attempt: Any) -> None:
    """Loses the attempt; tries again if its worker extends the lease at that moment."""
    expire = "update attempts set lease_expires_at = now() - interval '1 s' where id = $1"
    state = "select state from attempts where id = $1"
    pool = floor.parts.database.pool
    while await pool.fetchval(state, attempt["id"]) == "RUNNING":
        await pool.execute(expire, attempt["id"])
        await floor.submit(attempt["execution_id"], Lose("a", attempt["lease"]))


def line(attempt: Any, text: str, id: UUID | None) -> NewLine:
    place = (attempt["execution_id"], attempt["task_run_id"], "a", attempt["number"])
    return NewLine(*place, attempt["started_at"], LogLevel.INFO, LogStream.STDOUT, text, id)


def metric(attempt: Any) -> MetricRow:
    place = (attempt["execution_id"], new_id(), attempt["task_run_id"], "a", attempt["number"])
    return MetricRow(*place, "late", 1.0, "gauge", None, {}, attempt["started_at"])


async def said(pool: Pool) -> list[str]:
    return [row["text"] for row in await pool.fetch("select text from logs order by at, line")]


async def test_lines_of_ended_attempts_are_left_out_of_a_batch(floor: Floor) -> None:
    pool = floor.parts.database.pool
    ended, other = await running(floor), await running(floor)
    await lose(floor, ended)
    before = await said(pool)
    batch = [line(ended, "late", ended["id"]), line(other, "in time", other["id"])]
    assert await append_running(pool, batch) == {ended["id"]}
    assert sorted(await said(pool)) == sorted([*before, "in time"])
    with pytest.raises(fencing.AttemptsEnded):
        await measures.store(pool, ended["id"], [metric(ended)], [])
    assert await pool.fetchval("select count(*) from metrics") == 0
    await measures.store(pool, other["id"], [metric(other)], [])
    assert await pool.fetchval("select count(*) from metrics") == 1
    assert await invariants.verify_rows(pool) == []


async def test_an_attempt_ends_after_its_pending_writes(floor: Floor) -> None:
    pool = floor.parts.database.pool
    attempt = await running(floor)
    async with pool.acquire() as writing, asyncio.timeout(DEADLINE):
        transaction = writing.transaction()
        await transaction.start()
        await append_lines(writing, [line(attempt, "just in time", attempt["id"])])
        losing = asyncio.create_task(lose(floor, attempt))
        await until_waiting(pool, losing)
        await transaction.commit()
        await losing
    ended = await pool.fetchrow("select * from attempts where id = $1", attempt["id"])
    assert ended and ended["state"] == "LOST"
    assert ended["lines_at_end"] == await pool.fetchval("select lines from log_heads") == 2
    assert await invariants.verify_rows(pool) == []


async def test_a_heartbeat_does_not_wait_for_writes(floor: Floor) -> None:
    pool = floor.parts.database.pool
    attempt = await running(floor)
    async with pool.acquire() as writing, writing.transaction():
        await fencing.hold(writing, [attempt["id"]])
        beat = "update attempts set lease_expires_at = clock_timestamp() + interval '10 s' where id = $1"
        async with pool.acquire() as other, other.transaction():
            await other.execute("set local lock_timeout = '1s'")
            assert await other.execute(beat, attempt["id"]) == "UPDATE 1"


_USE = """
insert into artifact_uses (id, artifact_id, execution_id, task_run_id, path, attempt, direction, uri, created_at)
select gen_random_uuid(), id, $1, $2, 'a', $3, 'OUT', 's3://late', now() from artifacts
"""
_ARTIFACT = """
insert into artifacts (id, namespace, name, version, type, uri, created_at)
values (gen_random_uuid(), 'acme', 'late', '1', 'File', 's3://late', now())
"""


@pytest.mark.parametrize("kind", ["line", "metric", "artifact"])
async def test_the_invariants_find_rows_after_the_end(floor: Floor, kind: str) -> None:
    pool = floor.parts.database.pool
    attempt = await running(floor)
    await lose(floor, attempt)
    assert await invariants.verify_rows(pool) == []
    if kind == "line":
        await append_lines(pool, [line(attempt, "late", None)])
    elif kind == "metric":
        async with pool.acquire() as connection:
            await measures.store_once(connection, [metric(attempt)])
    else:
        await pool.execute(_ARTIFACT)
        of = (attempt["execution_id"], attempt["task_run_id"], attempt["number"])
        await pool.execute(_USE, *of)
    found = await invariants.verify_rows(pool)
    assert [one.invariant for one in found] == [LATE]
    assert found[0].execution_id == attempt["execution_id"]


async def until_waiting(pool: Pool, task: "asyncio.Task[None]") -> None:
    """Waits until a session waits for a lock of another's transaction; the task must not end before."""
    async with asyncio.timeout(DEADLINE):
        while not await pool.fetchval("select count(*) from pg_locks where not granted"):
            ended, _ = await asyncio.wait([task], timeout=0.05)
            assert not ended
    assert not task.done()
