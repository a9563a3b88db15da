"""Floods: one user, task or unauthenticated client sends as many requests as possible, from a process of its own.

`python -m tests.soak.flooding NAME URL TOKEN EXECUTION`, where the execution has a long log, floods until its input
ends, and then prints the counted responses as JSON.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from models.ids import typed, untyped
from tests.api.client import states
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
      while true; do echo 'not a message' >> $HEADWAY_FILE; cat some >> $HEADWAY_FILE; sleep 0.01; done
"""


_FIELDS = " ".join(f"f{n}: fields {{ type {{ fields {{ name description }} }} }}" for n in range(4))
SCHEMA = f"{{ __schema {{ types {{ {_FIELDS} }} }} }}"
LISTS = """{ executions(first: 200) { nodes { id name state progress inputs outputs labels { key value }
  availableActions { action allowed reason } previous { id state } next { id } waitingFor { code message }
  stateHistory { state at } createdBy { name } flow { key revision { number } } } } }"""
LOG = '{ execution(id: "%s") { %s } }'
STATS = "subscription ($search: String) { stats(search: $search) { total { value } } }"
LIST = "subscription ($search: String) { executionList(search: $search, first: 20) { cursor } }"
TAIL = "subscription ($id: ID!) { logs(executionId: $id) { lines { text } } }"


ACCEPTED = "accepted"
_FIRST_ANSWER = 20
"""Seconds after the start of the flood within which its first response must come."""
_HALF_OPEN, _HELD = 2000, 1.0
"""The number of connections, more than one address may have; and seconds after which one was accepted."""


class Flooder:
    """Sends requests regardless of the responses, and counts these."""

    def __init__(self, url: str, token: str, execution: str) -> None:
        self.url, self.token, self.execution = url, token, execution
        self.headers = {"authorization": f"Bearer {token}"}
        self.answers: Counter[str] = Counter()
        """The number of responses by the code of the refusal; `ACCEPTED` for the others."""

    async def _query_forever(self, query: str, accepted: str = ACCEPTED) -> None:
        async with httpx.AsyncClient(verify=False, timeout=60, headers=self.headers) as http:
            while True:
                with self._counting():
                    answer = await http.post(f"{self.url}/graphql", json={"query": query})
                    self._count(answer, accepted)
                    if answer.status_code == 429:
                        await asyncio.sleep(0.2)

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Counts connections that fail or end by the name of the exception."""
        try:
            yield
        except (httpx.HTTPError, OSError, WebSocketException, TimeoutError) as error:
            self.answers[type(error).__name__] += 1

    def _count(self, answer: httpx.Response, accepted: str = ACCEPTED) -> None:
        """Counts a response; `accepted` is the expected error code."""
        if answer.headers.get("content-type", "").startswith("application/json"):
            errors = orjson.loads(answer.content).get("errors", [])
            codes = {error.get("extensions", {}).get("code", "no code") for error in errors}
        else:
            codes = {str(answer.status_code)} if answer.is_error else set()
        code = " ".join(sorted(codes)) or ACCEPTED
        self.answers[ACCEPTED if code == accepted else code] += 1

    async def introspection(self) -> None:
        await asyncio.gather(*(self._query_forever(SCHEMA) for _ in range(10)))

    async def lists(self) -> None:
        await asyncio.gather(*(self._query_forever(LISTS) for _ in range(20)))

    async def large_answers(self) -> None:
        pages = " ".join(
            f"p{n}: logs(first: 200, around: {n * 1000}) {{ nodes {{ text at level taskRunId }} }}"
            for n in range(1, 91)
        )
        await asyncio.gather(
            *(self._query_forever(LOG % (self.execution, pages)) for _ in range(10))
        )

    async def errors(self) -> None:
        wrong = " ".join(
            f'e{n}: logs(after: "no cursor") {{ nodes {{ text }} }}' for n in range(90)
        )
        await asyncio.gather(
            *(self._query_forever(LOG % (self.execution, wrong), "VALIDATION") for _ in range(10))
        )

    async def log_readers(self) -> None:
        """Half of the readers use sockets, half downloads."""
        await asyncio.gather(
            *(self._subscribed(TAIL, [{"id": self.execution}]) for _ in range(30)),
            *(self._downloaded() for _ in range(30)),
        )

    async def _downloaded(self) -> None:
        url = f"{self.url}/executions/{self.execution}/logs.txt"
        async with httpx.AsyncClient(verify=False, timeout=60, headers=self.headers) as http:
            while True:
                with self._counting():
                    async with http.stream("GET", url) as answer:
                        if answer.is_error:
                            await answer.aread()
                        async for _ in answer.aiter_bytes():
                            pass
                    self._count(answer)
                await asyncio.sleep(0.2)

    async def subscriptions(self) -> None:
        """Opens 2 000 different subscriptions, as many as one user may have."""
        wanted = [{"search": f"label.some:{n}"} for n in range(50)]
        await asyncio.gather(*(self._subscribed([STATS, LIST][n % 2], wanted) for n in range(40)))

    async def _subscribed(self, query: str, wanted: list[dict[str, str]]) -> None:
        while True:
            with self._counting():
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
                    async for text in socket:
                        self._count_message(orjson.loads(text))
            await asyncio.sleep(0.5)

    def _count_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "next":
            self.answers[ACCEPTED] += 1
        elif message["type"] == "error":
            self.answers[message["payload"][0]["extensions"]["code"]] += 1

    async def half_open(self) -> None:
        where = urlsplit(self.url)

        async def one() -> None:
            with self._counting():
                reader, writer = await asyncio.open_connection(where.hostname, where.port)
                writer.write(b"POST /graphql HTTP/1.1\r\nhost: ")
                answer = asyncio.ensure_future(reader.read())
                if not (await asyncio.wait({answer}, timeout=_HELD))[0]:
                    self.answers[ACCEPTED] += 1
                self.answers[(await answer)[9:12].decode() or "closed"] += 1
                writer.close()

        while True:
            await asyncio.gather(*(one() for _ in range(_HALF_OPEN)))

    async def uploads(self) -> None:
        async def one() -> None:
            async with httpx.AsyncClient(verify=False, timeout=60, headers=self.headers) as http:
                while True:
                    with self._counting():
                        content = b"x" * 20_000_000
                        self._count(await http.post(f"{self.url}/files?name=some", content=content))
                    await asyncio.sleep(0.05)

        await asyncio.gather(*(one() for _ in range(10)))


FLOODS: Mapping[str, Callable[[Flooder], Awaitable[None]]] = {
    name: flood for name, flood in vars(Flooder).items() if name[0] != "_"
}
TASK = "messages of a task"
LIMITS: Mapping[str, tuple[str, ...]] = {
    "log_readers": ("UNAVAILABLE", "TOO_MANY_REQUESTS"),
    "half_open": ("503", "closed"),
    TASK: ("not understood",),
}
"""The refusals of each flood that has to reach a limit: at once, or after a while."""
_KEPT = """
select (select count(*) from metrics where execution_id = $1) as metrics,
  (select count(*) from logs where execution_id = $1 and text like 'message not understood%') as refused
