"""Floods: one user, task or stranger that asks for as much as it can, from a process of its own.

`python -m tests.soak.flooding NAME URL TOKEN EXECUTION`, where the execution has a long log, until it is killed.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import asyncpg
import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from models.ids import typed
from tests.api.people import newcomer
from tests.api.servers import Served
from tests.soak.long_log import seed

LINES = 1_500_000

LOUD = """id: loud
namespace: bench
tasks:
  - id: loud
    type: shell
    run: |
      seq -f '{"metric": {"name": "loud", "value": %.0f}}' 100000 > some
      while true; do cat some >> $HEADWAY_FILE; echo 'not a message' >> $HEADWAY_FILE; sleep 0.01; done
"""


_FIELDS = " ".join(
    f"f{n}: fields {{ type {{ fields {{ name description }} }} }}" for n in range(30)
)
SCHEMA = f"{{ __schema {{ types {{ {_FIELDS} }} }} }}"
LISTS = """{ executions(first: 200) { nodes { id name state progress inputs outputs labels { key value }
  availableActions { action allowed reason } previous { id state } next { id } waitingFor { code message }
  stateHistory { state at } createdBy { name } flow { key revision { number } } } } }"""
LOG = '{ execution(id: "%s") { %s } }'
STATS = "subscription ($search: String) { stats(search: $search) { total } }"
LIST = "subscription ($search: String) { executionList(search: $search, first: 20) { cursor } }"
TAIL = "subscription ($id: ID!) { logs(executionId: $id) { lines { text } } }"


class Flooder:
    """One that does not mind what it is answered."""

    def __init__(self, url: str, token: str, execution: str) -> None:
        self.url, self.token, self.execution = url, token, execution
        self.headers = {"authorization": f"Bearer {token}"}

    async def ask_for_ever(self, query: str) -> None:
        async with httpx.AsyncClient(verify=False, timeout=60, headers=self.headers) as http:
            while True:
                with suppress(httpx.HTTPError):
                    answer = await http.post(f"{self.url}/graphql", json={"query": query})
                    if answer.status_code == 429:
                        await asyncio.sleep(0.2)

    async def introspection(self) -> None:
        await asyncio.gather(*(self.ask_for_ever(SCHEMA) for _ in range(10)))

    async def lists(self) -> None:
        await asyncio.gather(*(self.ask_for_ever(LISTS) for _ in range(20)))

    async def large_answers(self) -> None:
        pages = " ".join(
            f"p{n}: logs(first: 200, around: {n * 1000}) {{ nodes {{ text at level taskRunId }} }}"
            for n in range(1, 91)
        )
        await asyncio.gather(*(self.ask_for_ever(LOG % (self.execution, pages)) for _ in range(10)))

    async def errors(self) -> None:
        wrong = " ".join(
            f'e{n}: logs(after: "no cursor") {{ nodes {{ text }} }}' for n in range(90)
        )
        await asyncio.gather(*(self.ask_for_ever(LOG % (self.execution, wrong)) for _ in range(10)))

    async def log_readers(self) -> None:
        """Half of them on sockets, half download."""
        await asyncio.gather(
            *(self._subscribed(TAIL, [{"id": self.execution}]) for _ in range(30)),
            *(self._downloaded() for _ in range(30)),
        )

    async def _downloaded(self) -> None:
        url = f"{self.url}/executions/{self.execution}/logs.txt"
        async with httpx.AsyncClient(verify=False, timeout=60, headers=self.headers) as http:
            while True:
                with suppress(httpx.HTTPError):
                    async with http.stream("GET", url) as answer:
                        async for _ in answer.aiter_bytes():
                            pass
                await asyncio.sleep(0.2)

    async def subscriptions(self) -> None:
        """2 000, all different, as far as one user may."""
        wanted = [{"search": f"label.some:{n}"} for n in range(50)]
        await asyncio.gather(*(self._subscribed([STATS, LIST][n % 2], wanted) for n in range(40)))

    async def _subscribed(self, query: str, wanted: list[dict[str, str]]) -> None:
        while True:
            with suppress(OSError, WebSocketException, TimeoutError):
                async with connect(
                    f"{self.url.replace('http', 'ws')}/graphql",
                    subprotocols=[Subprotocol("graphql-transport-ws")],
                    max_size=None,
                    open_timeout=60,
                ) as socket:
                    payload = {"token": self.token}
                    await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
                    for n, variables in enumerate(wanted):
                        message = {
                            "id": str(n),
                            "type": "subscribe",
                            "payload": {"query": query, "variables": variables},
                        }
                        await socket.send(json.dumps(message))
                    async for _ in socket:
                        pass
            await asyncio.sleep(0.5)

    async def half_open(self) -> None:
        where = urlsplit(self.url)
        opened: list[asyncio.StreamWriter] = []

        async def one() -> None:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(where.hostname, where.port)
                opened.append(writer)
                writer.write(b"POST /graphql HTTP/1.1\r\nhost: ")
                await reader.read()
                writer.close()

        while True:
            await asyncio.gather(*(one() for _ in range(1500)))

    async def uploads(self) -> None:
        async def one() -> None:
            async with httpx.AsyncClient(verify=False, timeout=60, headers=self.headers) as http:
                while True:
                    with suppress(httpx.HTTPError):
                        await http.post(f"{self.url}/files?name=some", content=b"x" * 20_000_000)
                    await asyncio.sleep(0.05)

        await asyncio.gather(*(one() for _ in range(10)))


FLOODS: Mapping[str, Callable[[Flooder], Awaitable[None]]] = {
    name: flood
    for name, flood in vars(Flooder).items()
    if name[0] != "_" and name != "ask_for_ever"
}
TASK = "messages of a task"


async def prepared(served: Served) -> tuple[str, dict[str, str]]:
    """An execution with a long log, and tokens of a viewer and an operator."""
    raw = await asyncpg.connect(served.database_url)
    id, _ = await seed(raw, LINES)
    await raw.close()
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=1) as pool:
        tokens = {role: await newcomer(pool, role) for role in ("viewer", "operator")}
    return typed("exec", id), tokens


@contextmanager
def flooded(served: Served, name: str, token: str, execution: str) -> Iterator[None]:
    if name == TASK:
        made = asyncio.run(served.client.run(LOUD))
        yield
        asyncio.run(served.client.mutate("cancelExecution", id=made["id"], force=True))
        return
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak.flooding", name, served.url, token, execution],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"on\n"
        try:
            yield
            assert process.poll() is None, "it floods to the end"
        finally:
            process.kill()


async def flood(name: str, url: str, token: str, execution: str) -> None:
    flooding = asyncio.ensure_future(FLOODS[name](Flooder(url, token, execution)))
    await asyncio.sleep(1)  # until it has begun
    print("on", flush=True)
    await flooding


if __name__ == "__main__":
    asyncio.run(flood(*sys.argv[1:]))
