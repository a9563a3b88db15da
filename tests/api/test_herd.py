"""Many sockets at once: a thousand that reconnect together, and some that do not read."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.api.client import EVENTS, Client
from tests.api.conftest import verify
from tests.api.people import newcomer
from tests.api.servers import Served, serving

HERD = 1000
PEOPLE = 6
"""The users; each may have 200 sockets."""
MANY = """id: many
namespace: faults
tasks:
{tasks}
  - {{id: gate, type: shell, run: "until [ -e {go} ]; do sleep 0.05; done"}}
  - {{id: after, type: foreach, needs: [gate], items: "{{{{ range(20) | list }}}}",
      tasks: [{{id: one, type: log, message: it went on}}]}}
"""
STATE = "query ($id: ID!) { execution(id: $id) { state } }"
_MEBIBYTE = 2**20


@dataclass
class One:
    """A client that resumes from its cursor."""

    url: str
    token: str
    id: str
    seen: list[int] = field(default_factory=list)
    socket: ClientConnection | None = None

    async def come(self) -> None:
        self.socket = await connect(
            f"{self.url.replace('http', 'ws')}/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            compression=None,
            open_timeout=60,
            ping_interval=None,
        )
        await self._say(type="connection_init", payload={"token": self.token})
        assert json.loads(await self.socket.recv())["type"] == "connection_ack"
        variables = {"id": self.id, "after": self.seen[-1] if self.seen else 0}
        payload = {"query": EVENTS, "variables": variables}
        await self._say(type="subscribe", id="1", payload=payload)

    async def read(self, last: int | None) -> None:
        """Reads up to an event, or to the end."""
        assert self.socket
        while last is None or not self.seen or self.seen[-1] < last:
            message = json.loads(await self.socket.recv())
            if message["type"] == "ping":
                await self._say(type="pong")
            elif message["type"] == "complete":
                return
            else:
                assert message["type"] == "next", message
                self.seen.append(message["payload"]["data"]["executionEvents"]["seq"])

    def vanish(self) -> None:
        """Cuts all connections, as a power failure at the other end of a proxy does."""
        assert self.socket
        self.socket.transport.abort()

    async def _say(self, **message: Any) -> None:
        assert self.socket
        await self.socket.send(json.dumps(message))


async def all_do(work: Sequence[Any]) -> float:
    """Returns the seconds that the call took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(90), asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)
    return loop.time() - began


@asynccontextmanager
async def people(served: Served) -> AsyncIterator[list[str]]:
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=1) as pool:
        yield [await newcomer(pool, "viewer") for _ in range(PEOPLE)]


async def bystander(client: Client, id: str, over: asyncio.Event) -> float:
    """Sends queries all the time; returns the longest response time."""
    loop, longest = asyncio.get_running_loop(), 0.0
    while not over.is_set():
        began = loop.time()
        assert (await client.post(STATE, id=id))["execution"]["state"] == "RUNNING"
        longest = max(longest, loop.time() - began)
    return longest


@pytest.mark.soak
async def test_a_thousand_clients_that_reconnect_at_once_resume(tmp_path: Path) -> None:
    tasks = "\n".join(f"  - {{id: t{n}, type: log, message: hello}}" for n in range(30))
    async with AsyncExitStack() as stack:
        served = stack.enter_context(serving(tmp_path / "data"))
        tokens = await stack.enter_async_context(people(served))
        client = Client(served.url, served.token, timeout=60)
        id = (await client.run(MANY.format(tasks=tasks, go=tmp_path / "go")))["id"]
        standing = await client.until(id, gate="RUNNING", **{f"t{n}": "SUCCESS" for n in range(30)})
        last = standing["seq"]
        herd = [One(served.url, tokens[n % PEOPLE], id) for n in range(HERD)]
        server = psutil.Process(served.process.pid)

        await all_do([one.come() for one in herd])
        await all_do([one.read(last) for one in herd])
        before, waves, longest = server.memory_info().rss, [], 0.0
        for _ in range(3):
            for one in herd:
                one.vanish()
            over = asyncio.Event()
            queries = asyncio.create_task(bystander(client, id, over))
            waves.append(await all_do([one.come() for one in herd]))
            over.set()
            longest = max(longest, await queries)
        (tmp_path / "go").touch()
        await all_do([one.read(None) for one in herd])
        grown = server.memory_info().rss - before
        ended = await client.show(id)
        assert ended["state"] == "SUCCESS"
        assert all(one.seen == list(range(1, ended["seq"] + 1)) for one in herd)
        assert grown < 40 * _MEBIBYTE, f"{grown / _MEBIBYTE:.0f} MiB more after {waves}"
        assert longest < 10, f"a bystander waited {longest} s"
        await verify(served.database_url)


LOUD = """id: loud
namespace: faults
tasks:
  - id: loud
    type: shell
    run: |
      until [ -e {go} ]; do sleep 0.05; done
      head -n 60000 < <(yes {text})
"""
LINES = "subscription ($id: ID!) { logs(executionId: $id) { lines { line text } complete } }"


@pytest.mark.soak
async def test_sockets_that_do_not_read_cost_no_memory_and_block_nobody(tmp_path: Path) -> None:
    """60 MB pass twenty sockets that do not read, and one that does."""
    async with AsyncExitStack() as stack:
        served = stack.enter_context(serving(tmp_path / "data"))
        client = Client(served.url, served.token, timeout=100)
        id = (await client.run(LOUD.format(go=tmp_path / "go", text="x" * 1000)))["id"]
        await client.until(id, loud="RUNNING")
        deaf = [
            await stack.enter_async_context(
                connect(
                    f"{served.url.replace('http', 'ws')}/graphql",
                    subprotocols=[Subprotocol("graphql-transport-ws")],
                    max_queue=1,
                    ping_interval=None,
                    close_timeout=0.1,
                )
            )
            for _ in range(20)
        ]
        for n, socket in enumerate(deaf):
            await socket.send(
                json.dumps({"type": "connection_init", "payload": {"token": served.token}})
            )
            # Each requests different data, so that none shares another's read.
            payload = {
                "query": LINES.replace("lines {", f"lines {{ n{n}: line"),
                "variables": {"id": id},
            }
            await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        server = psutil.Process(served.process.pid)
        before = server.memory_info().rss
        (tmp_path / "go").touch()
        read, most = 0, before
        async with client.subscribe(LINES, id=id) as messages:
            async for data in messages:
                read += len(data["logs"]["lines"])
                most = max(most, server.memory_info().rss)
        assert read == 60_000
        assert most - before < 150 * _MEBIBYTE, f"{(most - before) / _MEBIBYTE:.0f} MiB more"
        assert (await client.until_ended(id))["state"] == "SUCCESS"
        await verify(served.database_url)
