"""The door: tokens, sessions, links, hosts and origins, over the real tables and real requests."""

import asyncio
import hmac
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from models.credentials import digest_of, new_secret
from models.errors import Refused, Unavailable
from models.ids import new_id
from models.states import Channel
from models.viewer import ROLES, Permission, PrincipalKind, Scope, SignInMethod
from runner.denials import Denials
from runner.store.access import grants, principals, sign_ins, tokens
from runner.store.access.holders import Holders
from runner.store.access.tokens import NewToken
from runner.store.database import Database
from server.admin import admin_token
from server.auth import SESSION_TIME, Door, DoorSettings, visitor_of
from server.guard import guarded
from server.login import Login
from server.presence import Revocations
from server.rates import Allowed, Rate, Rates
from server.session_key import SessionKey, rotate, session_key
from server.settings import Settings
from tests.api.people import ASK, enrolled
from tests.server.graphql.serving import KEY, running

WITHIN = 20


async def who(request: Request) -> JSONResponse:
    visitor = visitor_of(request.scope)
    return JSONResponse({"actor": visitor.viewer.actor if visitor else None})


def door_of(database: Database, **more: Any) -> Door:
    return Door(Holders(database.reads), more.pop("key", KEY), **more)


@asynccontextmanager
async def behind(database: Database, door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server that only tells who was let in."""
    async with Denials(database.reads) as denials:
        routes = [
            *Login(database.reads, door, denials).routes(),
            Route("/healthz", who),
            Route("/{path:path}", who, methods=["GET", "POST"]),
        ]
        app = Starlette(routes=routes, middleware=guarded(door))
        async with (
            running(app) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            yield client


async def admin(database: Database, data_dir: Path) -> str:
    token = await admin_token(database.pool, data_dir)
    assert token
    return token


async def link_of(database: Database, token: str) -> str:
    row = await tokens.find(database.pool, digest_of(token))
    assert row
    secret, _ = await sign_ins.make_link(database.pool, row["id"], datetime.now(UTC))
    return secret


async def session_of(database: Database, door: Door, token: str) -> str:
    """The cookie of a session that somebody begins with a token."""
    row = await tokens.find(database.pool, digest_of(token))
    assert row
    ends = door.now + SESSION_TIME
    id = await sign_ins.begin(
        database.pool, row["principal_id"], row["id"], SignInMethod.TOKEN, ends
    )
    return door.cookie_of(id)


async def test_the_admin_token_is_made_once_and_kept_for_its_owner(
    database: Database, tmp_path: Path
) -> None:
    token = await admin(database, tmp_path)
    assert await admin_token(database.pool, tmp_path) == token
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    viewer = await door_of(database).by_token(token)
    assert viewer is not None
    assert viewer.actor == "user:admin"
    assert all(viewer.may_everywhere(permission) for permission in Permission)
    stored = await database.pool.fetchval("select string_agg(t::text, '') from tokens t")
    assert token not in stored


async def test_several_servers_of_one_database_have_tokens_of_their_own(
    database: Database, tmp_path: Path
) -> None:
    """Also when the second one has another data directory, or has lost its file."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first = await admin(database, tmp_path / "one")
    second = await admin(database, tmp_path / "two")
    (tmp_path / "two" / "token").unlink()
    third = await admin(database, tmp_path / "two")
    door = door_of(database)
    assert len({first, second, third}) == 3
    for token in (first, second, third):
        viewer = await door.by_token(token)
        assert viewer is not None and viewer.actor == "user:admin"


async def test_a_revoked_admin_token_never_comes_back(database: Database, tmp_path: Path) -> None:
    token = await admin(database, tmp_path)
    row = await tokens.find(database.pool, digest_of(token))
    assert row
    await tokens.revoke(database.pool, row["id"], ASK)
    assert await admin_token(database.pool, tmp_path) is None
    assert await door_of(database).by_token(token) is None
    # Replaced under its name, in the file of a server that was stopped meanwhile.
    (tmp_path / "token").unlink()
    other = await admin(database, tmp_path)
    new = NewToken(new_id(), row["principal_id"], "admin", digest_of(new_secret()))
    await tokens.create(database.pool, new, ASK, replace=True)
    assert await door_of(database).by_token(other) is None
    assert await admin_token(database.pool, tmp_path) is None
    await database.pool.execute("delete from tokens where digest = $1", digest_of(other))
    made = await admin(database, tmp_path)
    assert made != other
    assert await door_of(database).by_token(other) is None


async def test_a_new_database_takes_the_token_of_the_file(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("hw_kept\n")
    assert await admin_token(database.pool, tmp_path) == "hw_kept"
    assert await door_of(database).by_token("hw_kept") is not None


async def test_what_a_token_may(database: Database) -> None:
    token = await enrolled(database.pool, "ci", "operator", "acme", PrincipalKind.SERVICE)
    row = await tokens.find(database.pool, digest_of(token))
    assert row
    viewer = await door_of(database).by_token(token, Channel.CLI)
    assert viewer is not None
    assert (viewer.actor, viewer.channel) == ("service:ci", Channel.CLI)
    assert viewer.may(Permission.RUN_FLOW, "acme.sales")
    assert not viewer.may(Permission.RUN_FLOW, "other")
    assert not viewer.may(Permission.UPDATE_FLOW, "acme")
    assert viewer.permissions == ROLES["operator"]
    limited, ends = new_secret(), datetime.now(UTC) + timedelta(hours=1)
    new = NewToken(
        new_id(), row["principal_id"], "less", digest_of(limited),
        frozenset({Permission.VIEW_EXECUTION, Permission.MANAGE}), ("acme.sales", "other"), ends,
    )  # fmt: skip
    await tokens.create(database.pool, new, ASK)
    less = await door_of(database).by_token(limited)
    assert less is not None
    assert less.expires_at == ends
    assert less.permissions == {Permission.VIEW_EXECUTION}
    assert less.scope == Scope(("acme.sales",))
    assert await door_of(database, clock=lambda: ends).by_token(limited) is None
    with pytest.raises(Refused):
        await tokens.create(database.pool, new, ASK)
    assert await tokens.revoke(database.pool, row["id"], ASK) is not None
    assert await tokens.revoke(database.pool, row["id"], ASK) is None
    assert await door_of(database).by_token(token) is None


async def test_the_login_link_works_once(database: Database, tmp_path: Path) -> None:
    token = await admin(database, tmp_path)
    code = await link_of(database, token)
    async with behind(database, door_of(database)) as http:
        assert (await http.get("/")).status_code == 401
        assert (await http.head("/login", params={"token": code})).status_code == 204
        response = await http.get("/login", params={"token": code})
        assert (response.status_code, response.headers["location"]) == (303, "/")
        cookie = response.headers["set-cookie"]
        for word in ("HttpOnly", "SameSite=strict"):
            assert word in cookie
        assert token not in cookie and code not in cookie
        assert (await http.get("/")).json() == {"actor": "user:admin"}
        http.cookies.clear()
        for wrong in (code, token, "hwl_wrong", ""):
            refused = await http.get("/login", params={"token": wrong})
            assert refused.status_code == 401
            assert "not valid" in refused.json()["errors"][0]["message"]
            assert "set-cookie" not in refused.headers
        page = await http.get("/login?token=wrong", headers={"accept": "text/html"})
        assert "not valid" in page.text and "headway token" in page.text
        assert (await http.get("/", headers={"authorization": "Bearer x"})).status_code == 401


async def test_two_who_open_one_link_at_once(database: Database, tmp_path: Path) -> None:
    code = await link_of(database, await admin(database, tmp_path))
    async with behind(database, door_of(database)) as http:
        opened = await asyncio.gather(
            *(http.get("/login", params={"token": code}) for _ in range(10))
        )
    assert sorted(one.status_code for one in opened) == [303, *[401] * 9]


async def test_a_link_ends_with_its_time_and_with_its_token(
    database: Database, tmp_path: Path
) -> None:
    token = await admin(database, tmp_path)
    later = datetime.now(UTC) + sign_ins.LINK_TIME + timedelta(seconds=1)
    code = await link_of(database, token)
    async with behind(database, door_of(database, clock=lambda: later)) as http:
        assert (await http.get("/login", params={"token": code})).status_code == 401
    row = await tokens.find(database.pool, digest_of(token))
    assert row
    await tokens.revoke(database.pool, row["id"], ASK)
    async with behind(database, door_of(database)) as http:
        assert (await http.get("/login", params={"token": code})).status_code == 401


async def test_signing_in_with_a_token_and_out_again(database: Database, tmp_path: Path) -> None:
    token = await admin(database, tmp_path)
    async with behind(database, door_of(database)) as http:
        own = {"origin": str(http.base_url).rstrip("/")}
        wrong = await http.post("/login", data={"token": "wrong", "next": "/x"})
        assert wrong.status_code == 401 and 'value="/x"' in wrong.text
        foreign = {"origin": "https://evil.example"}
        assert (
            await http.post("/login", data={"token": token}, headers=foreign)
        ).status_code == 403
        form = {"token": token, "next": "/executions"}
        answer = await http.post("/login", data=form, headers=own)
        assert (answer.status_code, answer.headers["location"]) == (303, "/executions")
        assert (await http.get("/")).json() == {"actor": "user:admin"}
        session = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        assert (await http.post("/logout", headers=foreign)).status_code == 403
        assert (await http.post("/logout", headers=own)).status_code == 204
        assert not http.cookies
        assert (await http.get("/", headers={"cookie": session})).status_code == 401
        assert (await http.post("/login", json={"token": token})).status_code == 204
        for body in ("[]", "{}", '{"token": 1}', "x", '{"token": "' + "x" * 5000 + '"}'):
            answer = await http.post(
                "/login", content=body, headers={"content-type": "application/json"}
            )
            assert answer.status_code == 400


async def test_reading_the_database_signs_nobody_in(database: Database, tmp_path: Path) -> None:
    """Everything that a dump holds is tried as a credential, and as the key of a forged session."""
    token = await admin(database, tmp_path)
    door = door_of(database)
    session = await session_of(database, door, token)
    code = await link_of(database, token)
    identity = session.partition(".")[0]
    dumped = set()
    for table in ("tokens", "sign_ins", "login_links", "principals", "role_grants"):
        for row in await database.pool.fetch(f"select * from {table}"):
            dumped |= {str(value) for value in row.values()}
    assert not dumped & {token, code, session}
    for value in dumped:
        assert await door.by_token(value) is None
        assert await door.by_session(value) is None
        for body in (identity, f"session:{identity}"):
            forged = hmac.new(value.encode(), body.encode(), "sha256").hexdigest()
            assert await door.by_session(f"{identity}.{forged}") is None
    assert await door.by_session(session) is not None


async def test_a_session_ends_with_its_time_its_token_its_key_and_any_change(
    database: Database, tmp_path: Path
) -> None:
    token = await admin(database, tmp_path)
    (tmp_path / "session.key").write_text(f"{'A' * 43}=")
    key = SessionKey(tmp_path / "session.key")
    door = door_of(database, key=key)
    session = await session_of(database, door, token)
    assert await door.by_session(session) is not None
    later = datetime.now(UTC) + SESSION_TIME + timedelta(seconds=1)
    assert await door_of(database, key=key, clock=lambda: later).by_session(session) is None
    identity, signature = session.split(".")
    for forged in (
        f"{new_id().hex}.{signature}",
        f"{identity}.{'0' * 64}",
        f"{identity}.{signature}.",
        identity,
        f"{identity}.\u00e9",
        "",
        "...",
    ):
        assert await door.by_session(forged) is None
    rotate(tmp_path)
    assert await door.by_session(session) is None
    session = await session_of(database, door, token)
    assert await door.by_session(session) is not None
    row = await tokens.find(database.pool, digest_of(token))
    assert row
    await tokens.revoke(database.pool, row["id"], ASK)
    await door.look_again()
    assert await door.by_session(session) is None


async def test_the_key_of_sessions_is_made_once_and_not_in_the_database(
    database: Database, tmp_path: Path
) -> None:
    made = session_key(Settings.read({"data_dir": tmp_path}))
    assert session_key(Settings.read({"data_dir": tmp_path})).print == made.print
    assert stat.S_IMODE((tmp_path / "session.key").stat().st_mode) == 0o600
    given = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert (
        session_key(Settings.read({"data_dir": tmp_path, "session_key": given})).print != made.print
    )
    (tmp_path / "session.key").write_text("broken")
    with pytest.raises(ValueError, match="remove it for a new one"):
        session_key(Settings.read({"data_dir": tmp_path}))


CHANGES = {
    "its token is revoked": "update tokens set revoked_at = now() where name = 'maria'",
    "the person is disabled": "update principals set disabled_at = now() where name = 'maria'",
    "a role is revoked": "delete from role_grants where role = 'operator'",
    "a role is granted": """insert into role_grants (id, principal_id, role, created_by)
        select gen_random_uuid(), id, 'editor', 'x' from principals where name = 'maria'""",
    "a role of one's own is changed": "update roles set permissions = '[]'",
    "a group is left": "delete from group_members",
    "a session ends": "update sign_ins set ended_at = now()",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("credential", ["token", "session"])
async def test_open_connections_end_when_what_they_are_worth_changes(
    database: Database, tmp_path: Path, change: str, credential: str
) -> None:
    """Whoever changes it, by whatever statement: the database notices."""
    pool = database.pool
    await grants.save_role(pool, "reader", frozenset({Permission.VIEW_EXECUTION}), ASK)
    token = await enrolled(pool, "maria", "operator")
    other = await enrolled(pool, "nina", "viewer")
    async with pool.acquire() as connection:
        maria = await principals.find(connection, PrincipalKind.PERSON, "maria")
        assert maria
        await principals.set_groups(connection, maria["id"], ["ops"])
        await connection.execute(
            """insert into role_grants (id, group_name, role, created_by)
               values (gen_random_uuid(), 'ops', 'reader', 'x')"""
        )
    holders = Holders(database.reads)
    door = Door(holders, KEY)
    session = await session_of(database, door, token)
    viewer = await (door.by_token(token) if credential == "token" else door.by_session(session))
    unconcerned = await door.by_token(other)
    assert viewer and unconcerned
    ended, still = asyncio.Event(), asyncio.Event()
    door.presence.enter(viewer, lambda reason: ended.set())
    door.presence.enter(unconcerned, lambda reason: still.set())
    async with Revocations(door, holders):
        await pool.execute(CHANGES[change])
        if change == "a session ends" and credential == "token":
            await door.look_again()
            assert not ended.is_set()
        else:
            await asyncio.wait_for(ended.wait(), WITHIN)
    assert not still.is_set()


async def test_a_connection_that_is_let_in_while_its_token_is_revoked(database: Database) -> None:
    """The look-up reads the row before it is revoked and answers after that was noticed."""
    token = await enrolled(database.pool, "maria", "operator")
    reading, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Holders):
        async def by_digest(self, digest: str) -> Any:
            found = await super().by_digest(digest)
            if not reading.is_set():
                reading.set()
                await go_on.wait()
            return found

    door = Door(Slow(database.reads), KEY)
    asked = asyncio.create_task(door.by_token(token))
    await asyncio.wait_for(reading.wait(), WITHIN)
    await database.pool.execute("update tokens set revoked_at = now()")
    await door.look_again()
    go_on.set()
    assert await asyncio.wait_for(asked, WITHIN) is None


async def test_denials_and_sign_ins_are_in_the_audit_log(
    database: Database, tmp_path: Path
) -> None:
    token = await admin(database, tmp_path)
    async with behind(database, door_of(database)) as http:
        for _ in range(3):
            await http.post("/login", data={"token": "wrong"})
        await http.post("/login", data={"token": token})
        await http.post("/logout", headers={"origin": str(http.base_url).rstrip("/")})
        async with asyncio.timeout(WITHIN):
            while not await database.pool.fetchval(
                "select count(*) from audit_log where action = 'SIGN_IN_FAILED'"
            ):
                pass
    rows = await database.pool.fetch("select action, actor, data from audit_log order by at")
    found = [(row["action"], row["actor"]) for row in rows]
    assert ("SIGN_IN_FAILED", "anonymous:127.0.0.1") in found
    assert ("SIGN_IN", "user:admin") in found
    assert ("SIGN_OUT", "user:admin") in found
    assert ("CREATE_TOKEN", "user:admin") in found
    assert found.count(("SIGN_IN_FAILED", "anonymous:127.0.0.1")) == 1
    assert not any(token in str(row["data"]) or row["data"] == "wrong" for row in rows)


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
    database: Database, tmp_path: Path, target: str, place: str
) -> None:
    code = await link_of(database, await admin(database, tmp_path))
    async with behind(database, door_of(database)) as http:
        response = await http.get("/login", params={"token": code, "next": target})
        assert response.headers["location"] == place


async def test_what_a_cookie_vouches_for_must_come_from_here(
    database: Database, tmp_path: Path
) -> None:
    token = await admin(database, tmp_path)
    settings = DoorSettings(origins=frozenset({"http://localhost:5173"}))
    async with behind(database, door_of(database, settings=settings)) as http:
        bearer = {"authorization": f"Bearer {token}"}
        assert (await http.post("/", headers=bearer)).status_code == 200
        await http.post("/login", data={"token": token})
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


async def test_other_host_names_are_refused(database: Database) -> None:
    settings = DoorSettings(hosts=frozenset({"headway.example"}))
    async with behind(database, door_of(database, settings=settings)) as http:
        for host, status in (
            ("localhost", 200),
            ("127.0.0.1:9", 200),
            ("[::1]:9", 200),
            ("headway.example", 200),
            ("rebound.example", 403),
            ("localhost.rebound.example", 403),
            ("[", 403),
        ):
            response = await http.get("/healthz", headers={"host": host})
            assert response.status_code == status, host


async def test_without_a_database_the_answer_is_503(database: Database) -> None:
    async with behind(database, door_of(database)) as http:
        await database.reads.close()
        response = await http.get("/", headers={"authorization": "Bearer hw_x"})
        assert response.status_code == 503
        assert response.headers["retry-after"]
        with pytest.raises(Unavailable):
            await Holders(database.reads).version()


def test_a_scope_covers_what_lies_below_it() -> None:
    scope = Scope(("acme", "beta.one"))
    covered = ["acme", "acme.sales", "beta.one", "beta.one.x"]
    assert [name for name in covered if scope.covers(name)] == covered
    assert not any(scope.covers(name) for name in ("acmeinc", "beta", "beta.two", ""))
    assert Scope().covers("anything")


WRONG = {
    "a token": ("/", {"authorization": "Bearer wrong"}),
    "a login": ("/login?token=wrong", {}),
    "a session that was not signed here": ("/", {"cookie": "{name}=" + f"{'0' * 32}.x"}),
    "a session that cannot be read": ("/", {"cookie": "{name}=x"}),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_only_wrong_credentials_are_refused_for_their_number(
    database: Database, tmp_path: Path, kind: str
) -> None:
    token = await admin(database, tmp_path)
    path, headers = WRONG[kind]
    door = door_of(database, rates=Rates({Rate.FAILED_LOGINS: Allowed(3, 60)}))
    async with behind(database, door) as http:
        name = f"headway_session_{http.base_url.port}"
        wrong = {key: value.replace("{name}", name) for key, value in headers.items()}
        asked = [(await http.get(path, headers=wrong)).status_code for _ in range(5)]
        assert asked == [401, 401, 401, 429, 429]
        # This server has seen neither the token nor a session of it.
        session = await session_of(database, door, token)
        cookie = {"cookie": f"{name}={session}"}
        assert (await http.get("/", headers=cookie)).status_code == 200
        bearer = {"authorization": f"Bearer {token}"}
        assert (await http.get("/", headers=bearer)).status_code == 200
        assert (await http.post("/login", data={"token": token})).status_code == 303
        http.cookies.clear()
        assert (await http.get(path, headers=wrong)).status_code == 429


async def test_guesses_leave_connections_for_reads(database: Database) -> None:
    """The table is locked, so that every look-up waits with its connection."""
    door = door_of(database)
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%from tokens%'"
    guesses: list[asyncio.Task[object]] = []
    async with database.pool.acquire() as holder, holder.transaction():
        await holder.execute("lock table tokens in access exclusive mode")
        for number in range(20):
            guesses += [
                asyncio.create_task(door.by_token(f"guess {number}")),
                asyncio.create_task(door.by_session(f"{new_id().hex}.9999999999.x")),
            ]
        async with asyncio.timeout(4):
            while await database.pool.fetchval(waiting) < 4:
                pass
            assert await database.reads.fetchval("select 1") == 1
            assert await database.pool.fetchval(waiting) == 4
    assert await asyncio.gather(*guesses) == [None] * 40
