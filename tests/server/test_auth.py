"""The door: tokens, sessions, hosts and origins, over the real table and real requests."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from models.errors import Unavailable
from models.ids import new_id
from models.states import Channel
from models.viewer import ROLES, Permission, Scope
from runner.store.database import Database
from runner.store.tokens import Tokens
from server.auth import (
    SESSION_TIME,
    Door,
    DoorSettings,
    admin_token,
    digest_of,
    new_token,
    visitor_of,
)
from server.guard import guarded, login_routes
from server.rates import Allowed, Rate, Rates
from tests.server.graphql.serving import running

COOKIE = "headway_session"


@pytest.fixture
def tokens(database: Database) -> Tokens:
    return Tokens(database.pool)


async def who(request: Request) -> JSONResponse:
    visitor = visitor_of(request.scope)
    return JSONResponse({"actor": visitor.viewer.actor if visitor else None})


@asynccontextmanager
async def behind(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server that only tells who was let in."""
    routes = [
        *login_routes(door),
        Route("/healthz", who),
        Route("/{path:path}", who, methods=["GET", "POST"]),
    ]
    app = Starlette(routes=routes, middleware=guarded(door))
    async with (
        running(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


async def test_the_admin_token_is_made_once_and_kept_for_its_owner(
    tokens: Tokens, tmp_path: Path
) -> None:
    token = await admin_token(tokens, tmp_path)
    assert await admin_token(tokens, tmp_path) == token
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    (row,) = await tokens.list()
    assert (row.name, row.digest, row.role) == ("admin", digest_of(token), "admin")
    assert token not in repr(row)


async def test_a_lost_file_or_a_new_database_mends_itself(tokens: Tokens, tmp_path: Path) -> None:
    first = await admin_token(tokens, tmp_path)
    (tmp_path / "token").unlink()
    second = await admin_token(tokens, tmp_path)
    assert second != first
    door = Door(tokens)
    assert await door.by_token(first) is None
    assert await door.by_token(second) is not None
    await tokens.revoke("admin")
    assert await admin_token(tokens, tmp_path) == second
    assert await Door(tokens).by_token(second) is not None


async def test_what_a_token_may(tokens: Tokens) -> None:
    token = new_token()
    ends = datetime.now(UTC) + timedelta(hours=1)
    assert await tokens.create(new_id(), "ci", digest_of(token), "operator", ends) is not None
    assert await tokens.create(new_id(), "ci", digest_of(new_token()), "admin") is None
    viewer = await Door(tokens).by_token(token, Channel.CLI)
    assert viewer is not None
    assert (viewer.actor, viewer.channel, viewer.expires_at) == ("token:ci", Channel.CLI, ends)
    assert viewer.may(Permission.RUN_FLOW)
    assert not viewer.may(Permission.UPDATE_FLOW)
    assert ROLES["admin"] == frozenset(Permission)
    assert await Door(tokens, clock=lambda: ends).by_token(token) is None
    assert await tokens.revoke("ci") is True
    assert await tokens.revoke("ci") is False
    assert await Door(tokens).by_token(token) is None


async def test_the_login_link_sets_a_cookie_that_is_not_the_token(
    tokens: Tokens, tmp_path: Path
) -> None:
    token = await admin_token(tokens, tmp_path)
    async with behind(Door(tokens)) as http:
        assert (await http.get("/")).status_code == 401
        response = await http.get("/login", params={"token": token})
        assert (response.status_code, response.headers["location"]) == (303, "/")
        cookie = response.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert token not in cookie
        assert (await http.get("/")).json() == {"actor": "user:admin"}
        wrong = await http.get("/login", params={"token": "hw_wrong"})
        assert wrong.status_code == 401
        assert wrong.json()["errors"][0]["message"] == "This token is not valid"
        page = await http.get("/login?token=hw_wrong", headers={"accept": "text/html"})
        assert "This token is not valid" in page.text and "headway token" in page.text
        assert "Not logged in" in (await http.get("/login", headers={"accept": "text/html"})).text
        assert (await http.get("/", headers={"authorization": "Bearer x"})).status_code == 401


async def test_a_session_ends_with_its_time_its_token_and_any_change(
    tokens: Tokens, tmp_path: Path
) -> None:
    token = await admin_token(tokens, tmp_path)
    session = await Door(tokens).session(token)
    assert session is not None
    assert await Door(tokens).by_session(session) is not None
    later = datetime.now(UTC) + SESSION_TIME + timedelta(seconds=1)
    assert await Door(tokens, clock=lambda: later).by_session(session) is None
    identity, expires, signature = session.split(".")
    forged = [
        f"{identity}.{int(expires) + 1}.{signature}",
        f"{new_id().hex}.{expires}.{signature}",
        f"{identity}.{expires}.{'0' * 64}",
        f"{identity}.{expires}",
        f"{identity}.{'9' * 30}.{signature}",
        f"{identity}.{expires}.\u00e9",
        "",
        "...",
    ]
    for value in forged:
        assert await Door(tokens).by_session(value) is None
    (tmp_path / "token").unlink()
    await admin_token(tokens, tmp_path)
    assert await Door(tokens).by_session(session) is None


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("/executions/exec_1?tab=logs", "/executions/exec_1?tab=logs"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("executions", "/"),
        ("/\t/evil.example", "/"),
    ],
)
async def test_login_leads_to_this_server_alone(
    tokens: Tokens, tmp_path: Path, target: str, place: str
) -> None:
    token = await admin_token(tokens, tmp_path)
    async with behind(Door(tokens)) as http:
        response = await http.get("/login", params={"token": token, "next": target})
        assert response.headers["location"] == place


async def test_what_a_cookie_vouches_for_must_come_from_here(
    tokens: Tokens, tmp_path: Path
) -> None:
    token = await admin_token(tokens, tmp_path)
    settings = DoorSettings(origins=frozenset({"http://localhost:5173"}))
    async with behind(Door(tokens, settings)) as http:
        bearer = {"authorization": f"Bearer {token}"}
        assert (await http.post("/", headers=bearer)).status_code == 200
        await http.get("/login", params={"token": token})
        own = str(http.base_url).rstrip("/")
        for origin, status in (
            (own, 200),
            ("http://localhost:5173", 200),
            ("http://127.0.0.1:1", 403),
            ("http://evil.example", 403),
            ("null", 403),
            (None, 403),
        ):
            headers = {"origin": origin} if origin else {}
            response = await http.post("/", headers=headers)
            assert response.status_code == status
            assert (await http.get("/", headers=headers)).status_code == 200


async def test_other_host_names_are_refused(tokens: Tokens) -> None:
    settings = DoorSettings(hosts=frozenset({"headway.example"}))
    async with behind(Door(tokens, settings)) as http:
        for host, status in (
            ("localhost", 401),
            ("127.0.0.1:9", 401),
            ("[::1]:9", 401),
            ("headway.example", 401),
            ("rebound.example", 403),
            ("localhost.rebound.example", 403),
            ("[", 403),
        ):
            response = await http.get("/", headers={"host": host})
            assert response.status_code == status, host


async def test_without_a_database_the_answer_is_503(database: Database) -> None:
    tokens = Tokens(database.pool)
    async with behind(Door(tokens)) as http:
        await database.pool.close()
        response = await http.get("/", headers={"authorization": "Bearer hw_x"})
        assert response.status_code == 503
        assert response.headers["retry-after"]
        with pytest.raises(Unavailable):
            await tokens.list()


def test_a_scope_covers_what_lies_below_it() -> None:
    scope = Scope(("acme", "beta.one"))
    covered = ["acme", "acme.sales", "beta.one", "beta.one.x"]
    assert [name for name in covered if scope.covers(name)] == covered
    assert not any(scope.covers(name) for name in ("acmeinc", "beta", "beta.two", ""))
    assert Scope().covers("anything")


WRONG = {
    "a token": ("/", {"authorization": "Bearer wrong"}),
    "a login": ("/login?token=wrong", {}),
    "a session of no token": ("/", {"cookie": "{name}=" + f"{'0' * 32}.9999999999.x"}),
    "a session that cannot be read": ("/", {"cookie": "{name}=x"}),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_only_wrong_credentials_are_refused_for_their_number(
    tokens: Tokens, tmp_path: Path, kind: str
) -> None:
    token = await admin_token(tokens, tmp_path)
    path, headers = WRONG[kind]
    door = Door(tokens, rates=Rates({Rate.FAILED_LOGINS: Allowed(3, 60)}))
    async with behind(door) as http:
        name = f"headway_session_{http.base_url.port}"
        wrong = {key: value.replace("{name}", name) for key, value in headers.items()}
        asked = [(await http.get(path, headers=wrong)).status_code for _ in range(5)]
        assert asked == [401, 401, 401, 429, 429]
        # This server has seen neither the token nor a session of it.
        session = await Door(tokens).session(token)
        cookie = {"cookie": f"{name}={session}"}
        assert (await http.get("/", headers=cookie)).status_code == 200
        bearer = {"authorization": f"Bearer {token}"}
        assert (await http.get("/", headers=bearer)).status_code == 200
        assert (await http.get("/login", params={"token": token})).status_code == 303
        http.cookies.clear()
        assert (await http.get(path, headers=wrong)).status_code == 429


async def test_guesses_leave_connections_for_reads(database: Database) -> None:
    """The table is locked, so that every look-up waits with its connection."""
    door = Door(Tokens(database.reads))
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%from tokens%'"
    guesses: list[asyncio.Task[object]] = []
    async with database.pool.acquire() as holder, holder.transaction():
        await holder.execute("lock table tokens in access exclusive mode")
        for number in range(20):
            guesses += [
                asyncio.create_task(door.by_token(f"guess {number}")),
                asyncio.create_task(door.session(f"guess {number}")),
                asyncio.create_task(door.by_session(f"{new_id().hex}.9999999999.x")),
            ]
        async with asyncio.timeout(4):
            while await database.pool.fetchval(waiting) < 4:
                pass
            assert await database.reads.fetchval("select 1") == 1
            assert await database.pool.fetchval(waiting) == 4
    assert await asyncio.gather(*guesses) == [None] * 60
