"""Access to exports: each permission, hidden namespaces, and too many exports at once."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from os import urandom

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Request

from models.access.viewer import Permission, Scope, Viewer, nowhere_permitted
from models.errors import Unavailable
from models.ids import typed
from runner.store.postgres.database import Database
from server.auth.auth import Visitor
from server.exports import DownloadSlots, export_routes
from server.exports.downloads import Download
from server.files.file_responses import StoredFile, downloaded
from server.http import sending
from server.http.compression import Compression
from server.http.concurrency_limit import ConcurrencyLimit
from server.http.connections import ConnectionLimits
from server.http.rates import TooMany
from server.http.refusals import Refusals
from tests.server.graphql.serving import running
from tests.server.test_connections import served
from tests.server.test_exports import seeded

ALL = frozenset(Permission)


class Let:
    """Authenticates everybody as this viewer, as the guard does."""

    def __init__(self, app: ASGIApp, viewer: Viewer) -> None:
        self._app = app
        self._viewer = viewer

    async def __call__(self, scope: Request, receive: Receive, send: Send) -> None:
        scope["headway.visitor"] = Visitor(self._viewer, by_cookie=False)
        await self._app(scope, receive, send)


def export_client(
    database: Database,
    permissions: frozenset[Permission] = ALL,
    scope: Scope = Scope(),  # noqa: B008
    most: int = 4,
) -> httpx.AsyncClient:
    viewer = Viewer.holding("user:x", permissions, scope)
    app = Starlette(
        routes=export_routes(database.pool, DownloadSlots(most)),
        middleware=[Middleware(Refusals), Middleware(Let, viewer=viewer)],
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_logs_need_their_permission(database: Database) -> None:
    id, *_ = await seeded(database, 5)
    one = f"/executions/{typed('exec', id)}"
    async with export_client(database, frozenset({Permission.VIEW_EXECUTION})) as http:
        for path, status in (
            (f"{one}/record.json", 200),
            (f"{one}/record.json?logs=true", 403),
            (f"{one}/logs.txt", 403),
            (f"{one}/report.pdf", 200),
            ("/executions/export.csv", 200),
        ):
            answer = await http.get(path)
            assert answer.status_code == status, path
            if status == 403:
                (error,) = answer.json()["errors"]
                assert error["message"] == nowhere_permitted(Permission.VIEW_LOGS)


async def test_hidden_executions_are_in_no_export(database: Database) -> None:
    ids = [typed("exec", id) for id in await seeded(database, 60)]
    rows = await database.pool.fetch("select namespace from executions order by id")
    scope = Scope((rows[0]["namespace"],))
    seen = [id for id, row in zip(ids, rows, strict=True) if scope.covers(row["namespace"])]
    hidden = next(id for id in ids if id not in seen)
    async with export_client(database, scope=scope) as http:
        table = await http.get("/executions/export.csv?columns=id&orderBy=CREATED_ASC")
        assert table.text.split("\r\n")[1:-1] == seen
        named = await http.get(f"/executions/export.csv?columns=id&search=id:{hidden}")
        assert named.text == "id\r\n"
        for ending in ("record.json", "logs.txt", "report.pdf"):
            answer = await http.get(f"/executions/{hidden}/{ending}")
            assert answer.status_code == 404
            (error,) = answer.json()["errors"]
            assert error["message"] == f"no execution {hidden}; `headway ls` lists executions"
            assert (await http.get(f"/executions/{seen[0]}/{ending}")).status_code == 200
        answer = await http.get(f"/executions/report.pdf?ids={seen[0]},{hidden}")
        assert answer.status_code == 404


async def test_too_many_concurrent_exports_are_answered_with_retry_after(
    database: Database,
) -> None:
    await seeded(database, 5)
    async with export_client(database, most=0) as http:
        answer = await http.get("/executions/export.csv")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "UNAVAILABLE"}


async def test_a_browser_gets_an_error_page(database: Database) -> None:
    async with export_client(database) as http:
        answer = await http.get(
            "/executions/export.csv?search=x:y", headers={"accept": "text/html"}
        )
        head = await http.head("/executions/export.csv")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "there is no field `x`" in answer.text
    assert (head.status_code, head.content) == (200, b"")


async def test_an_export_that_fails_before_its_first_piece_frees_its_place() -> None:
    slots = DownloadSlots(1)

    async def failing() -> AsyncGenerator[bytes, None]:
        raise ValueError("x")
        yield b""

    for _ in range(3):
        with pytest.raises(ValueError, match="x"):
            await anext(slots.taken(failing(), "user:x"))


async def test_one_user_leaves_half_of_the_places_to_others() -> None:
    slots = DownloadSlots(4)

    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"x"

    mine = [slots.taken(endless(), "user:x") for _ in range(3)]
    assert [await anext(one) for one in mine[:2]] == [b"x"] * 2
    with pytest.raises(TooMany, match="user:x has 2 exports at once"):
        await anext(mine[2])
    others = [slots.taken(endless(), actor) for actor in ("user:y", "user:z")]
    assert [await anext(one) for one in others] == [b"x"] * 2
    with pytest.raises(Unavailable, match="4 exports are running"):
        await anext(slots.taken(endless(), "user:w"))
    await mine[0].aclose()
    again = slots.taken(endless(), "user:x")
    assert await anext(again) == b"x"
    for one in (mine[1], again, *others):
        await one.aclose()


async def test_a_reader_that_takes_nothing_frees_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "READ_TIMEOUT", 0.5)
    slots, ended = DownloadSlots(2), asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.set()

    async def download(_: StarletteRequest) -> Response:
        return await Download.of(slots.taken(endless(), "user:x"), "text/plain", "x")

    async with running(Starlette(routes=[Route("/", download)])) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        try:
            async with asyncio.timeout(20):
                await ended.wait()
            again = slots.taken(endless(), "user:x")
            assert await anext(again)
            await again.aclose()
        finally:
            writer.transport.abort()


class ByHeader:
    """Authenticates everybody as the user that they name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Request, receive: Receive, send: Send) -> None:
        actor = Headers(scope=scope).get("actor", "user:x")
        viewer = Viewer.holding(actor, ALL)
        scope["headway.visitor"] = Visitor(viewer, by_cookie=False)
        await self._app(scope, receive, send)


