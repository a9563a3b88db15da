"""Responses to `http` tasks that would use up all memory or time."""

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from models.json_text import read_apart
from models.payloads import MAX_PAYLOAD
from models.states import TaskRunState
from runner.executors import http
from tests.runner.floor import Floor, open_floor
from tests.runner.test_executors import answering_with


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        yield floor


def task(url: str) -> str:
    return f"\n  - {json.dumps({'id': 'get', 'type': 'http', 'url': url, 'timeout': '30s'})}"


@asynccontextmanager
async def leading_on(times: int) -> AsyncIterator[str]:
    """Runs a web server that redirects so often, each time with a body that never ends."""
    left = times

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        await reader.readuntil(b"\r\n\r\n")
        if left:
            left -= 1
            head = f"302 X\r\nlocation: /{left}\r\ncontent-length: 1000000000000"
            writer.write(f"HTTP/1.1 {head}\r\n\r\nbody".encode())
            await reader.read()  # until the other side disconnects
        else:
            writer.write(b"HTTP/1.1 200 X\r\ncontent-length: 4\r\n\r\nlast")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_bodies_of_redirects_are_not_read(floor: Floor) -> None:
    async with leading_on(3) as url:
        found = await floor.task(task(url))
    assert (found.state, found.outputs.get("body")) == (TaskRunState.SUCCESS, "last")


async def test_redirects_come_to_an_end(floor: Floor) -> None:
    async with leading_on(1000) as url:
        found = await floor.task(task(url))
    assert found.error and found.error.code == "HTTP_ERROR"
    assert "more than 20 redirects" in found.error.message


@pytest.mark.parametrize("packed", ["gzip, gzip", "gzip\r\ncontent-encoding: gzip", "BR", "zstd"])
async def test_responses_that_could_decompress_beyond_memory_are_not_read(
    floor: Floor, packed: str
) -> None:
    body = gzip.compress(gzip.compress(b"hello"))
    head = f"content-type: text/plain\r\ncontent-encoding: {packed}"
    async with answering_with(200, head, body) as url:
        found = await floor.task(task(url))
    assert found.error and found.error.code == "HTTP_ERROR"
    assert "content-encoding" in found.error.message


JSON = "content-type: application/json"


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """Returns the threads that parse JSON."""
    found: list[threading.Thread] = []

    def read(text: bytes) -> tuple[Any, bool]:
        found.append(threading.current_thread())
        return read_apart(text)

    monkeypatch.setattr(http, "read_apart", read)
    return found


async def test_json_that_cannot_be_an_output_is_not_read(
    floor: Floor, readers: list[threading.Thread]
) -> None:
    body = b"[" + b"[]," * (6 * MAX_PAYLOAD // 3) + b"[]]"
    async with answering_with(200, JSON, body) as url:
        found = await floor.task(task(url))
    assert found.error and found.error.code == "PAYLOAD_TOO_LARGE"
    assert readers == []


@pytest.mark.parametrize(
    "body",
    [b"[" + b"\n" * (7 * MAX_PAYLOAD) + b"1]", b'["' + b"\\u0061" * (MAX_PAYLOAD // 2) + b'"]'],
    ids=["blanks", "escapes"],
)
async def test_json_is_read_outside_the_event_loop(
    floor: Floor, readers: list[threading.Thread], body: bytes
) -> None:
    async with answering_with(200, JSON, body) as url:
        found = await floor.task(task(url))
    assert found.outputs["body"] == json.loads(body)
    assert threading.main_thread() not in readers and len(readers) == 1


async def test_a_packed_body_is_read(floor: Floor) -> None:
    head = "content-type: text/plain\r\ncontent-encoding: gzip"
    async with answering_with(200, head, gzip.compress(b"hello")) as url:
        found = await floor.task(task(url))
    assert found.outputs["body"] == "hello"
