"""The key that signs browser sessions: another one, none, and servers whose keys differ."""

import asyncio
from pathlib import Path

import pytest

from models.ids import new_id
from runner.store.access.holders import Holders
from runner.store.postgres import servers
from runner.store.postgres.database import Database
from server.auth.revocations import Revocations
from server.auth.session_key import SessionKey, rotate, session_key
from server.auth.shared_key import SharedKey
from server.settings.settings import Settings
from tests.server.doors import WITHIN, admin, behind, door_of, session_of
from tests.server.graphql.serving import KEY


async def test_another_key_of_sessions_ends_the_connections_that_cookies_began(
    database: Database, tmp_path: Path
) -> None:
    """Connections of tokens continue, and so do those that sign in with the new key."""
    token = await admin(database, tmp_path)
    holders, key = Holders(database.reads), session_key(Settings.read({"data_dir": tmp_path}))
    door = door_of(database, key=key)
    by_cookie = await door.by_session(await session_of(database, door, token))
    by_token = await door.by_token(token)
    assert by_cookie and by_token
    ended, others = asyncio.Event(), list[str]()
    door.presence.enter(by_cookie, lambda reason: ended.set())
    door.presence.enter(by_token, others.append)
    async with Revocations(door, holders):
        assert await door.again(by_cookie) == by_cookie
        rotate(tmp_path)
        # An earlier handshake whose authentication completes only now.
        assert await door.again(by_cookie) is None
        anew = await door.by_session(await session_of(database, door, token))
        assert anew
        door.presence.enter(anew, others.append)
        await asyncio.wait_for(ended.wait(), WITHIN)
    assert others == []


@pytest.mark.parametrize("text", [None, "junk"])
async def test_without_its_key_a_session_is_refused_for_now(
    database: Database, tmp_path: Path, text: str | None
) -> None:
    token = await admin(database, tmp_path)
    door = door_of(database, key=session_key(Settings.read({"data_dir": tmp_path})))
    session, file = await session_of(database, door, token), tmp_path / "session.key"
    kept = file.read_text()
    file.unlink()
    if text is not None:
        file.write_text(text)
    async with behind(database, door) as http:
        cookie = {"cookie": f"headway_session_{http.base_url.port}={session}"}
        answer = await http.get("/", headers=cookie)
        assert (answer.status_code, str(tmp_path) in answer.text) == (503, False)
        assert (await http.post("/login", data={"token": token})).status_code == 503
        bearer = {"authorization": f"Bearer {token}"}
        assert (await http.get("/", headers=bearer)).status_code == 200
        file.write_text(kept)
        assert (await http.get("/", headers=cookie)).status_code == 200


async def test_servers_that_sign_with_different_keys_are_reported(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The server that starts reports it, and so does `doctor`, which reads `by_key`; not while the keys are the
    same."""
    pool, other = database.pool, SessionKey(key=b"o" * 32)

    async def warnings(key: SessionKey) -> list[str]:
        caplog.clear()
        async with SharedKey(pool, key), asyncio.timeout(WITHIN):
            while await pool.fetchval("select count(*) from servers") < 2:
                pass
            groups = sorted(map(len, await servers.by_key(pool)))
            assert groups == ([2] if key is KEY else [1, 1])
            while key is not KEY and "another key" not in caplog.text:
                await pool.fetchval("select 1")
        return [one.message for one in caplog.records if "another key" in one.message]

    async with SharedKey(pool, KEY):
        assert await warnings(KEY) == []
        (warning,) = await warnings(other)
    assert "give all servers of a database the same session.key" in warning
    assert await pool.fetchval("select count(*) from servers") == 0
    assert KEY.id and other.id and KEY.id != other.id


async def test_a_server_that_was_killed_signs_with_no_key(database: Database) -> None:
    await servers.register(database.pool, new_id(), "dead", "a")
    await database.pool.execute("update servers set heartbeat_at = now() - interval '31 s'")
    assert await servers.by_key(database.pool) == []
    assert await servers.with_other_keys(database.pool, "b") == []
    await servers.forget(database.pool, new_id())
    assert await database.pool.fetchval("select count(*) from servers") == 0
