"""A full disk, under the database and under a worker: reported clearly, nothing is lost, and work continues
afterwards."""

import asyncio
import base64
import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from tests.api.client import Client, task
from tests.api.conftest import verify
from tests.api.postgres import cpu_seconds, postmaster
from tests.api.servers import serving, start_worker
from tests.api.test_outages import until_ended
from tests.small_disk import small_disk

WAITING = """id: waiting
namespace: faults
inputs: [{{id: load, type: STRING, required: false}}]
tasks:
  - id: hold
    type: shell
    run: |
      until [ -e {folder}/go ]; do sleep 0.05; done
      for n in $(seq 2000); do echo "line $n"; done
  - {{id: after, type: shell, needs: [hold], run: echo done}}
"""
CREATE = """mutation ($input: CreateExecutionInput!) { createExecution(input: $input) {
  execution { id } problems { code message } } }"""


@pytest.mark.soak
async def test_a_full_disk_under_the_database_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 300) as disk, serving(disk.root / "data") as served:
        client = Client(served.url, served.token, timeout=60)
        await client.save(WAITING.format(folder=tmp_path))
        ids = [(await client.create("faults/waiting"))["id"] for _ in range(4)]
        await client.until(ids[0], hold="RUNNING")
        disk.fill()
        taken, said = await _until_refused(client)
        assert any("free some space" in message for message in said), said
        (tmp_path / "go").touch()
        more, said = await _until_refused(client)
        assert said
        disk.make_room()
        ids += [*taken, *more, await _until_taken(client)]
        ended = [await until_ended(client, id) for id in ids]
        assert [one["state"] for one in ended] == ["SUCCESS"] * len(ids)
        assert [len(task(one, "hold")["attempts"]) for one in ended] == [1] * len(ids)
        logs = await client.post(
            "query ($id: ID!) { execution(id: $id) { logs(last: 1) { totalCount { value } } } }",
            id=ids[0],
        )
        assert logs["execution"]["logs"]["totalCount"] == {"value": 2001}
        assert served.process.poll() is None
        await verify(served.database_url)


@pytest.mark.soak
async def test_a_database_that_dies_of_a_full_disk_comes_back_when_there_is_room(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "small", 300) as disk, serving(disk.root / "data") as served:
        client = Client(served.url, served.token, timeout=60)
        await client.save(WAITING.format(folder=tmp_path))
        ids = [(await client.create("faults/waiting"))["id"] for _ in range(4)]
        await client.until(ids[0], hold="RUNNING")
        disk.fill()
        died = postmaster(disk.root / "data")
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await _use_up_the_log(served.database_url)
        server, began = psutil.Process(served.process.pid), time.monotonic()
        spent = cpu_seconds(server)
        said: list[str] = []
        while (disk.root / "data/serve.log").read_text().count("does not start") < 3:
            taken, now = await _until_refused(client, 1)
            assert not taken
            said += now
            await asyncio.to_thread(_wait, died)
        assert "free some space" in said[-1] and "No such file" not in said[-1]
        assert (cpu_seconds(server) - spent) / (time.monotonic() - began) < 0.3
        (tmp_path / "go").touch()
        disk.make_room()
        ids += [await _until_taken(client)]
        ended = [await until_ended(client, id) for id in ids]
        assert [one["state"] for one in ended] == ["SUCCESS"] * len(ids)
        assert [len(task(one, "hold")["attempts"]) for one in ended] == [1] * len(ids)
        assert served.process.poll() is None
        await verify(served.database_url)


def _wait(process: psutil.Process) -> None:
    """Waits a while for a process, which may have ended already."""
    with suppress(psutil.TimeoutExpired):
        process.wait(0.2)


async def _use_up_the_log(url: str) -> None:
    """The space of PostgreSQL's own files, of which it creates a few in advance."""
    connection = await asyncpg.connect(url)
    for _ in range(100):
        await connection.execute("select pg_switch_wal()")
        await connection.execute("update meta set epoch = epoch")


async def _until_refused(client: Client, times: int = 3) -> tuple[list[str], list[str]]:
    """Creates executions until so many were refused; returns the accepted ones and the messages of the refusals."""
    taken: list[str] = []
    said: list[str] = []
    async with asyncio.timeout(60):
        while len(said) < times:
            found = await _create(client, load=base64.b64encode(os.urandom(150_000)).decode())
            (taken if found.startswith("exec_") else said).append(found)
    return taken, said


async def _until_taken(client: Client) -> str:
    async with asyncio.timeout(60):
        while not (found := await _create(client)).startswith("exec_"):
            pass
    return found


async def _create(client: Client, **inputs: Any) -> str:
    """Returns the id, or the message of the refusal."""
    answer = await client.answer(
        CREATE, input={"namespace": "faults", "flow": "waiting", "inputs": inputs}
    )
    for error in answer.get("errors", ()):
        assert error["extensions"]["code"] == "UNAVAILABLE", answer
        return str(error["message"])
    payload = answer["data"]["createExecution"]
    for problem in payload["problems"]:
        assert problem["code"] == "UNAVAILABLE", answer
        return str(problem["message"])
    return str(payload["execution"]["id"])


BRIEF = """id: brief
namespace: faults
tasks:
  - {id: python, type: python, script: "print('it ran')"}
  - {id: shell, type: shell, needs: [python], run: echo it ran}
"""
HOLD = """id: hold
namespace: faults
tasks:
  - {{id: hold, type: shell, run: "until [ -e {go} ]; do sleep 0.05; done"}}
  - {{id: after, type: python, needs: [hold], script: "print('it ran')"}}
"""


@pytest.mark.soak
async def test_a_worker_on_a_full_disk_takes_no_jobs_until_there_is_space(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "small", 40) as disk,
        serving(tmp_path / "data", "--no-worker") as served,
    ):
        worker_dir = disk.root / "worker"
        worker_dir.mkdir()
        worker = start_worker(worker_dir, "--database-url", served.database_url)
        try:
            client = served.client
            await client.save(BRIEF)
            await _runs(client)
            held = (await client.run(HOLD.format(go=tmp_path / "go")))["id"]
            await client.until(held, hold="RUNNING")
            disk.fill()
            await _until_logged(worker, worker_dir, "no jobs are taken", times=1)
            ids = [(await client.create("faults/brief"))["id"] for _ in range(3)]
            (tmp_path / "go").touch()
            await client.until(held, hold="SUCCESS", after="QUEUED")
            disk.make_room()
            ended = [await client.until_ended(id) for id in (held, *ids)]
            assert [one["state"] for one in ended] == ["SUCCESS"] * 4
            assert all(len(run["attempts"]) == 1 for one in ended for run in one["taskRuns"])
            await verify(served.database_url)
        finally:
            worker.terminate()
            assert await asyncio.to_thread(worker.wait, 40) == 0


async def _runs(client: Client) -> None:
    id = (await client.create("faults/brief"))["id"]
    assert (await client.until_ended(id))["state"] == "SUCCESS"


async def _until_logged(
    worker: "subprocess.Popen[bytes]", folder: Path, text: str, times: int
) -> None:
    async with asyncio.timeout(30):
        while (folder / "worker.log").read_text().count(text) < times:
            await asyncio.to_thread(_wait, psutil.Process(worker.pid))
