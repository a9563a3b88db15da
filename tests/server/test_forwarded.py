"""The client and origin of a request: directly, behind a trusted proxy, and behind another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from runner.store.postgres.database import Database
from server.auth.auth import Door, DoorSettings
from server.auth.guard import guarded
from server.http.addresses import read_origin
from server.http.forwarded import Forwarded, Proxies
from server.http.rates import Allowed, Rate, Rates
from tests.api.people import enrolled
from tests.server import doors
from tests.server.graphql.serving import KEY, TOKEN, MemoryHolders, running

HERE = Proxies.of(["127.0.0.0/8"])
ELSEWHERE = Proxies.of(["10.0.0.0/8", "2001:db8::/32"])
NAME = "headway.example"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def behind(settings: DoorSettings, rates: Rates | None = None) -> AsyncIterator[str]:
    tokens = MemoryHolders()
    tokens.add("admin", TOKEN)
    door = Door(tokens, KEY, settings, rates=rates)

    async def seen(request: Request) -> JSONResponse:
        host = request.headers["host"]
        client = request.client.host if request.client else None
        return JSONResponse([client, request.url.scheme, host])

    async def socket(socket: WebSocket) -> None:
        if door.origin_allowed(socket.scope):
            await socket.accept()
        await socket.close()

    routes = [
        Route("/healthz", seen),
        Route("/readyz", seen),
        Route("/", seen, methods=["GET", "POST"]),
        WebSocketRoute("/socket", socket),
    ]
    async with running(Starlette(routes=routes, middleware=guarded(door))) as port:
        yield f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("sent", "client", "scheme", "host"),
    [
        ({"x-forwarded-for": "203.0.113.7"}, "203.0.113.7", "http", None),
        ({"x-forwarded-for": "198.51.100.1, 203.0.113.7"}, "203.0.113.7", "http", None),
        ({"x-forwarded-for": "198.51.100.1, 203.0.113.7, 127.0.0.9"}, "203.0.113.7", "http", None),
        ({"x-forwarded-for": "203.0.113.7:4711"}, "203.0.113.7", "http", None),
        ({"x-forwarded-for": "[2001:db8::7]:4711"}, "2001:db8::7", "http", None),
        ({"x-forwarded-for": "203.0.113.7, nonsense"}, "127.0.0.1", "http", None),
        ({"x-forwarded-for": "nonsense"}, "127.0.0.1", "http", None),
        ({"x-forwarded-for": ""}, "127.0.0.1", "http", None),
        ({"x-forwarded-proto": "https"}, "127.0.0.1", "https", None),
        ({"x-forwarded-proto": "http, HTTPS"}, "127.0.0.1", "https", None),
        ({"x-forwarded-proto": "gopher"}, "127.0.0.1", "http", None),
        ({"x-forwarded-host": NAME}, "127.0.0.1", "http", NAME),
        ({"x-forwarded-host": f"evil.example, {NAME}:8443"}, "127.0.0.1", "http", f"{NAME}:8443"),
        ({"x-forwarded-host": "a b"}, "127.0.0.1", "http", None),
        ({}, "127.0.0.1", "http", None),
    ],
)
async def test_only_a_trusted_proxy_is_believed(
    sent: dict[str, str], client: str, scheme: str, host: str | None
) -> None:
    hosts = frozenset({NAME})
    for proxies in (HERE, ELSEWHERE, Proxies()):
        async with behind(DoorSettings(hosts, proxies=proxies)) as at, httpx.AsyncClient() as http:
            answer = await http.get(f"http://{at}/", headers={**BEARER, **sent})
            believed = [client, scheme, host or at]
            assert answer.json() == (believed if proxies is HERE else ["127.0.0.1", "http", at])


@given(*[st.text(alphabet=st.characters(max_codepoint=255), max_size=60)] * 3)
def test_nothing_that_a_proxy_says_is_an_error(client: str, scheme: str, host: str) -> None:
    sent = {"x-forwarded-for": client, "x-forwarded-proto": scheme, "x-forwarded-host": host}
    headers = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    scope = {"type": "http", "scheme": "http", "client": ("127.0.0.1", 1), "headers": headers}
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    with suppress(StopIteration):
        Forwarded(app, HERE)(scope, None, None).send(None)  # type: ignore[arg-type]
    (found,) = seen
    assert found["scheme"] in ("http", "https")
    assert ip_address(found["client"][0])


async def test_a_proxy_cannot_name_a_host_that_is_not_allowed() -> None:
    async with behind(DoorSettings(proxies=HERE)) as at, httpx.AsyncClient() as http:
        answer = await http.get(f"http://{at}/", headers={**BEARER, "x-forwarded-host": NAME})
    assert answer.status_code == 403


OWN = f"https://{NAME}"
TLS = {"x-forwarded-proto": "https"}


@pytest.mark.parametrize("way", ["request", "socket"])
@pytest.mark.parametrize(
    ("settings", "headers", "allowed", "refused"),
    [
        # Directly: the scheme is http.
        ({}, {}, ["http://{at}"], ["https://{at}", f"http://{NAME}", "null", "http://127.0.0.1"]),
        # Behind a trusted proxy that terminates TLS.
        ({"proxies": HERE}, {**TLS, "host": NAME}, [OWN, f"{OWN}:443"], [f"http://{NAME}", f"http://{NAME}:443"]),
        ({"proxies": HERE}, {**TLS, "x-forwarded-host": NAME}, [OWN], [f"http://{NAME}", "http://{at}"]),
        ({"proxies": HERE}, {"x-forwarded-proto": "http", "host": NAME}, [f"http://{NAME}"], [OWN]),
        # An untrusted client sends the header.
        ({"proxies": ELSEWHERE}, {**TLS, "host": NAME}, [f"http://{NAME}"], [OWN]),
        ({}, {**TLS, "host": NAME}, [f"http://{NAME}"], [OWN]),
        # The address is set: a page of that name and another scheme is foreign.
        ({"external": OWN}, {"host": NAME}, [OWN], [f"http://{NAME}", f"{OWN}:8443", "http://{at}"]),
        ({"external": OWN}, {}, [OWN, "http://{at}"], [f"http://{NAME}", "https://{at}"]),
        ({"external": OWN, "proxies": HERE}, {**TLS, "host": NAME}, [OWN], [f"http://{NAME}"]),
        ({"external": f"http://{NAME}"}, {"host": NAME}, [f"http://{NAME}"], [OWN]),
    ],
)  # fmt: skip
async def test_the_scheme_of_a_page_counts(
    settings: dict[str, object],
    headers: dict[str, str],
    allowed: list[str],
    refused: list[str],
    way: str,
) -> None:
    made = {**settings}
    if isinstance(given := made.get("external"), str):
        made["external"] = read_origin(given)
    door = DoorSettings(frozenset({NAME}), **made)  # type: ignore[arg-type]
    async with behind(door) as at:
        found = {
            origin: await is_let_in(at, way, origin.format(at=at), headers)
            for origin in (*allowed, *refused)
        }
    assert found == {**dict.fromkeys(allowed, True), **dict.fromkeys(refused, False)}


async def is_let_in(at: str, way: str, origin: str, sent: dict[str, str]) -> bool:
    if way == "request":
        async with httpx.AsyncClient() as http:
            answer = await http.post(f"http://{at}/", headers={**BEARER, "origin": origin, **sent})
        if answer.status_code == 403:
            message = answer.json()["errors"][0]["message"]
            assert all(name in message for name in ("external_url", "trusted_proxies"))
        return answer.status_code == 200
    given = {name: value for name, value in sent.items() if name != "host"}
    uri = f"ws://{sent.get('host', at)}/socket"
    try:
        async with connect(
            uri, origin=Origin(origin), additional_headers=given,
            host=at.partition(":")[0], port=int(at.partition(":")[2]), proxy=None,
        ):  # fmt: skip
            return True
    except InvalidStatus:
        return False


@pytest.mark.parametrize(
    ("settings", "sent", "secure"),
    [
        (DoorSettings(), {}, False),
        (DoorSettings(), TLS, False),
        (DoorSettings(proxies=ELSEWHERE), TLS, False),
        (DoorSettings(proxies=HERE), TLS, True),
        (DoorSettings(proxies=HERE), {}, False),
        (DoorSettings(secure_cookie=True), {}, True),
    ],
)
async def test_the_cookie_is_for_tls_alone_where_that_is_spoken(
    database: Database, settings: DoorSettings, sent: dict[str, str], secure: bool
) -> None:
    token = await enrolled(database.pool, "maria", "viewer")
    async with doors.behind(database, doors.door_of(database, settings=settings)) as http:
        answer = await http.post("/login", data={"token": token}, headers=sent)
    assert ("Secure" in answer.headers["set-cookie"]) is secure


@pytest.mark.parametrize(("proxies", "apart"), [(HERE, True), (ELSEWHERE, False)])
async def test_wrong_tokens_count_for_their_sender(proxies: Proxies, apart: bool) -> None:
    """Behind a trusted proxy they count for the client; elsewhere naming another address has no effect."""
    rates = Rates({Rate.FAILED_LOGINS: Allowed(2, 60)})
    wrong = {"authorization": "Bearer wrong"}
    async with behind(DoorSettings(proxies=proxies), rates) as at, httpx.AsyncClient() as http:
        found = {}
        for address in ("203.0.113.7", "203.0.113.8"):
            sent = {**wrong, "x-forwarded-for": address}
            found[address] = [
                (await http.get(f"http://{at}/", headers=sent)).status_code for _ in range(3)
            ]
    assert found["203.0.113.7"] == [401, 401, 429]
    assert found["203.0.113.8"] == ([401, 401, 429] if apart else [429] * 3)


@pytest.mark.parametrize("host", ["headway-7f9c.pods.example", "10.1.2.3:8321", "evil.example", ""])
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_answers_any_host(path: str, host: str) -> None:
    async with behind(DoorSettings()) as at, httpx.AsyncClient() as http:
        assert (await http.get(f"http://{at}{path}", headers={"host": host})).status_code == 200
        for other in ("/", "/login", f"{path}/x"):
            refused = await http.get(f"http://{at}{other}", headers={"host": host})
            assert refused.status_code == 403
