"""A worker that was frozen past its lease stores nothing of its attempt when it continues."""

import asyncio
import signal
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from models.ids import untyped
from tests.api.client import Client, task
from tests.api.conftest import verify
from tests.api.servers import serving, start_worker
from tests.semantics.scene import Tables

FLOW = """id: frozen
namespace: faults
tasks:
  - id: writes
    type: shell
    queue: heavy
    env: {{GO: "{go}"}}
    run: |
      echo "attempt $HEADWAY_ATTEMPT"
      if [ $HEADWAY_ATTEMPT -gt 1 ]; then exit 0; fi
      until [ -e "$GO" ]; do sleep 0.02; done
      for number in $(seq 1 200); do
        echo "late line $number"
        echo "late error $number" >&2
      done
      echo '{{"metric": {{"name": "late", "value": 1}}}}' >&"$HEADWAY_FD"
      echo '{{"artifact": {{"uri": "s3://bucket/late", "name": "late"}}}}' >> "$HEADWAY_FILE"
      echo '{{"output": {{"late": 1}}, "property": {{"late": 1}}, "label": {{"late": "1"}}}}' >> "$HEADWAY_FILE"
      echo written > "$GO.written"
      sleep 60
"""
LOGS = """subscription ($id: ID!) { logs(executionId: $id) { lines { text } complete lineCount sha256 } }"""
STORED = """
select 'line' as kind, text as what from logs where execution_id = $1
union all select 'metric', name from metrics where execution_id = $1
union all select 'artifact', uri from artifact_uses where execution_id = $1
union all select 'row', to_jsonb(e)::text from executions e where id = $1
union all select 'row', to_jsonb(t)::text from task_runs t where execution_id = $1
order by 1, 2
"""
LOSE = "update attempts set lease_expires_at = clock_timestamp() where state = 'RUNNING' and lease is not null"


@pytest.mark.timeout(120)
async def test_a_worker_frozen_past_its_lease_adds_nothing_when_it_wakes_up(tmp_path: Path) -> None:
    go, data_dir = tmp_path / "go", tmp_path / "data"
    with serving(data_dir) as served:
        client, database = served.client, served.database_url
        frozen = start_worker(data_dir, "--queue", "heavy")
        second = None
        try:
            id = (await client.run(FLOW.format(go=go)))["id"]
            await _until_logged(client, id, "attempt 1")
            frozen.send_signal(signal.SIGSTOP)
            go.touch()
            await _until_written(go.with_name("go.written"), "written")
            second = start_worker(data_dir, "--queue", "heavy")
            await rows(database, LOSE)
            ended = await client.until_ended(id)
            states = [one["state"] for one in task(ended, "writes")["attempts"]]
            assert states == ["LOST", "SUCCESS"]
            before = await rows(database, STORED, untyped("exec", id))
            complete = await _complete(client, id)
            frozen.send_signal(signal.SIGCONT)
            await _until_written(data_dir / "worker.log", "log lines of task writes of execution")
        finally:
            frozen.send_signal(signal.SIGCONT)
            for worker in filter(None, (frozen, second)):
                worker.terminate()
                assert worker.wait(40) == 0
        assert await rows(database, STORED, untyped("exec", id)) == before
        assert [row["what"] for row in before if row["kind"] != "row"] == ["attempt 1", "attempt 2"]
        assert await _complete(client, id) == complete
        await verify(database)


async def _complete(client: Client, id: str) -> dict[str, Any]:
    async with client.subscribe(LOGS, id=id) as messages:
        batches = [data["logs"] async for data in messages]
    last: dict[str, Any] = batches[-1]
    assert last["complete"] and last["lineCount"] > 0
    return last


async def _until_logged(client: Client, id: str, text: str) -> None:
    async with client.subscribe(LOGS, id=id) as messages:
        async for data in messages:
            if any(line["text"] == text for line in data["logs"]["lines"]):
                return
    raise AssertionError(f"it ended without {text!r}")


async def _until_written(file: Path, text: str) -> None:
    """Returns the lines; the file may not exist yet."""
    follow = ("tail", "-n", "+1", "-F", file)
    tail = await asyncio.create_subprocess_exec(*follow, stdout=PIPE, stderr=DEVNULL)
    assert tail.stdout
    try:
        async with asyncio.timeout(30):
            async for line in tail.stdout:
                if text in line.decode():
                    return
        raise AssertionError("nobody follows the file any more")
    finally:
        tail.kill()
        await tail.wait()


async def rows(database_url: str, query: str, *values: Any) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(database_url)
    try:
        return await Tables(connection).rows(query, *values)
    finally:
        await connection.close()
