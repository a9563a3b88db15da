"""What every measurement here shares: a real server, its socket, and honest sums over rounds."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.api.servers import Served, serving

NOOP = "id: noop\nnamespace: bench\ntasks: [{id: a, type: log, message: hi}]\n"
CREATE = """mutation { createExecution(input: {namespace: "bench", flow: "noop"}) {
  execution { id } problems { message } } }"""
SAVE = "mutation ($source: String!) { saveFlow(input: {source: $source}) { problems { message } } }"


@contextmanager
def a_server(*options: str) -> Iterator[Served]:
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "data", *options) as served,
    ):
        asyncio.run(served.client.save(NOOP))
        yield served


@asynccontextmanager
async def socket(served: Served) -> AsyncIterator[ClientConnection]:
    url = f"{served.url.replace('http', 'ws')}/graphql"
    protocol = [Subprotocol("graphql-transport-ws")]
    async with connect(url, subprotocols=protocol, compression=None, max_size=None) as opened:
        payload = {"token": served.token}
        await opened.send(json.dumps({"type": "connection_init", "payload": payload}))
        await opened.recv()
        yield opened


async def subscribe(opened: ClientConnection, name: str, query: str, **variables: Any) -> None:
    payload = {"query": query, "variables": variables}
    await opened.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))


async def completed(opened: ClientConnection, count: int) -> None:
    """Until so many operations are complete, in whatever order."""
    while count:
        message = json.loads(await opened.recv())
        if message["type"] == "error" or message.get("payload", {}).get("errors"):
            raise RuntimeError(message)
        count -= message["type"] == "complete"


async def until(opened: ClientConnection, id: str, kind: str = "next") -> Any:
    """The payload of the next message of this operation and kind."""
    while True:
        message = json.loads(await opened.recv())
        if message["type"] == "error":
            raise RuntimeError(message)
        if message.get("id") == id and message["type"] == kind:
            return message.get("payload")


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def clock() -> float:
    return time.perf_counter()


def report(work: str, headway: str, yardstick: str, ratios: Sequence[float], goal: str) -> None:
    """One row: for people, and as JSON for bench/report.py."""
    row = {
        "work": work,
        "headway": headway,
        "yardstick": yardstick,
        "ratio": round(statistics.median(ratios), 2),
        "rounds": len(ratios),
        "goal": goal,
    }
    print(json.dumps(row), flush=True)
