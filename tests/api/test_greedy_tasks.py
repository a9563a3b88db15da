"""Tasks that write without end, fill the memory, or fork without end: they are stopped, and the worker survives."""

import asyncio
import statistics
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.api.client import Client, task
from tests.api.conftest import verify
from tests.api.servers import serving, start_worker
from tests.cgroups import limited

_MEBIBYTE = 2**20
STATE = "query ($id: ID!) { execution(id: $id) { state } }"
LOUD = """id: loud
namespace: faults
tasks:
  - id: loud
    type: shell
    run: |
      head -c 2G < <(yes)
      head -c 4G /dev/zero
      head -c 4G /dev/zero | tr '\\\\0' '\\\\377'
  - {id: other, type: shell, run: sleep 12; echo it ran}
"""
LAST = """query ($id: ID!) { execution(id: $id) { logs(last: 5) { nodes { text stream } } } }"""


@pytest.mark.soak
async def test_ten_gigabytes_of_log_are_cut_off_and_block_nobody(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        client = Client(served.url, served.token, timeout=300)
        id = (await client.run(LOUD))["id"]
        await client.until(id, loud="RUNNING")
        server = psutil.Process(served.process.pid)
        loop = asyncio.get_running_loop()
        longest, most = 0.0, 0
        following = asyncio.create_task(client.until_ended(id))
        while not following.done():
            began = loop.time()
            await client.post(STATE, id=id)
            longest = max(longest, loop.time() - began)
            most = max(most, server.memory_info().rss)
            await asyncio.wait({following}, timeout=0.1)
        ended = await following
        assert ended["state"] == "SUCCESS"
        assert [len(one["attempts"]) for one in ended["taskRuns"]] == [1, 1]
        nodes = (await client.post(LAST, id=id))["execution"]["logs"]["nodes"]
        assert "log limit reached; the rest is dropped" in [node["text"] for node in nodes]
        assert longest < 3, f"somebody waited {longest:.1f} s"
        assert most < 500 * _MEBIBYTE, f"{most / _MEBIBYTE:.0f} MiB"
        await verify(served.database_url)


FLOODS = {
    "50 MB of metrics": (
        '{"metric": {"name": "loss", "value": 0.123456, "step": 3}}',
        850_000,
        "FILE",
    ),
    "50 MB of outputs": ('{"output": {"a": "' + "x" * 200 + '"}}', 220_000, "FILE"),
    "3 million lines that are no messages": ("no", 3_000_000, "FILE"),
    "100 MB of log": ("x" * 99, 1_000_000, "LOG"),
}
FLOOD = """id: flood
namespace: faults
tasks:
  - id: flood
    type: shell
    run: |
      if [ {place} = LOG ]; then HEADWAY_FILE=/dev/stdout; fi
      head -n {count} < <(yes '{line}') >> "$HEADWAY_FILE"
"""
BRIEF = "id: brief\nnamespace: faults\ntasks:\n  - {id: a, type: log, message: a}\n"


@pytest.mark.soak
@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_of_messages_costs_other_tasks_neither_time_nor_leases(
    tmp_path: Path, kind: str
) -> None:
    line, count, place = FLOODS[kind]
    with serving(tmp_path / "data") as served:
        client = Client(served.url, served.token, timeout=300)
        await client.save(BRIEF)
        idle = [await _seconds_to_create(client) for _ in range(40)]
        id = (await client.run(FLOOD.format(line=line, count=count, place=place)))["id"]
        server = psutil.Process(served.process.pid)
        following = asyncio.create_task(client.until_ended(id))
        took, most = [], 0
        while not following.done():
            took.append(await _seconds_to_create(client))
            most = max(most, server.memory_info().rss)
            await asyncio.wait({following}, timeout=0.05)
        ended = await following
        half, before = statistics.median(took), statistics.median(idle)
        summary = f"{kind}: median {half * 1000:.0f} ms, idle {before * 1000:.0f} ms, longest {max(took) * 1000:.0f} ms"
        print(f"{summary}, {len(took)} creations, {most / _MEBIBYTE:.0f} MiB")
        assert [[one["state"] for one in run["attempts"]] for run in ended["taskRuns"]] == [
            ["SUCCESS"]
        ]
        assert half < max(5 * before, 0.25), summary
        assert most < 400 * _MEBIBYTE
        await verify(served.database_url)


async def _seconds_to_create(client: Client) -> float:
    began = asyncio.get_running_loop().time()
    await client.create("faults/brief")
    return asyncio.get_running_loop().time() - began


HOGS = {
    "one large process": "x = []\nwhile True: x.append(bytearray(b'x' * 2**20))",
    "many small ones": (
        "import os, time\nfor _ in range(80):\n"
        "  if os.fork() == 0:\n    x = bytearray(b'x' * 12 * 2**20)\n    time.sleep(60)\n    os._exit(0)\n"
        "os.wait()\nraise SystemExit('a child was killed')"
    ),
}
GREEDY = """id: greedy
namespace: faults
tasks:
  - {{id: hog, type: shell, run: "{python} -S {script}"}}
  - {{id: other, type: shell, run: "until [ -e {go} ]; do sleep 0.05; done"}}
"""


@pytest.mark.soak
@pytest.mark.parametrize("hog", HOGS)
async def test_a_task_that_fills_the_memory_is_killed_and_its_worker_lives(
    tmp_path: Path, hog: str
) -> None:
    (tmp_path / "hog.py").write_text(HOGS[hog])
    with serving(tmp_path / "data", "--no-worker") as served:
        worker = start_worker(tmp_path / "data")
        with limited(worker, "memory", limit_in_bytes=450 * _MEBIBYTE):
            client = served.client
            source = GREEDY.format(
                python=sys.executable, script=tmp_path / "hog.py", go=tmp_path / "go"
            )
            id = (await client.run(source))["id"]
            await client.until(id, other="RUNNING", hog="FAILED")
            (tmp_path / "go").touch()
            ended = await client.until_ended(id)
            assert worker.poll() is None
            assert _ends(ended) == {"hog": ["FAILED"], "other": ["SUCCESS"]}
            await verify(served.database_url)


BOMB = """id: bomb
namespace: faults
tasks:
  - {id: bomb, type: shell, timeout: 5s, run: "bomb() { bomb | bomb & }; trap '' TERM; bomb; sleep 60"}
"""
AFTER = "id: after\nnamespace: faults\ntasks: [{id: a, type: shell, run: echo it ran}]\n"


@pytest.mark.soak
async def test_a_fork_bomb_is_ended_with_all_its_processes_and_its_worker_lives(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "data", "--no-worker") as served:
        worker = start_worker(tmp_path / "data")
        with limited(worker, "pids", max=400) as group:
            client = Client(served.url, served.token, timeout=60)
            ended = await client.until_ended((await client.run(BOMB))["id"])
            assert ended["state"] == "FAILED", ended
            assert len(task(ended, "bomb")["attempts"]) == 1
            after = await client.until_ended((await client.run(AFTER))["id"])
            assert after["state"] == "SUCCESS"
            left = {int(pid) for pid in (group / "cgroup.procs").read_text().split()}
            assert all(psutil.Process(pid).name() != "bash" for pid in left)
            await verify(served.database_url)


def _ends(execution: dict[str, Any]) -> dict[str, list[str]]:
    return {run["key"]: [one["state"] for one in run["attempts"]] for run in execution["taskRuns"]}
