"""Each route of the app while the database is unreachable: 503 with Retry-After, or its usual answer, never 500."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from models.ids import new_id, typed
from runner.denials import Denials
from runner.files.artifact_store import ArtifactStore
from runner.store.access.holders import Holders
from runner.store.postgres.shares import Sizes
from server.app import POLICIES, create_app, create_operations
from server.auth import auth
from server.auth.admin import admin_token
from server.auth.auth import Door
from server.auth.login import Login
from server.files.files import FileRoom
from server.graphql.fanout import Fanout
from server.http.pages import PAGE_ADDRESSES, STATIC
from server.process.readiness import Readiness
from server.process.runtime import runtime
from tests.server.graphql.clients import PROTOCOL, Raw
from tests.server.graphql.serving import KEY, running
from tests.server.relays import Relay, relay

EXECUTION, ARTIFACT = typed("exec", new_id()), typed("art", new_id())
QUERY = "{ executions { nodes { id } } }"
REQUESTS = {
    "/login": "token=hw_of_somebody",
    "/executions/report.pdf": f"ids={EXECUTION},{typed('exec', new_id())}",
    "/graphql": f"query={QUERY}",
    "/graphql/stream": f"query={QUERY}",
    "/files": "name=a",
}
METHODS = {"/graphql": {"GET", "POST"}, "/graphql/stream": {"GET", "POST"}}
WITHOUT_DATABASE = {"/assets", *PAGE_ADDRESSES, *(f"/{path.name}" for path in STATIC.iterdir())}
SIZES = Sizes(8, 8, 4, 16)
"""Lets one user start all exports at once."""
REPORTED_WITHIN_THE_ANSWER = {"/graphql/stream"}


@dataclass
class House:
    app: Starlette
    port: int
    token: str
    between: Relay

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={
                "authorization": f"Bearer {token or self.token}",
                "accept": "application/graphql-response+json, text/event-stream;q=0.5",
            },
            timeout=40,
        )

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[Raw]:
        url = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(url, subprotocols=[PROTOCOL], open_timeout=40) as connection:
            yield Raw(connection)


@pytest.fixture
async def house(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """Keeps tokens that were valid once valid within this test."""
    monkeypatch.setattr(auth, "_CACHED_FOR", 3600)
    async with relay(database_url) as between, runtime(between.url, sizes=SIZES) as parts:
        token = await admin_token(parts.database.pool, tmp_path)
        assert token
        door = Door(Holders(parts.database.reads), KEY)
        denials = Denials(parts.database.reads)
        operations, login = create_operations(parts), Login(parts.database.reads, door, denials)
        room = FileRoom(parts.database.reads, ArtifactStore(str(tmp_path / "kept")), 1000)
        async with (
            Fanout(operations, POLICIES) as fanout,
            Readiness(parts.database, parts.feed) as readiness,
        ):
            app = create_app(parts, operations, fanout, door, login, room, readiness)
            async with running(app) as port:
                yield House(app, port, token, between)
            fanout.stop()
            await between.restore()


def http_routes(routes: Iterable[BaseRoute]) -> list[tuple[str, str]]:
    """Returns the method and path of each route."""
    found = []
    for route in routes:
        assert isinstance(route, Route | Mount | WebSocketRoute), route
        if isinstance(route, Route):
            methods = METHODS.get(route.path) or (route.methods or set()) - {"HEAD"}
            assert methods, f"name the methods of {route.path}"
            found += [(method, route.path) for method in sorted(methods)]
        elif isinstance(route, Mount):
            found.append(("GET", route.path))
    return found


async def send_request(http: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    id = ARTIFACT if path.startswith("/artifacts") else EXECUTION
    address = re.sub(r"{id(:path)?}", id, path).replace("{name}", "data")
    assert "{" not in address, f"give a value for the parameter of {path}"
    if path == "/assets":
        address += "/none.js"
    body: dict[str, Any] = {"headers": {"sec-fetch-site": "none"}} if path == "/login" else {}
    if path == "/login" and method == "POST":
        body["json"] = {"token": "hw_of_somebody"}
    elif method == "POST":
        body = {"content": b"a"} if path == "/files" else {"json": {"query": QUERY}}
    return await http.request(method, f"{address}?{REQUESTS.get(path, '')}", **body)


def expected(path: str, known: bool) -> set[int]:
    if path == "/healthz":
        return {200}
    if path == "/logout":  # without a session there is nothing to end
        return {204}
    if known and path in WITHOUT_DATABASE:
        return {200, 404}
    return {200} if known and path in REPORTED_WITHIN_THE_ANSWER else {503}


@pytest.mark.parametrize("away", ["silent", "gone"])
@pytest.mark.parametrize("known", [True, False], ids=["a known token", "an unknown token"])
async def test_every_route_reports_the_unreachable_database(
    house: House, away: str, known: bool
) -> None:
    async with house.client() as http:
        assert (await send_request(http, "POST", "/graphql")).status_code == 200, (
            "the token is known now"
        )
    if away == "silent":
        house.between.silence()
    else:
        await house.between.refuse()
    routes = http_routes(house.app.routes)
    assert {"/login", "/readyz", "/files", "/executions/export.csv"} < {path for _, path in routes}
    async with house.client(None if known else "hw_other") as http:
        answers = await asyncio.gather(*(send_request(http, *route) for route in routes))
    for (method, path), answer in zip(routes, answers, strict=True):
        said = f"{method} {path}: {answer.status_code} {answer.text[:200]}"
        assert answer.status_code in expected(path, known), said
        assert answer.headers["x-frame-options"] == "DENY"
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0, said
        if (answer.status_code == 503 and path != "/readyz") or path in REPORTED_WITHIN_THE_ANSWER:
            assert '"UNAVAILABLE"' in answer.text, said


@pytest.mark.parametrize("away", ["silent", "gone"])
async def test_sockets_say_so(house: House, away: str) -> None:
    async with house.socket() as known:
        await known.say({"type": "connection_init", "payload": {"token": house.token}})
        assert await known.hear() == {"type": "connection_ack"}
        if away == "silent":
            house.between.silence()
        else:
            await house.between.refuse()
        await known.subscribe(QUERY)
        assert "UNAVAILABLE" in str(await known.hear())
        async with house.socket() as other:
            await other.say({"type": "connection_init", "payload": {"token": "hw_other"}})
            assert (await other.closed())[0] == 1013
    url = f"ws://127.0.0.1:{house.port}/graphql"
    headers = {"authorization": "Bearer hw_other"}
    with pytest.raises(ConnectionClosed) as closed:
        async with connect(
            url, subprotocols=[PROTOCOL], additional_headers=headers, open_timeout=40
        ) as refused:
            await refused.recv()
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013


async def test_a_browser_is_shown_a_page_that_loads_again(house: House) -> None:
    await house.between.refuse()
    async with house.client("hw_other") as http:
        answer = await http.get("/", headers={"accept": "text/html"})
    assert answer.status_code == 503
    assert f'http-equiv="refresh" content="{answer.headers["retry-after"]}"' in answer.text
    assert "<h1>The server cannot answer now</h1>" in answer.text
    assert "the database cannot be reached now (" in answer.text and "Error" not in answer.text
