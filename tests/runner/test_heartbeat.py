"""Leases are extended while the event loop, or every connection of the pools, is busy with something else."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from models.ids import new_id
from models.lifecycle.stopping import HEARTBEAT, LEASE
from models.states import ExecutionState
from runner.service.database_clock import DatabaseClock
from runner.store import fencing
from runner.store.execution import leases
from runner.worker import heartbeat
from runner.worker.heartbeat import Heartbeat
from tests.runner.floor import Floor, open_floor

TASK = """
  - id: hold
    type: shell
    run: |
      echo begun
      until [ -e {go} ]; do sleep 0.05; done
"""
EXTENDED = 2
"""How many extensions a test waits for."""


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


class Watcher(threading.Thread):
    """Waits, in a thread of its own, until the only lease was extended EXTENDED times."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.seen: list[datetime] = []

    def run(self) -> None:
        asyncio.run(self._watch())

    async def _watch(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            while len(self.seen) <= EXTENDED:
                found = await connection.fetchval(
                    "select lease_expires_at from attempts where state = 'RUNNING'"
                )
                if found not in self.seen:
                    self.seen.append(found)
        finally:
            await connection.close()


async def test_the_loop_is_busy_and_leases_are_extended(
    floor: Floor, database_url: str, tmp_path: Path
) -> None:
    id = await floor.begin(TASK.format(go=tmp_path / "go"))
    await floor.until_said(id, "begun")
    watcher = Watcher(database_url)
    watcher.start()
    watcher.join(30)  # the event loop is blocked meanwhile
    assert not watcher.is_alive(), watcher.seen
    (tmp_path / "go").touch()
    ended = await floor.until_ended(id)
    assert ended.state is ExecutionState.SUCCESS
    assert ended.tasks["hold"].attempt == 1


async def test_every_connection_is_in_use_and_leases_are_extended(
    floor: Floor, database_url: str, tmp_path: Path
) -> None:
    id = await floor.begin(TASK.format(go=tmp_path / "go"))
    await floor.until_said(id, "begun")
    database = floor.parts.database
    async with AsyncExitStack() as stack:
        for pool in (database.pool, database.reads, database.streams, database.exports):
            for _ in range(pool.get_max_size()):
                await stack.enter_async_context(pool.acquire())
        watcher = Watcher(database_url)
        watcher.start()
        await asyncio.to_thread(watcher.join, 30)
        assert not watcher.is_alive(), watcher.seen
    (tmp_path / "go").touch()
    ended = await floor.until_ended(id)
    assert ended.state is ExecutionState.SUCCESS
    assert ended.tasks["hold"].attempt == 1


async def test_leases_are_extended_although_the_workers_row_is_locked(
    floor: Floor, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another session has locked the worker's row."""
    id = await floor.begin(TASK.format(go=tmp_path / "go"))
    await floor.until_said(id, "begun")
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute("select from workers for update")
            watcher = Watcher(database_url)
            watcher.start()
            await asyncio.to_thread(watcher.join, 30)
            assert not watcher.is_alive(), watcher.seen
    finally:
        await other.close()
    assert "could not record its heartbeat" in caplog.text
    (tmp_path / "go").touch()
    ended = await floor.until_ended(id)
    assert ended.state is ExecutionState.SUCCESS
    assert ended.tasks["hold"].attempt == 1


def test_a_lease_outlives_two_beats_without_an_answer() -> None:
    unanswered = heartbeat._TIMEOUT_SECONDS + heartbeat._RETRY_SECONDS
    assert LEASE - (HEARTBEAT + 2 * unanswered) >= 1


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError()])
async def test_the_heart_beats_on_after_any_error(
    database_url: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the thread ended silently, the worker would lose all its attempts."""
    monkeypatch.setattr(heartbeat, "HEARTBEAT", 0.01)
    left, beats = [error], asyncio.Event()

    def held() -> Sequence[UUID]:
        if left:
            raise left.pop()
        return []

    beat = Heartbeat(database_url, new_id(), DatabaseClock(), held, lambda _: beats.set())
    async with asyncio.timeout(20), beat:
        await beats.wait()


def test_the_heartbeat_stops_when_its_event_loop_is_closed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "HEARTBEAT", 0.01)
    beat = Heartbeat(database_url, new_id(), DatabaseClock(), list, lambda _: None)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(beat.__aenter__())
    loop.close()
    beat._thread.join(20)
    assert not beat._thread.is_alive()
    asyncio.run(beat.__aexit__(None, None, None))


async def test_a_locked_attempt_keeps_no_other_from_its_lease(
    floor: Floor, database_url: str, tmp_path: Path
) -> None:
    """A writer of the other's log, which takes a weaker lock, does not block it either."""
    task = TASK.format(go=tmp_path / "go")
    id = await floor.begin(task + task.replace("id: hold", "id: other"))
    await asyncio.gather(floor.until_running(id, "hold"), floor.until_running(id, "other"))
    pool = floor.parts.database.pool
    tasks = (await floor.look(id)).tasks
    held, other = tasks["hold"].lease, tasks["other"].lease
    assert held and other
    alone = await asyncpg.connect(database_url, server_settings={"lock_timeout": "100ms"})
    try:
        async with pool.acquire() as connection, connection.transaction():
            written = "select id from attempts where lease = $1"
            await fencing.hold(connection, [await connection.fetchval(written, other)])
            await connection.execute("select from attempts where lease = $1 for update", held)
            found = await leases.extend(alone, [held, other, new_id()], 3600)
            assert {each.lease for each in found} == {held, other}
            left = "select lease_expires_at > now() + $2 from attempts where lease = $1"
            assert await connection.fetchval(left, other, timedelta(seconds=3000))
            assert not await connection.fetchval(left, held, timedelta(seconds=3000))
            await leases.extend_all(alone, 4000)
            assert await connection.fetchval(left, other, timedelta(seconds=3700))
            assert not await connection.fetchval(left, held, timedelta(seconds=3000))
    finally:
        await alone.close()
    (tmp_path / "go").touch()
    assert (await floor.until_ended(id)).state is ExecutionState.SUCCESS