async def may_begin(http: httpx.AsyncClient, url: str) -> bool:
    async with http.stream("GET", url) as answer:
        return answer.status_code == 200


@pytest.mark.parametrize(("path", "most"), [("/executions/export.json", 2), ("/file", 2)])
async def test_a_client_that_does_not_read_blocks_nobody_and_is_disconnected(
    database: Database, path: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many sockets of one user as there are places, none of which reads: another user is served at once, and the
    first one again when they were let go."""
    monkeypatch.setattr(sending, "READ_TIMEOUT", 5.0)
    await seeded(database, 20_000)
    slots = ConcurrencyLimit("downloads of files", "file_downloads_at_once", most, 4)

    async def file(request: StarletteRequest) -> Response:
        async def find() -> StoredFile:
            return StoredFile("x.bin", 10**9, iter([b"x" * 10**6] * 1000))

        return await downloaded(request, find, slots)

    app = Starlette(
        routes=[Route("/file", file), *export_routes(database.exports, DownloadSlots(4))],
        middleware=[Middleware(Refusals), Middleware(ByHeader)],
    )
    async with served(ConnectionLimits(), app) as house, httpx.AsyncClient(timeout=30) as http:
        greedy = [
            await house.visit(f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode()) for _ in range(4)
        ]
        try:
            heads = [await one.reader.readline() for one in greedy]
            for one in greedy:
                one.writer.transport.pause_reading()  # type: ignore[attr-defined]
            assert [b" 200 " in head for head in heads].count(True) == most
            assert [b" 429 " in head for head in heads].count(True) == 4 - most
            url = f"http://127.0.0.1:{house.port}"
            other = await http.get(
                f"{url}/executions/export.csv?columns=id", headers={"actor": "user:y"}
            )
            assert (other.status_code, other.text.count("\n")) == (200, 20_001)
            async with asyncio.timeout(30):
                while not await may_begin(http, f"{url}{path}"):
                    pass
        finally:
            for one in greedy:
                one.writer.transport.abort()


class Endless:
    """An app with two endless downloads of bytes that cannot be compressed; it records which were closed."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self._slots = DownloadSlots(2)
        self._loop = asyncio.get_running_loop()
        routes = [Route("/export", self._export), Route("/file", self._file)]
        self.app = Starlette(
            routes=routes, middleware=[Middleware(Refusals), Middleware(Compression)]
        )

    async def _export(self, _: StarletteRequest) -> Response:
        async def pieces() -> AsyncGenerator[bytes, None]:
            try:
                while True:
                    yield urandom(1_000_000)
            finally:
                self.closed.set()

        return await Download.of(self._slots.taken(pieces(), "user:x"), "text/plain", "x")

    async def _file(self, request: StarletteRequest) -> Response:
        def content() -> Iterator[bytes]:
            try:
                while True:
                    yield urandom(1_000_000)
            finally:
                self._loop.call_soon_threadsafe(self.closed.set)

        async def find() -> StoredFile:
            return StoredFile("x.bin", 10**12, content())

        return await downloaded(request, find)


@pytest.mark.parametrize(
    ("path", "goes"), [("/export", True), ("/file", True), ("/export", False), ("/file", False)]
)
async def test_a_disconnected_or_silent_client_causes_no_error_in_the_log(
    path: str, goes: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if not goes:
        monkeypatch.setattr(sending, "READ_TIMEOUT", 0.5)
    endless = Endless()
    async with served(ConnectionLimits(), endless.app) as house:
        logging.getLogger("uvicorn").addHandler(caplog.handler)
        try:
            visitor = await house.visit(f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
            async with asyncio.timeout(20):
                await visitor.reader.readexactly(300_000)
                if goes:
                    visitor.writer.transport.abort()
                else:
                    visitor.writer.transport.pause_reading()  # type: ignore[attr-defined]
                await endless.closed.wait()
            await house.until_open(0)
        finally:
            logging.getLogger("uvicorn").removeHandler(caplog.handler)
    errors = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert errors == []
