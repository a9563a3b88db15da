"""Leases hold while the event loop, or every connection of the pools, is in use for something else."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest

from models.states import ExecutionState
from tests.runner.floor import Floor, open_floor

TASK = """
  - id: hold
    type: shell
    run: |
      echo begun
      until [ -e {go} ]; do sleep 0.05; done
"""
EXTENDED = 2
"""How often the lease is extended before a test believes it."""


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


class Watcher(threading.Thread):
    """Sees from a thread of its own that the only lease is extended, EXTENDED times."""

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
    watcher.join(30)  # the event loop stands still meanwhile
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
