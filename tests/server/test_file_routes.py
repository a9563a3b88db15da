"""Files are downloaded and previewed by users with the permission, and by no others."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from orjson import loads
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import Message

from models.access.viewer import Credential, Permission, Viewer
from models.ids import new_id
from runner.denials import Denials
from runner.engine.quotas import Quotas
from runner.files.artifact_store import ArtifactStore
from runner.store.postgres.database import Database
from server.auth.auth import Visitor
from server.auth.presence import Presence
from server.files.file_responses import StoredFile, downloaded
from server.files.files import FileRoom, file_routes
from server.http.concurrency_limit import ConcurrencyLimit
from server.http.protocols import CUT_OFF
from server.http.refusals import Refusals
from tests.server.graphql.serving import running
from tests.server.test_export_routes import Let

NONE = "art_01h455vb4pex5vsknk084sn02q"


@pytest.mark.parametrize(
    "path",
    [
        f"/artifacts/{NONE}",
        f"/artifacts/{NONE}/preview",
        "/executions/exec_01h455vb4pex5vsknk084sn02q/inputs/data",
        "/executions/exec_01h455vb4pex5vsknk084sn02q/inputs/data/preview",
    ],
)
async def test_files_need_the_permission_of_their_object(
    database: Database, tmp_path: Path, path: str
) -> None:
    denials = Denials(database.reads)
    room = FileRoom(database.pool, ArtifactStore(str(tmp_path)), 1, denials=denials)
    for permissions, status in (
        (frozenset(Permission) - {Permission.VIEW_EXECUTION}, 403),
        (frozenset({Permission.VIEW_EXECUTION}), 404),
    ):
        viewer = Viewer.holding("user:x", permissions)
        app = Starlette(routes=file_routes(room), middleware=[Middleware(Let, viewer=viewer)])
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            assert (await http.get(path)).status_code == status
    await assert_logged(database, denials, Permission.VIEW_EXECUTION)


async def test_an_upload_that_is_refused_is_in_the_audit_log(
    database: Database, tmp_path: Path
) -> None:
    denials = Denials(database.reads)
    room = FileRoom(database.pool, ArtifactStore(str(tmp_path)), 9, denials=denials)
    viewer = Viewer.holding("user:x", frozenset({Permission.VIEW_EXECUTION}))
    app = Starlette(routes=file_routes(room), middleware=[Middleware(Let, viewer=viewer)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        assert (await http.post("/files", content=b"x")).status_code == 403
    await assert_logged(database, denials, Permission.RUN_FLOW)


async def assert_logged(database: Database, denials: Denials, lacks: Permission) -> None:
    """Waits until the only refusal is in the audit log."""
    async with denials, asyncio.timeout(20):
        while not (rows := await database.pool.fetch("select action, actor, data from audit_log")):
            pass
    (row,) = rows
    assert (row["action"], row["actor"]) == ("DENIED", "user:x")
    assert loads(row["data"]) == {"what": lacks.value, "times": 1}


def content(closed: asyncio.Event) -> Iterator[bytes]:
    try:
        for _ in range(10_000):
            yield b"x" * 1000
    finally:
        closed.set()


async def test_a_file_is_cut_off_when_its_readers_credential_ends() -> None:
    """Its reader cannot mistake the part for the whole, and the file is closed."""
    revoked, closed, cut = asyncio.Event(), asyncio.Event(), asyncio.Event()
    credential = Credential("token", new_id(), new_id())
    viewer = Viewer.holding("user:x", Permission, credential=credential)

    async def again(viewer: Viewer) -> Viewer | None:
        return None if revoked.is_set() else viewer

    async def found() -> StoredFile:
        return StoredFile("a.bin", 10_000_000, content(closed))

    async def receive() -> Message:
        await closed.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 5:
            revoked.set()
            await presence.look_again()

    presence, sent = Presence(again), list[Message]()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [],
        "headway.visitor": Visitor(viewer, by_cookie=False),
        CUT_OFF: cut.set,
    }
    response = await downloaded(Request(scope, receive), found, presence=presence)
    async with asyncio.timeout(20):
        await response(scope, receive, send)
    assert cut.is_set() and closed.is_set()
    assert len(sent) == 5


@pytest.mark.parametrize("charset", ["punycode", "undefined", "idna"])
async def test_a_form_of_any_charset_causes_no_server_error(
    database: Database, tmp_path: Path, charset: str
) -> None:
    """A client names the codec of its fields; some codecs raise other errors than the usual one."""
    room = FileRoom(database.pool, ArtifactStore(str(tmp_path)), 999)
    viewer = Viewer.holding("user:x", Permission)
    app = Starlette(routes=file_routes(room), middleware=[Middleware(Let, viewer=viewer)])
    body = (
        b'--a\r\nContent-Disposition: form-data; name="f"; filename="a-\xff"\r\n\r\nx\r\n--a--\r\n'
    )
    headers = {"content-type": f"multipart/form-data; boundary=a; charset={charset}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.post("/files", content=body, headers=headers)
    kept = 1 if charset == "idna" else 0
    assert answer.status_code == (201 if kept else 400), answer.text
    assert await database.pool.fetchval("select count(*) from files") == kept


@asynccontextmanager
async def uploading(port: int) -> AsyncIterator[asyncio.StreamReader]:
    """Begins an upload that does not continue. Yields when the server waits for its body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /files HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n"
    )
    try:
        yield reader
    finally:
        writer.transport.abort()


