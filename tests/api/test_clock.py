"""A worker whose clock jumps: leases, schedules, waits and the times of lines depend on the database's clock."""

import asyncio
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest

from tests.api.client import Client, task
from tests.api.conftest import verify
from tests.api.servers import serving, start_worker

HELD = """id: held
namespace: faults
tasks:
  - {{id: hold, type: shell, run: "until [ -e {go} ]; do sleep 0.05; done; echo it ran"}}
  - {{id: pause, type: wait, needs: [hold], until: "{until}"}}
  - {{id: child, type: subflow, needs: [hold], flow: due}}
"""
DUE = """id: due
namespace: faults
triggers: [{{id: soon, type: schedule, cron: "{minute} {hour} * * *"}}]
tasks: [{{id: a, type: log, message: hello}}]
"""
BEATS = 4
"""Heartbeats of a worker after which an effect of its wrong clock would show."""


LINES = "query ($id: ID!) { execution(id: $id) { logs(last: 50) { nodes { at text } } } }"


@pytest.mark.soak
@pytest.mark.parametrize("jump", ["+1h", "-1h"])
async def test_a_clock_that_jumps_on_a_worker_changes_nothing(tmp_path: Path, jump: str) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0")
    faketime = files("libfaketime") / "vendor/libfaketime/src/libfaketime.so.1"
    env = {
        "LD_PRELOAD": str(faketime),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    began = datetime.now(UTC)
    with serving(tmp_path / "data", "--no-worker") as served:
        client = served.client
        due = began + timedelta(minutes=30)
        await client.save(DUE.format(minute=due.minute, hour=due.hour))
        worker = start_worker(tmp_path / "data", env=env)
        try:
            until = began + timedelta(seconds=25)
            source = HELD.format(go=tmp_path / "go", until=until.isoformat())
            first = (await client.run(source))["id"]
            await client.until(first, hold="RUNNING")
            clock.write_text(jump)
            await _beats(client)
            held = await client.show(first)
            assert [one["state"] for one in task(held, "hold")["attempts"]] == ["RUNNING"]
            (tmp_path / "go").touch()
            ended = await client.until_ended(first)
            over = datetime.now(UTC)
            assert ended["state"] == "SUCCESS"
            assert until <= over < until + timedelta(seconds=10)
            assert all(len(one["attempts"]) <= 1 for one in ended["taskRuns"])
            lines = (await client.post(LINES, id=first))["execution"]["logs"]["nodes"]
            assert "it ran" in [line["text"] for line in lines]
            assert all(began <= datetime.fromisoformat(line["at"]) <= over for line in lines)
            await _ids_follow_the_time(served.database_url)
            await verify(served.database_url)
        finally:
            worker.terminate()
            assert await asyncio.to_thread(worker.wait, 40) == 0


async def _beats(client: Client) -> None:
    """Waits for some more heartbeats of the worker."""
    beats: set[str] = set()
    async with asyncio.timeout(40):
        while len(beats) <= BEATS:
            (worker,) = (await client.post("{ workers { alive heartbeatAt } }"))["workers"]
            assert worker["alive"]
            beats.add(worker["heartbeatAt"])


async def _ids_follow_the_time(url: str) -> None:
    """Checks that ids are in order and that dates find the executions; the worker created the child. No schedule
    ticked."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("select id, created_at from executions order by created_at")
    finally:
        await connection.close()
    assert len(rows) == 2
    assert rows[0]["id"] < rows[1]["id"]
    for row in rows:
        assert abs((row["id"].int >> 80) / 1000 - row["created_at"].timestamp()) < 3
