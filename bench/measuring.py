"""Shared by all measurements: a real server, connections to it, and reports over several rounds."""

import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.api.servers import Served, serving
from tests.clusters import WHERE, open_session

if WHERE not in os.environ:
    open_session()  # the servers of one measurement copy one cluster

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


class Line:
    """One persistent HTTP connection without a client library, whose cost must not be measured."""

    def __init__(
        self, served: Served, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader, self._writer = reader, writer
        self._head = (
            f"POST /graphql HTTP/1.1\r\nhost: {urlsplit(served.url).netloc}\r\n"
            f"authorization: Bearer {served.token}\r\ncontent-type: application/json\r\n"
        )

    async def post(self, query: str, **variables: Any) -> bytes:
        """Returns the body of the response."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        self._writer.write(f"{self._head}content-length: {len(body)}\r\n\r\n".encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if length is None or not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head)
        return await self._reader.readexactly(int(length[1]))


@asynccontextmanager
async def line(served: Served) -> AsyncIterator[Line]:
    where = urlsplit(served.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        yield Line(served, reader, writer)
    finally:
        writer.close()


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
    """Waits until so many operations are complete, in any order."""
    while count:
        message = json.loads(await opened.recv())
        if message["type"] == "error" or message.get("payload", {}).get("errors"):
            raise RuntimeError(message)
        count -= message["type"] == "complete"


async def until(opened: ClientConnection, id: str, kind: str = "next") -> Any:
    """Returns the payload of the next message of this operation and type."""
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
    """Prints one row: as text, and as JSON for bench/report.py."""
    row = {
        "work": work,
        "headway": headway,
        "yardstick": yardstick,
        "ratio": round(statistics.median(ratios), 2),
        "rounds": len(ratios),
        "goal": goal,
    }
    print(json.dumps(row), flush=True)
