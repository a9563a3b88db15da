"""Authentication: tokens, hosts and origins, over the real tables and real requests."""

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.access.credentials import digest_of, new_secret
from models.access.viewer import ROLES, Permission, PrincipalKind, Scope
from models.errors import Refused, Unavailable
from models.events.events import CommandOrigin
from models.ids import new_id
from models.states import Channel
from runner.store.access import principals, tokens
from runner.store.access.holders import Holders
from runner.store.access.tokens import NewToken
from runner.store.postgres.database import Database
from server.auth.admin import admin_token
from server.auth.auth import DoorSettings
from server.http.rates import Allowed, Rate, Rates
from tests.api.people import ORIGIN, enrolled
from tests.server.doors import admin, behind, door_of, session_of


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
    """Holds also when the second server has another data directory, or has lost its file."""
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
    await tokens.revoke(database.pool, row["id"], ORIGIN)
    assert await admin_token(database.pool, tmp_path) is None
    assert await door_of(database).by_token(token) is None
    # Replaced under its name, in the file of a server that was stopped meanwhile.
    (tmp_path / "token").unlink()
    other = await admin(database, tmp_path)
    new = NewToken(new_id(), row["principal_id"], "admin", digest_of(new_secret()))
    await tokens.create(database.pool, new, ORIGIN, replace=True)
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


async def test_permissions_of_a_token(database: Database) -> None:
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
    await tokens.create(database.pool, new, ORIGIN)
    less = await door_of(database).by_token(limited)
    assert less is not None
    assert less.expires_at == ends
    assert less.permissions == {Permission.VIEW_EXECUTION}
    assert less.scope == Scope(("acme.sales",))
    assert await door_of(database, clock=lambda: ends).by_token(limited) is None
    with pytest.raises(Refused):
        await tokens.create(database.pool, new, ORIGIN)
    assert await tokens.revoke(database.pool, row["id"], ORIGIN) is not None
    assert await tokens.revoke(database.pool, row["id"], ORIGIN) is None
    assert await door_of(database).by_token(token) is None


async def test_requests_with_a_cookie_must_have_the_same_origin(
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
    async with behind(database, door_of(database)) as http:
        await database.reads.close()
        response = await http.get("/", headers={"authorization": "Bearer hw_x"})
        assert response.status_code == 503
        assert response.headers["retry-after"]
        with pytest.raises(Unavailable):
            await Holders(database.reads).version()


def test_a_scope_covers_namespaces_below_it() -> None:
    scope = Scope(("acme", "beta.one"))
    covered = ["acme", "acme.sales", "beta.one", "beta.one.x"]
    assert [name for name in covered if scope.covers(name)] == covered
    assert not any(scope.covers(name) for name in ("acmeinc", "beta", "beta.two", ""))
    assert Scope().covers("anything")


WRONG = {
    "a token": ("/", {"authorization": "Bearer wrong"}),
    "a login": ("/login?token=wrong", {"sec-fetch-site": "none"}),
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
        statuses = [(await http.get(path, headers=wrong)).status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
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


async def test_the_creator_of_a_services_token_counts_as_the_same_person(
    database: Database,
) -> None:
    """The creator of the token may hold it: their vote and the service's count as one for any owner."""
    pool = database.pool
    maria = await enrolled(pool, "maria", "namespace_admin", "acme")
    await enrolled(pool, "bob", "approver", "acme")
    nina = await enrolled(pool, "nina", "approver", "acme")
    bob = await principals.find(pool, PrincipalKind.PERSON, "bob")
    assert bob
    async with pool.acquire() as connection:
        row = await principals.ensure(
            connection, PrincipalKind.SERVICE, "bot", ORIGIN.actor, bob["id"]
        )
    secret = new_secret()
    made = NewToken(new_id(), row["id"], "bot", digest_of(secret))
    await tokens.create(pool, made, CommandOrigin("user:maria", Channel.API))
    door = door_of(database)
    found = {
        name: await door.by_token(token)
        for name, token in (("maria", maria), ("bot", secret), ("nina", nina))
    }
    persons = {name: viewer.same_person for name, viewer in found.items() if viewer}
    assert {"service:bot", "user:maria"} <= persons["maria"]
    assert {"service:bot", "user:maria", "user:bob"} <= persons["bot"]
    assert not persons["nina"] & {"user:maria", "service:bot", "user:bob"}


async def test_a_token_that_an_admin_made_for_a_person_is_that_persons_alone(
    database: Database,
) -> None:
    token = await enrolled(database.pool, "maria", "approver")
    viewer = await door_of(database).by_token(token)
    assert viewer is not None
    assert "user:admin" not in viewer.same_person
