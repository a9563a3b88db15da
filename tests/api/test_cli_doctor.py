"""`headway doctor` reports each problem once; `headway show` prints lost attempts."""

import asyncio
import json
import signal

import asyncpg
import pytest
from rich.table import Table

from models.ids import new_id
from runner.store.postgres import servers
from server.cli.commands.doctor import not_ready
from server.cli.queries import MOST_METRICS
from server.cli.terminal.findings import findings
from tests.api.client import Client
from tests.api.servers import Served, start_worker
from tests.api.test_cli import headway
from tests.api.test_cli_actions import done

LOST = """id: lost
namespace: doctor
tasks: [{id: a, type: shell, queue: lonely, run: sleep 600}]
"""


async def test_doctor_names_queues_with_waiting_tasks_and_no_worker(
    client: Client, served: Served
) -> None:
    ids = [(await client.run(LOST.replace("lonely", "deserted")))["id"] for _ in range(2)]
    names = {(await client.show(id))["name"] for id in ids}
    code, output, errors = await headway(served, "doctor")
    assert (code, "no problems found" in output) == (1, False)
    (line,) = (one for one in errors.splitlines() if "queue deserted" in one)
    assert line.startswith("✗ no live worker on queue deserted; start one: headway worker --queue")
    assert "(2 tasks wait, of " in line and all(name in line for name in names)
    for id in ids:
        await done(served, "cancel", id)
    assert "deserted" not in (await headway(served, "doctor"))[2]


async def test_doctor_names_servers_that_sign_sessions_with_different_keys(
    client: Client, served: Served
) -> None:
    announced = json.loads((served.data_dir / "server.json").read_text())
    other = new_id()
    async with asyncpg.create_pool(announced["databaseUrl"], min_size=1, max_size=1) as pool:
        await servers.register(pool, other, "elsewhere", "another")
        try:
            code, _, errors = await headway(served, "doctor")
        finally:
            await servers.forget(pool, other)
    assert code == 1
    (line,) = errors.splitlines()
    assert line.startswith("✗ servers sign browser sessions with different keys: ")
    assert "elsewhere" in line
    assert "elsewhere" not in (await headway(served, "doctor"))[2]


def test_checks_that_need_the_database_are_skipped_without_it() -> None:
    away = dict.fromkeys(("database", "writable", "migrations", "feed"), False)
    (line,) = not_ready({**away, "accepting": True})
    assert line.startswith("the database cannot be reached")
    here = {**away, "database": True, "migrations": True, "accepting": False}
    assert [one.partition(";")[0] for one in not_ready(here)] == [
        "the database accepts no writes",
        "the server receives no notifications of changes",
        "the server is stopping and accepts no more requests",
    ]
    assert not_ready(dict.fromkeys(here, True)) == []


@pytest.mark.timeout(120)
async def test_show_and_run_print_a_lost_attempt(client: Client, served: Served) -> None:
    await client.save(LOST)
    start = ("run", "doctor/lost", "--idempotency-key", "lost-once")
    id = (await done(served, *start)).strip()
    worker = start_worker(served.data_dir, "--queue", "lonely")
    async with asyncio.timeout(90):
        async for event in client.events(id):
            if event["type"] == "ATTEMPT_STARTED":
                worker.send_signal(signal.SIGKILL)
                worker.wait()
            if event["type"] == "ATTEMPT_ENDED":
                break
    lines = (await done(served, "show", id)).splitlines()
    (task,) = (line for line in lines if line.split()[:1] == ["a"])
    assert task.endswith("attempt 1 was lost; waiting for a worker")
    await done(served, "cancel", id, "--force")
    _, output, _ = await headway(served, *start, "--follow")
    assert "a: QUEUED (attempt 1 was lost)" in output


def test_a_truncated_list_is_not_called_complete() -> None:
    metric = {"name": "loss", "value": 1.0, "step": None, "tags": {}, "taskKey": "fit"}
    execution = {"taskRuns": [], "artifacts": [], "latest": {"metrics": {"loss": 0.25}}}
    whole = list(findings({**execution, "metrics": [metric]}, False, True))
    assert list(map(_title, whole)) == ["latest metrics"]
    cut = list(findings({**execution, "metrics": [metric] * MOST_METRICS}, False, True))
    assert list(map(_title, cut)) == [
        "latest metrics by name",
        "latest metrics by task, among the first 50000 values",
    ]
    assert list(map(str, cut[0].columns[1].cells))[1] == "0.25"


def _title(table: Table) -> str:
    return str(next(iter(table.columns[0].cells)))
