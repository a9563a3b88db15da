"""A process that is frozen within a transaction blocks the others for a bounded time only."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import psutil
import pytest

from models.ids import untyped
from tests.api import holder
from tests.api.client import PROBLEM, Client
from tests.api.servers import Served
from tests.semantics.scene import read

HELD = """id: held
namespace: frozen
concurrency: {limit: 20}
tasks:
  - id: hold
    type: shell
    run: |
      echo held
      until [ -e $FREE ]; do sleep 0.05; done
      echo free
    env: {FREE: "{{ inputs.free }}"}
inputs: [{id: free, type: STRING}]
"""
OTHER = """id: other
namespace: frozen
tasks: [{id: say, type: log, message: hello}]
"""
FREE_WITHIN = timedelta(seconds=6)
NOISE = timedelta(seconds=2.5)
"""Seconds by which PostgreSQL and the servers may be late on a busy machine."""
STALLING = {"attempt", "log", "key", holder.READING, holder.SENDING}
"""Kinds of hold for which others may wait as well: rows that are written together wait together."""


@asynccontextmanager
async def frozen(served: Served, kind: str, execution: str) -> AsyncIterator[tuple[int, datetime]]:
    """Freezes a process in a transaction that holds what `kind` says; yields the pid of its session, and the time of
    its last statement."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.api.holder",
        served.database_url,
        kind,
        str(untyped("exec", execution)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(30):
            session, since = (await process.stdout.readline()).decode().split()
            process.send_signal(signal.SIGSTOP)
            while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
                await asyncio.sleep(0)
        yield int(session), datetime.fromisoformat(since)
    finally:
        process.kill()
        await process.wait()


def ended(served: Served, session: int) -> datetime:
    """Returns when PostgreSQL ended the session, by its log."""
    log = (served.data_dir / "pg/postgres.log").read_text()
    (at,) = re.findall(rf"^(\S+ \S+) UTC \[{session}\] FATAL:  terminating connection", log, re.M)
    return datetime.fromisoformat(f"{at}+00:00")


async def is_open(database_url: str, session: int) -> bool:
    connection = await asyncpg.connect(database_url)
    try:
        return bool(
            await connection.fetchval(
                "select exists (select from pg_stat_activity where pid = $1)", session
            )
        )
    finally:
        await connection.close()


@dataclass(frozen=True)
class Case:
    """Creates an execution of which a frozen process holds a lock."""

    client: Client
    id: str
    free: Path

    async def cancel(self) -> None:
        assert not (await self.client.mutate("cancelExecution", id=self.id))["problems"]
        assert (await self.client.until_ended(self.id))["state"] == "KILLED"

    async def write_a_line(self) -> None:
        self.free.touch()
        assert (await self.client.until_ended(self.id))["state"] == "SUCCESS"
        assert await lines(self.client, self.id) == ["held", "free"]

    async def start_another(self) -> None:
        another = (await self.client.create("frozen/held", inputs={"free": "/dev/null"}))["id"]
        assert (await self.client.until_ended(another))["state"] == "SUCCESS"

    async def use_the_key(self) -> None:
        created = await self.client.create("frozen/other", idempotencyKey="contended")
        assert (await self.client.until_ended(created["id"]))["state"] == "SUCCESS"

    async def run_the_bulk(self) -> None:
        preview = await self.preview()
        query = f"mutation ($input: RunBulkInput!) {{ runBulk(input: $input) {{ {PROBLEM} }} }}"
        await self.client.post(query, input={"previewId": preview, "mode": "EACH"})
        assert (await self.client.until_ended(self.id))["state"] == "KILLED"

    async def preview(self) -> str:
        data = await self.client.post(
            """mutation ($input: PreviewBulkInput!) { previewBulk(input: $input) { preview { id } } }""",
            input={"action": "CANCEL", "ids": [self.id]},
        )
        return str(data["previewBulk"]["preview"]["id"])


ACTS: Mapping[str, Callable[[Case], Awaitable[None]]] = {
    "execution": Case.cancel,
    "slots": Case.start_another,
    "attempt": Case.cancel,
    "log": Case.write_a_line,
    "key": Case.use_the_key,
    "bulk": Case.run_the_bulk,
    holder.READING: Case.cancel,
    holder.SENDING: Case.cancel,
}
"""The action that each kind of hold blocks."""


async def lines(client: Client, id: str) -> list[str]:
    """Returns the lines that the task itself wrote."""
    logs = (await read(client, id, "logs(first: 50) { nodes { text stream } }"))["logs"]
    return [one["text"] for one in logs["nodes"] if one["stream"] != "SYSTEM"]


async def begin(client: Client, tmp_path: Path, kind: str) -> Case:
    free = tmp_path / kind
    id = (await client.create("frozen/held", inputs={"free": str(free)}))["id"]
    await client.until(id, hold="RUNNING")
    async with asyncio.timeout(20):
        while not await lines(client, id):
            await asyncio.sleep(0)
    return Case(client, id, free)


SMOKE = {"execution", "slots", "log"}
"""Each waits until PostgreSQL ends a session; the other kinds run in the soak test."""


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in SMOKE else pytest.mark.soak) for kind in holder.KINDS],
)
async def test_locks_of_a_frozen_process_are_released_within_seconds(
    served: Served, client: Client, kind: str, tmp_path: Path
) -> None:
    assert ACTS.keys() == set(holder.KINDS)
    await client.save(OTHER)
    await client.save(HELD)
    case = await begin(client, tmp_path, kind)
    if kind == "bulk":
        await case.preview()
    async with frozen(served, kind, case.id) as (session, began):
        act = asyncio.ensure_future(ACTS[kind](case))
        others: list[str] = []
        while await is_open(served.database_url, session):
            others.append((await client.create("frozen/other"))["id"])
            assert (await client.until_ended(others[-1]))["state"] == "SUCCESS"
        await act
    assert ended(served, session) - began <= FREE_WITHIN + NOISE
    meanwhile = 0
    for id in others:
        other = await read(client, id, "endedAt logs { nodes { text } }")
        assert [line["text"] for line in other["logs"]["nodes"]] == ["hello"]
        meanwhile += datetime.fromisoformat(other["endedAt"]) < ended(served, session)
    print(f"{kind}: {meanwhile} others ended while it was held")
    assert kind in STALLING or meanwhile > 1, "others ran while it was held"
    case.free.touch()
    await client.until_ended(case.id)
