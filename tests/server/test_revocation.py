"""Open connections when the permissions of their credential change."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from models.access.viewer import Permission, PrincipalKind
from runner.store.access import grants, principals
from runner.store.access.holders import Holders
from runner.store.postgres.database import Database
from server.auth.auth import Door, Visitor
from server.auth.guard import guarded
from server.auth.revocations import Revocations
from server.http.sending import DownloadAborted
from tests.api.people import ORIGIN, enrolled
from tests.server.doors import WITHIN, door_of, session_of
from tests.server.graphql.serving import KEY, running

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
async def test_open_connections_end_when_their_permissions_change(
    database: Database, tmp_path: Path, change: str, credential: str
) -> None:
    """The database reports changes by any user and any statement."""
    pool = database.pool
    await grants.save_role(pool, "reader", frozenset({Permission.VIEW_EXECUTION}), ORIGIN)
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
    """The look-up reads the row before it is revoked and returns after the revocation was received."""
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
    pending = asyncio.create_task(door.by_token(token))
    await asyncio.wait_for(reading.wait(), WITHIN)
    await database.pool.execute("update tokens set revoked_at = now()")
    await door.look_again()
    go_on.set()
    assert await asyncio.wait_for(pending, WITHIN) is None


async def test_each_sign_in_of_a_person_keeps_its_own_groups(database: Database) -> None:
    """Two sign-ins at once with different credentials of one person are not mixed up."""
    await enrolled(database.pool, "maria", None)
    await database.pool.execute(
        """insert into role_grants (id, group_name, role, created_by)
           values (gen_random_uuid(), 'ops', 'admin', 'x')"""
    )
    holders = Holders(database.reads)
    maria = await principals.find(database.pool, PrincipalKind.PERSON, "maria")
    assert maria
    door = Door(holders, KEY)
    found = [await holders.by_principal(maria["id"], groups) for groups in (["ops"], [])]
    again = [await door.again(one.viewer) for one in found if one]
    assert [one and one.may_everywhere(Permission.MANAGE) for one in again] == [True, False]


async def test_a_download_is_cut_off_when_its_token_is_revoked(database: Database) -> None:
    token = await enrolled(database.pool, "maria", "operator")
    door = door_of(database)
    viewer = await door.by_token(token)
    assert viewer
    closed = []

    async def whole() -> AsyncGenerator[bytes, None]:
        try:
            for number in range(9):
                yield bytes([number])
        finally:
            closed.append(True)

    pieces = door.presence.pieces(viewer, whole())
    assert [await anext(pieces), await anext(pieces)] == [b"\0", b"\1"]
    await database.pool.execute("update tokens set revoked_at = now()")
    await door.look_again()
    with pytest.raises(DownloadAborted, match="revoked"):
        await anext(pieces)
    assert closed == [True]


async def test_a_service_that_one_makes_ends_no_connection(database: Database) -> None:
    token = await enrolled(database.pool, "admin", "admin")
    door = door_of(database)
    viewer = await door.by_token(token)
    assert viewer
    ended: list[str] = []
    door.presence.enter(viewer, ended.append)
    await enrolled(database.pool, "ci", "operator", kind=PrincipalKind.SERVICE)
    await door.look_again()
    assert ended == []
    now = await door.again(viewer)
    assert now is not None and "service:ci" in now.same_person - viewer.same_person


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("its token is revoked", "revoked"),
        ("the person is disabled", "revoked"),
        ("a role is granted", "have changed"),
    ],
)
async def test_a_body_that_is_whole_after_its_credential_has_ended_does_nothing(
    database: Database, change: str, message: str
) -> None:
    """Clients that begin a mutation or an upload and hold back its last bytes gain nothing."""
    token = await enrolled(database.pool, "maria", "operator")
    door = door_of(database)
    done: list[bytes] = []

    async def take(request: Request) -> Response:
        done.append(await request.body())
        return Response()

    app = Starlette(routes=[Route("/", take, methods=["POST"])], middleware=guarded(door))
    async with running(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        goes_on = asyncio.Event()

        async def body() -> AsyncGenerator[bytes, None]:
            yield b"{"
            # Only sent once the connection is accepted.
            await let_in.wait()
            await database.pool.execute(CHANGES[change])
            await door.look_again()
            goes_on.set()
            yield b"}"

        let_in = asyncio.Event()
        visitor = door.visitor

        async def noticed(scope: Scope) -> Visitor | None:
            found = await visitor(scope)
            let_in.set()
            return found

        door.visitor = noticed  # type: ignore[method-assign]
        headers = {"authorization": f"Bearer {token}"}
        refused = await http.post("/", content=body(), headers=headers)
        assert goes_on.is_set()
        assert (refused.status_code, done) == (409 if message == "have changed" else 401, [])
        assert message in refused.text
        if message == "have changed":
            assert (await http.post("/", content=b"{}", headers=headers)).status_code == 200
            assert done == [b"{}"]


async def test_a_download_is_cut_off_when_its_token_expires(database: Database) -> None:
    token = await enrolled(database.pool, "maria", "operator")
    door = door_of(database)
    viewer = await door.by_token(token)
    assert viewer

    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"x"

    lasts = replace(viewer, expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert await anext(door.presence.pieces(lasts, endless())) == b"x"
    over = replace(viewer, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(DownloadAborted, match="expired"):
        await anext(door.presence.pieces(over, endless()))
