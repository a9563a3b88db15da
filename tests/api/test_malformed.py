"""Malformed values in every header, path and parameter that the server reads are refused, never an error of its own."""

import asyncio
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.routing import Mount, Route, WebSocketRoute

from runner.files.artifact_store import ArtifactStore
from server.app import create_app
from server.auth.auth import Door
from server.auth.login import Login
from server.files.files import FileRoom
from tests.api.servers import Served

SERVER = Path(__file__).parents[2] / "server"
READ = re.compile(
    r"""(?<!response\.h)eaders(?:\(scope=\w+\))?(?:\.get(?:list)?\(\s*|\[)"([a-z-]+)\""""
    r"""|"([a-z-]+)" in (?:\w+\.)*[hH]eaders"""
)
BY_LIBRARIES = frozenset(
    {
        "range", "if-range", "if-none-match", "if-modified-since", "last-event-id", "connection", "upgrade", "expect",
        "transfer-encoding", "content-length", "x-forwarded-for", "x-forwarded-proto", "sec-websocket-key",
        "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions",
    }
)  # fmt: skip
"""Headers that Starlette, uvicorn and websockets read."""

VALUES = (
    b"", b" ", b"\xff\xfe\x80", b"\xc3\xa9", b"\xb2", b"-1", b"+1", b"1e9", b"9" * 5000, b"a" * 5000, b"[::1", b"[",
    b"]:80",
    b"localhost:99999999", b"localhost:-1", b"localhost:\xb2", b"localhost:port", b"a@localhost", b"localhost/x?y#z",
    b"http://[::1", b"http://x:99999999", b"http://", b"://", b"null", b"http://[::1%25eth0]",
    b"http://\xe2\x84\x80.com",
    b"bytes=-", b"bytes=9-1", b"bytes=a-b", b"bytes=0-0,1-1,2-2,-0", b"bytes=" + b"0-," * 1000,
    b"Mon, 99 Foo 2026 99:99:99 GMT", b"W/", b'"', b"\"'\\;=,", b";" * 2000, b"q=\xff;q=nan",
    b"text/html;q=nan,*/*;q=-inf",
    b"multipart/form-data", b"multipart/form-data; boundary=", b"multipart/form-data; boundary=\xff",
    b"application/json; charset=\xff", b"Bearer", b"Bearer \xff\xfe", b"Basic =", b"headway_session_default=a.b.c",
    b"headway_session_default=" + b"0" * 32 + b".99999999999999999999.x", b"websocket", b"h2c",
    b"upgrade", b"100-continue",
    b"chunked", b"chunked, chunked", b"13, 13", b"Expect: 100-continue",
)  # fmt: skip
SEGMENTS = (
    "%00", "%ff", "%ed%a0%80", "..", "%2e%2e", "..%2f..%2fetc", "a" * 300, "a%2f" * 2000, "%5c",
    "%", "%zz", "exec_", "exec_0",
    "use_", "art_" + "z" * 26, "exec_" + "%C2%B2" * 26, "-1", "%F0%9F%98%80", "%0d%0ax:y", "%3Cscript%3E", "8" * 5000,
)  # fmt: skip
QUERIES = (
    "%00", "%ff", "%ed%a0%80", "[", "{", "{%22and%22:", "1e999", "-1", "%C2%B2", "9" * 5000,
    "[" * 5000, "null", "%22%22", "''",
    "http://[::1", "//[::1", "/%5c[::1", "%0d%0ax:y", "/%ed%a0%80", ",".join(["a"] * 5000), "((",
    "a:b:c:d", "%27%22", "=", "&", "%",
)  # fmt: skip


def read_headers() -> set[str]:
    """Returns the headers that the source reads, so that a new one is included."""
    sources = [path for path in SERVER.rglob("*.py") if "cli" not in path.parts]
    found = {
        name
        for path in sources
        for groups in READ.findall(path.read_text())
        for name in groups
        if name
    }
    return found | BY_LIBRARIES


def addresses() -> list[str]:
    """Returns the paths of all routes, as the app has them."""
    database = SimpleNamespace(pool=None, exports=None, sizes=SimpleNamespace(exports=1))
    parts = cast(Any, SimpleNamespace(database=database))
    nothing = cast(Any, None)
    room = FileRoom(nothing, ArtifactStore("/nowhere"), 1)
    door = Door(nothing, nothing)
    login = Login(nothing, door, nothing)
    app = create_app(parts, nothing, nothing, door, login, room, nothing)
    known = [route for route in app.routes if isinstance(route, (Route, Mount, WebSocketRoute))]
    assert len(known) == len(app.routes)
    paths = {f"{one.path}/{{rest:path}}" if isinstance(one, Mount) else one.path for one in known}
    return sorted(paths | {"/{path:path}"})


def parameters() -> set[str]:
    """Returns the names of query parameters, from the source."""
    text = "\n".join(path.read_text() for path in SERVER.rglob("*.py") if "cli" not in path.parts)
    checked = re.findall(r"check_names\(given, ([^)]*)\)", text)
    named = re.findall(r'query_params\.get\("(\w+)"', text)
    return {name for names in checked for name in re.findall(r'"(\w+)"', names)} | set(named) | {
        "query", "variables", "extensions", "operationName"
    }  # fmt: skip


def plain(path: str) -> str:
    return re.sub(r"{\w+(:path)?}", "exec_01hzzzzzzzzzzzzzzzzzzzzzzz", path)


