"""A process that is frozen within a transaction: what it holds, others go on with."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
import pytest

from models.ids import untyped
from tests.api import holder
from tests.api.client import PROBLEM, Client
from tests.api.servers import Served

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
GOES_ON_WITHIN = 6.0
NOISE = 6.0
"""Seconds: what a shared machine may add."""


@asynccontextmanager
async def frozen(served: Served, kind: str, execution: str) -> AsyncIterator[int]:
    """Within it a process is stopped in a transaction that holds what `kind` says; gives the pid of its session."""
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
            session = int(await process.stdout.readline())
            process.send_signal(signal.SIGSTOP)
            while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
                await asyncio.sleep(0)
        yield session
    finally:
        process.kill()
        await process.wait()


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
    """An execution, of which a frozen process holds something."""

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
        await self.client.ask(query, input={"previewId": preview, "mode": "EACH"})
        assert (await self.client.until_ended(self.id))["state"] == "KILLED"

    async def preview(self) -> str:
        data = await self.client.ask(
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
"""By the kind of hold: what needs it."""


async def lines(client: Client, id: str) -> list[str]:
    data = await client.ask(
        "query ($id: ID!) { execution(id: $id) { logs(first: 50) { nodes { text stream } } } }",
        id=id,
    )
    return [one["text"] for one in data["execution"]["logs"]["nodes"] if one["stream"] != "SYSTEM"]


async def begin(client: Client, tmp_path: Path, kind: str) -> Case:
    free = tmp_path / kind
    id = (await client.create("frozen/held", inputs={"free": str(free)}))["id"]
    await client.until(id, hold="RUNNING")
    async with asyncio.timeout(20):
        while not await lines(client, id):
            await asyncio.sleep(0)
    return Case(client, id, free)


async def test_what_frozen_processes_hold_is_free_within_seconds(
    served: Served, client: Client, tmp_path: Path
) -> None:
    assert ACTS.keys() == set(holder.KINDS)
    await client.save(OTHER)
    await client.save(HELD)
    cases = {kind: await begin(client, tmp_path, kind) for kind in ACTS}
    await cases["bulk"].preview()
    loop = asyncio.get_running_loop()
    took: dict[str, float] = {}

    async def carry_out(kind: str, began: float) -> None:
        await ACTS[kind](cases[kind])
        took[kind] = round(loop.time() - began, 1)

    async with AsyncExitStack() as stack:
        sessions = [
            await stack.enter_async_context(frozen(served, kind, cases[kind].id)) for kind in ACTS
        ]
        assert await is_open(served.database_url, sessions[-1])
        async with asyncio.timeout(GOES_ON_WITHIN + NOISE), asyncio.TaskGroup() as group:
            for kind in ACTS:
                group.create_task(carry_out(kind, loop.time()))
    print(took)
    for case in cases.values():
        case.free.touch()
        await client.until_ended(case.id)


@pytest.mark.parametrize("kind", ["execution", "slots"])
async def test_what_is_held_keeps_no_other_execution_waiting(
    served: Served, client: Client, kind: str, tmp_path: Path
) -> None:
    await client.save(OTHER)
    await client.save(HELD)
    case = await begin(client, tmp_path, kind)
    async with frozen(served, kind, case.id) as session:
        act = asyncio.ensure_future(ACTS[kind](case))
        ended = 0
        while await is_open(served.database_url, session):
            other = await client.create("frozen/other")
            assert (await client.until_ended(other["id"]))["state"] == "SUCCESS"
            ended += await is_open(served.database_url, session)
        assert ended > 1, "they ran while the lock was held"
        await act
    case.free.touch()
    await client.until_ended(case.id)
