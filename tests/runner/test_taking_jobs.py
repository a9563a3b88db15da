"""Jobs between the queue and their attempts: whatever interrupts a worker, they begin once, there or on another
worker."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from models.errors import Unavailable
from models.lifecycle.commands.commands import Start
from models.states import ExecutionState, TaskRunState
from runner.maintenance import invariants
from runner.store import workers
from runner.worker import job_executor
from server.process.runtime import make_worker
from tests.runner.floor import DEADLINE, Floor, open_floor

HOLD = (
    "  - {{id: hold, type: shell, queue: other, run: 'until [ -e {go} ]; do sleep 0.02; done'}}\n"
)
LIGHT = """
  - id: each
    type: foreach
    items: "{{ range(80) | list }}"
    tasks: [{id: a, type: log, queue: other, message: hi}]
"""
LONG = "  - {id: long, type: shell, queue: other, max_lost: 1, run: sleep 300}\n"


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


async def test_jobs_that_a_draining_worker_had_taken_are_begun_by_another(
    floor: Floor, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker was querying which jobs need a slot; the query does not return before the drain."""
    works, queried = workers.task_types, asyncio.Event()

    async def does_not_come_back_at_first(*arguments: Any) -> Any:
        if not queried.is_set():
            queried.set()
            await asyncio.Event().wait()
        return await works(*arguments)

    monkeypatch.setattr(workers, "task_types", does_not_come_back_at_first)
    async with make_worker(floor.parts, data_dir, ("other",), 2, 0) as draining:
        holding = await floor.begin(HOLD.format(go=tmp_path / "go"))
        await floor.until_running(holding, "hold")
        id = await floor.begin(LIGHT)
        async with asyncio.timeout(DEADLINE):
            await queried.wait()
        drain = asyncio.create_task(draining.drain(600))
        async with make_worker(floor.parts, data_dir, ("other",), 2, 0):
            assert (await floor.until_ended(id)).state is ExecutionState.SUCCESS
        assert not drain.done()
        (tmp_path / "go").touch()
        assert (await floor.until_ended(holding)).state is ExecutionState.SUCCESS
        await drain


async def test_an_attempt_that_starts_when_the_time_of_a_drain_is_over_is_handed_back(
    floor: Floor, data_dir: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another session locks its execution; an attempt that already runs shows that the drain timeout is over."""
    execute, starts = floor.parts.engine.execute, asyncio.Queue[Any]()

    async def signals_starts(id: Any, command: Any, *others: Any) -> Any:
        if isinstance(command, Start):
            starts.put_nowait(id)
        return await execute(id, command, *others)

    monkeypatch.setattr(floor.parts.engine, "execute", signals_starts)
    running, late = await floor.begin(LONG), await floor.begin(LONG)
    other = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(DEADLINE):
            lock = other.transaction()
            await lock.start()
            await other.execute("select from executions where id = $1 for update", late)
            async with make_worker(floor.parts, data_dir, ("other",), 2, 0) as worker:
                assert {await starts.get(), await starts.get()} == {running, late}
                await floor.until_running(running, "long")
                drain = asyncio.create_task(worker.drain())
                with floor.parts.feed.watch(f"e:{running}") as watch:
                    while (await floor.look(running)).tasks["long"].handed_back == 0:
                        await watch.changed()
                await lock.rollback()
                await drain
                for id in (running, late):
                    task = (await floor.look(id)).tasks["long"]
                    assert (task.state, task.lost, task.handed_back) == (TaskRunState.QUEUED, 1, 1)
    finally:
        await other.close()
    assert await invariants.verify(floor.parts.database.pool) == []


async def test_an_attempt_begins_although_its_start_is_answered_late(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_executor, "_LONGEST_PAUSE", 0.01)
    execute, tries = floor.parts.engine.execute, list(range(20))

    async def answers_late(id: Any, command: Any, *others: Any) -> Any:
        if isinstance(command, Start) and tries:
            if tries.pop(0) == 0:
                assert not (await execute(id, command, *others)).refused
            raise Unavailable("the answer to COMMIT was lost, and so is the database")
        return await execute(id, command, *others)

    monkeypatch.setattr(floor.parts.engine, "execute", answers_late)
    ended = await floor.run("  - {id: a, type: shell, run: 'true'}\n")
    assert tries == []
    assert ended.state is ExecutionState.SUCCESS
    assert ended.tasks["a"].attempt == 1