def test_all_headers_in_the_source_are_found() -> None:
    assert {
        "host",
        "origin",
        "cookie",
        "authorization",
        "accept",
        "x-headway-channel",
    } < read_headers()
    assert {"/executions/{id}/record.json", "/assets/{rest:path}", "/graphql"} < set(addresses())
    assert {"next", "token", "where", "columns", "attempt", "ids", "logs", "name"} <= parameters()


class Sender:
    """Sends requests unchanged, many at a time, and collects those that were answered with a server error."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._host = f"127.0.0.1:{served.port}".encode()
        self._turns = asyncio.Semaphore(3)
        self.answered = 0
        self.bad: list[str] = []

    async def send(
        self, method: str, path: str, headers: Iterable[tuple[bytes, bytes]] = (), body: bytes = b""
    ) -> None:
        given = {
            b"host": self._host,
            b"authorization": b"Bearer " + self._served.token.encode(),
            b"content-length": str(len(body)).encode(),
            b"connection": b"close",
            **dict(headers),
        }
        if b"cookie" in given:
            del given[b"authorization"]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in given.items())
        request = f"{method} {path} HTTP/1.1\r\n".encode() + lines + b"\r\n" + body
        async with self._turns:
            answer = await self._answer(request)
            # Downloads have few slots; the end of a download that its client left is noticed a moment later.
            for _ in range(100):
                if not answer.startswith(b"HTTP/1.1 503"):
                    break
                answer = await self._answer(request)
        self.answered += bool(answer)
        if re.match(rb"HTTP/1\.1 5", answer):
            self.bad.append(f"{request[:300]!r} -> {answer[:300]!r}")

    async def _answer(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._served.port)
        try:
            writer.write(request)
            async with asyncio.timeout(1):
                return await reader.readline()
        except (ConnectionError, TimeoutError):
            return b""  # the server waits for the rest of the body
        finally:
            writer.close()


@pytest.fixture
def sender(served: Served) -> Iterator[Sender]:
    """Checks afterwards that the log has no exception."""
    log = served.data_dir / "serve.log"
    before = log.stat().st_size
    sender = Sender(served)
    yield sender
    assert not sender.bad, "\n".join(sender.bad[:20])
    said = log.read_bytes()[before:].decode()
    assert "Traceback" not in said and "ERROR" not in said, said[:3000]


async def test_values_of_headers(sender: Sender) -> None:
    upgrade = {
        b"connection": b"upgrade", b"upgrade": b"websocket", b"sec-websocket-version": b"13",
        b"sec-websocket-key": b"dGhlIHNhbXBsZSBub25jZQ==", b"sec-websocket-protocol": b"graphql-transport-ws",
    }  # fmt: skip
    content = b'{"query": "{ __typename }"}'
    json = {b"content-type": b"application/json"}
    others: list[tuple[str, str, dict[bytes, bytes], bytes]] = [
        ("GET", "/", {}, b""),
        ("GET", "/login?token=x&next=/", {}, b""),
        ("GET", "/executions/report.pdf", {}, b""),
        ("POST", "/files?name=a", {}, b"content"),
    ]
    sent = 0
    async with asyncio.TaskGroup() as tasks:
        for name in sorted(read_headers()):
            for number, value in enumerate(VALUES):
                another = others[number % len(others)]
                for method, path, headers, body in (
                    another,
                    ("POST", "/graphql", json, content),
                    ("GET", "/graphql", upgrade, b""),
                ):
                    given = {**headers, name.encode(): value}
                    tasks.create_task(sender.send(method, path, given.items(), body))
                    sent += 1
    assert sender.answered > 0.95 * sent


async def test_segments_of_paths(sender: Sender) -> None:
    coded = {b"accept-encoding": b"br, gzip"}
    async with asyncio.TaskGroup() as tasks:
        for path in addresses():
            for place in re.findall(r"{\w+(?::path)?}", path) or [""]:
                for segment in SEGMENTS:
                    target = plain(path.replace(place, segment) if place else f"{path}{segment}")
                    for method in ("GET", "HEAD", "POST"):
                        tasks.create_task(sender.send(method, target, coded.items()))


async def test_values_of_parameters(sender: Sender) -> None:
    async with asyncio.TaskGroup() as tasks:
        for path in [path for path in addresses() if "." not in path or path.startswith("/exec")]:
            method = "POST" if path == "/files" else "GET"
            for name in parameters():
                for value in QUERIES:
                    tasks.create_task(sender.send(method, f"{plain(path)}?{name}={value}"))


@pytest.mark.parametrize(
    "path",
    [
        "/graphql",
        "/%ff",
        "/graphql?%ff",
        "/\xff",
        "/graphql?a=\xff",
        "/graph\x00ql",
        "*",
        "http://[::1/",
    ],
)
async def test_targets_of_sockets(sender: Sender, path: str) -> None:
    upgrade = {b"connection": b"upgrade", b"upgrade": b"websocket", b"sec-websocket-version": b"13"}
    many = {f"x-{number}".encode(): b"a" for number in range(300)}
    for more in (
        {},
        {b"sec-websocket-key": b"dGhlIHNhbXBsZSBub25jZQ=="},
        many,
        {b"x": b"a" * 20_000},
    ):
        await sender.send("GET", path, {**upgrade, **more}.items())