"""


async def prepared(served: Served) -> tuple[str, dict[str, str]]:
    """Creates an execution with a long log, and tokens of a viewer and an operator."""
    raw = await asyncpg.connect(served.database_url)
    id, _ = await seed(raw, LINES)
    await raw.close()
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=1) as pool:
        tokens = {role: await newcomer(pool, role) for role in ("viewer", "operator")}
    return typed("exec", id), tokens


@contextmanager
def flooded(served: Served, name: str, token: str, execution: str) -> Iterator[None]:
    """Floods until the block ends; raises AssertionError when the responses are not those to a flood."""
    with (_task if name == TASK else _process)(served, name, token, execution) as answers:
        yield
    print(f"{name}: {dict(answers)}")
    assert answers[ACCEPTED] > 0, answers
    if name in LIMITS:
        assert sum(answers[code] for code in LIMITS[name]) > 0, answers


@contextmanager
def _process(served: Served, name: str, token: str, execution: str) -> Iterator[Counter[str]]:
    answers: Counter[str] = Counter()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak.flooding", name, served.url, token, execution],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == b"on\n"
            yield answers
            output, _ = process.communicate(timeout=60)
            assert process.returncode == 0, "it flooded to the end"
            answers.update(json.loads(output))
        finally:
            process.kill()


@contextmanager
def _task(served: Served, *_: str) -> Iterator[Counter[str]]:
    """Returns the counts: accepted are the task's metrics, refused are its invalid messages."""
    answers: Counter[str] = Counter()
    id = asyncio.run(served.client.run(LOUD))["id"]
    try:
        asyncio.run(served.client.until(id, loud="RUNNING"))
        yield answers
        shown = asyncio.run(served.client.show(id))
        assert states(shown) == {"loud": "RUNNING"}, "it floods to the end"
        answers.update(asyncio.run(_kept(served, id)))
    finally:
        asyncio.run(served.client.mutate("cancelExecution", id=id, force=True))


async def _kept(served: Served, id: str) -> dict[str, int]:
    raw = await asyncpg.connect(served.database_url)
    try:
        (row,) = await raw.fetch(_KEPT, untyped("exec", id))
    finally:
        await raw.close()
    return {ACCEPTED: row["metrics"], "not understood": row["refused"]}


async def flood(name: str, url: str, token: str, execution: str) -> None:
    flooder = Flooder(url, token, execution)
    flooding = asyncio.ensure_future(FLOODS[name](flooder))
    await asyncio.sleep(1)  # until it has begun
    print("on", flush=True)
    await asyncio.wait(
        [flooding, asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))],
        return_when=asyncio.FIRST_COMPLETED,
    )
    for _ in range(_FIRST_ANSWER * 10):  # earlier users go first, so far
        if flooder.answers[ACCEPTED]:
            break
        await asyncio.sleep(0.1)
    print(json.dumps(flooder.answers), flush=True)
    if flooding.done():
        flooding.result()
    flooding.cancel()
    await asyncio.wait([flooding])


if __name__ == "__main__":
    asyncio.run(flood(*sys.argv[1:]))
