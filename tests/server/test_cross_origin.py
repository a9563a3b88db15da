"""Pages of listed origins use every route, with preflight and credentials, and can read refusals; other pages
cannot."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from runner.denials import Denials
from runner.files.artifact_store import ArtifactStore
from runner.store.access.holders import Holders
from server.app import POLICIES, create_app, create_operations
from server.auth.admin import admin_token
from server.auth.auth import Door, DoorSettings
from server.auth.login import Login
from server.files.files import FileRoom
from server.graphql.fanout import Fanout
from server.http.rates import Allowed, Rate, Rates
from server.process.readiness import Readiness
from server.process.runtime import runtime
from tests.server.graphql.serving import KEY, running
from tests.server.test_database_away import http_routes

PAGE = "https://app.example"
LISTED = [PAGE, "http://localhost:5173"]
FOREIGN = ["https://evil.example", "http://app.example", "https://app.example:8443", "null",
           "https://app.example.evil.example", "https://APP.example"]  # fmt: skip
ALLOW = "access-control-allow-origin"


@dataclass
class House:
    routes: list[BaseRoute]
    http: httpx.AsyncClient
    port: int
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with runtime(database_url) as parts:
        token = await admin_token(parts.database.pool, tmp_path)
        assert token
        rates = Rates({Rate.EXPORTS: Allowed(1, 60), Rate.FAILED_LOGINS: Allowed(50, 60)})
        operations = create_operations(parts)
        settings = DoorSettings(origins=frozenset(LISTED))
        door = Door(Holders(parts.database.reads), KEY, settings, rates=rates)
        login = Login(parts.database.reads, door, Denials(parts.database.reads))
        store = ArtifactStore(str(tmp_path / "kept"))
        room = FileRoom(parts.database.reads, store, 1000, rates=rates)
        async with (
            Fanout(operations, POLICIES) as fanout,
            Readiness(parts.database, parts.feed) as readiness,
        ):
            app = create_app(parts, operations, fanout, door, login, room, readiness)
            async with (
                running(app) as port,
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http,
            ):
                yield House(app.routes, http, port, token)
            fanout.stop()


def routes_of(house: House) -> list[tuple[str, str]]:
    """Returns each route with each of its methods, as in a request."""
    found = []
    for method, path in http_routes(house.routes):
        plain = path.replace("{id:path}", "art_x").replace("{id}", "exec_x").replace("{name}", "x")
        found.append((method, plain))
    assert {"/graphql", "/graphql/stream", "/files", "/executions/export.csv"} < {
        p for _, p in found
    }
    assert all(isinstance(one, Route | Mount | WebSocketRoute) for one in house.routes)
    return found


def shared_with(answer: httpx.Response) -> str | None:
    """Returns the origin that may read the response with its credentials; checks that caches distinguish responses by
    it."""
    vary = answer.headers.get("vary", "").lower().split(", ")
    assert vary.count("origin") == 1, (answer.request.url, vary)
    origin: str | None = answer.headers.get(ALLOW)
    assert origin != "*"
    credentials = answer.headers.get("access-control-allow-credentials")
    assert credentials == (None if origin is None else "true")
    return origin


async def test_every_route_is_shared_with_the_listed_ones_alone(house: House) -> None:
    for method, path in routes_of(house):
        for origin in (*LISTED, *FOREIGN, None):
            headers = {} if origin is None else {"origin": origin}
            async with house.http.stream(method, path, headers=headers) as answer:
                expected = origin if origin in LISTED else None
                assert shared_with(answer) == expected, (method, path, origin)
                if expected:
                    exposed = answer.headers["access-control-expose-headers"]
                    assert {"retry-after", "content-disposition"} <= set(exposed.split(", "))


async def test_every_route_has_a_preflight_without_credentials(house: House) -> None:
    for method, path in routes_of(house):
        for origin in (*LISTED, *FOREIGN):
            headers = {
                "origin": origin,
                "access-control-request-method": method,
                "access-control-request-headers": "authorization, content-type, x-headway-channel",
            }
            answer = await house.http.options(path, headers=headers)
            assert shared_with(answer) == (origin if origin in LISTED else None)
            if origin in LISTED:
                assert answer.status_code == 200
                assert method in answer.headers["access-control-allow-methods"].split(", ")
                allowed = answer.headers["access-control-allow-headers"].split(", ")
                assert {"authorization", "content-type", "x-headway-channel"} <= set(allowed)
                assert int(answer.headers["access-control-max-age"]) > 0
            else:
                assert answer.status_code >= 400 or path in ("/healthz", "/readyz", "/login")


async def test_refusals_can_be_read(house: House) -> None:
    page, bearer = {"origin": PAGE}, house.bearer
    http = house.http
    await http.get("/executions/export.csv", headers=bearer)
    statuses = {}
    for status, answer in (
        (401, await http.post("/graphql", headers=page)),
        (401, await http.get("/files", headers={**page, "authorization": "Bearer wrong"})),
        (403, await http.get("/graphql", headers={**page, **bearer, "host": "evil.example"})),
        (404, await http.get("/nowhere", headers={**page, **bearer})),
        (405, await http.put("/graphql", headers={**page, **bearer})),
        (413, await http.post("/files", headers={**page, **bearer}, content=b"x" * 2000)),
        (429, await http.get("/executions/export.csv", headers={**page, **bearer})),
    ):
        assert answer.status_code == status, answer.text
        assert shared_with(answer) == PAGE
        statuses[status] = answer
    assert int(statuses[429].headers["retry-after"]) > 0
    for origin in FOREIGN:
        refused = await http.post(
            "/graphql", headers={**bearer, "origin": origin}, json={"query": "{__typename}"}
        )
        assert (refused.status_code, shared_with(refused)) == (403, None)


async def test_a_page_queries_and_subscribes(house: House) -> None:
    page = {"origin": PAGE, **house.bearer}
    answer = await house.http.post("/graphql", headers=page, json={"query": "{ __typename }"})
    assert (answer.status_code, answer.json()["data"]) == (200, {"__typename": "Query"})
    assert shared_with(answer) == PAGE
    uploaded = await house.http.post("/files?name=a.csv", headers=page, content=b"x")
    assert (uploaded.status_code, shared_with(uploaded)) == (201, PAGE)
    body = {"query": "subscription { stats { __typename } }"}
    async with house.http.stream("POST", "/graphql/stream", headers=page, json=body) as events:
        assert (events.status_code, shared_with(events)) == (200, PAGE)
        assert events.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("origin", [*LISTED, *FOREIGN])
async def test_sockets_of_the_same(house: House, origin: str) -> None:
    options: dict[str, Any] = {
        "origin": Origin(origin),
        "subprotocols": [Subprotocol("graphql-transport-ws")],
        "proxy": None,
    }
    uri = f"ws://127.0.0.1:{house.port}/graphql"
    if origin in FOREIGN:
        with pytest.raises(InvalidStatus):
            async with connect(uri, **options):
                pass
        return
    async with connect(uri, **options) as socket:
        await socket.send(f'{{"type": "connection_init", "payload": {{"token": "{house.token}"}}}}')
        assert await socket.recv() == '{"type":"connection_ack"}'