@pytest.mark.parametrize(("most", "in_all", "status"), [(2, 9, 429), (9, 2, 503)])
async def test_so_many_uploads_run_at_once(
    database: Database, tmp_path: Path, most: int, in_all: int, status: int
) -> None:
    uploads = ConcurrencyLimit("uploads", "uploads_at_once", most, in_all)
    room = FileRoom(database.pool, ArtifactStore(str(tmp_path)), 9, uploads=uploads)
    viewer = Viewer.holding("user:x", frozenset(Permission))
    middleware = [Middleware(Refusals), Middleware(Let, viewer=viewer)]
    app = Starlette(routes=file_routes(room), middleware=middleware)
    async with running(app) as port, httpx.AsyncClient(timeout=20) as http:
        async with AsyncExitStack() as begun:
            for _ in range(2):
                reader = await begun.enter_async_context(uploading(port))
                async with asyncio.timeout(20):
                    assert b" 100 " in await reader.readline()
            refused = await http.post(f"http://127.0.0.1:{port}/files", content=b"x")
            assert refused.status_code == status, refused.text
            assert int(refused.headers["retry-after"]) > 0
            assert "2 uploads" in refused.text
        async with asyncio.timeout(20):
            while (
                await http.post(f"http://127.0.0.1:{port}/files", content=b"x")
            ).status_code != 201:
                pass


@pytest.mark.parametrize("way", ["length", "chunks", "form"])
async def test_an_upload_beyond_its_quota_leaves_nothing(
    database: Database, tmp_path: Path, way: str
) -> None:
    """Refused before its body is read if it declares its length, otherwise afterwards."""
    room = FileRoom(
        database.pool, ArtifactStore(str(tmp_path)), 10_000, quotas=Quotas(uploads_of_person=5_000)
    )
    viewer = Viewer.holding("user:x", Permission)
    app = Starlette(routes=file_routes(room), middleware=[Middleware(Let, viewer=viewer)])

    async def in_chunks(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 1000):
            yield b"x" * 1000

    async def upload(http: httpx.AsyncClient, size: int) -> httpx.Response:
        if way == "form":
            return await http.post("/files", files={"it": ("a.csv", b"x" * size)})
        body = b"x" * size if way == "length" else in_chunks(size)
        return await http.post("/files", content=body)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        assert (await upload(http, 3_000)).status_code == 201
        kept = sorted(tmp_path.glob("files/*/*"))
        refused = await upload(http, 3_000)
        assert refused.status_code == 413
        (error,) = refused.json()["errors"]
        assert error["extensions"]["code"] == "QUOTA_EXCEEDED"
        assert error["extensions"]["quota"] == "upload_bytes_per_person"
        assert error["message"].startswith("the uploads of user:x use 3000 of 5000 bytes")
        assert sorted(tmp_path.glob("files/*/*")) == kept
        assert await database.pool.fetchval("select count(*) from files") == 1
        assert await database.pool.fetchval("select sum(used) from quota_use") == 3_000
        assert (await upload(http, 1_000)).status_code == 201
