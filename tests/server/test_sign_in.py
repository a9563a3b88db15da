"""Ways in and out of a browser: links, tokens, sessions and the key that signs them."""

import asyncio
import hmac
import re
import stat
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from models.credentials import digest_of
from models.ids import new_id
from runner.store import servers
from runner.store.access import sign_ins, tokens
from runner.store.access.holders import Holders
from runner.store.database import Database
from runner.store.json import load
from server.auth import SESSION_TIME
from server.presence import Revocations
from server.session_key import SessionKey, rotate, session_key
from server.settings import Settings
from server.shared_key import SharedKey
from tests.api.people import ASK
from tests.server.doors import WITHIN, admin, behind, door_of, link_of, session_of
from tests.server.graphql.serving import KEY


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
        typed = {"accept": "text/html", "sec-fetch-site": "none"}
        page = await http.get("/login?token=wrong", headers=typed)
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
        form = {"token": f" {token}\t", "next": "/executions"}  # as it was pasted
        answer = await http.post("/login", data=form, headers=own)
        assert (answer.status_code, answer.headers["location"]) == (303, "/executions")
        assert (await http.get("/")).json() == {"actor": "user:admin"}
        session = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        assert (await http.post("/logout", headers=foreign)).status_code == 403
        assert (await http.post("/logout", headers=own)).status_code == 204
        assert not http.cookies
        assert (await http.get("/", headers={"cookie": session})).status_code == 401
        assert (await http.post("/login", json={"token": token})).status_code == 204
        for body in (
            "[" * 4000,
            "[]",
            "{}",
            '{"token": 1}',
            "x",
            '{"token": "' + "x" * 5000 + '"}',
        ):
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
    assert session_key(Settings.read({"data_dir": tmp_path})).sign("x") == made.sign("x")
    assert stat.S_IMODE((tmp_path / "session.key").stat().st_mode) == 0o600
    given = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert session_key(Settings.read({"data_dir": tmp_path, "session_key": given})).sign(
        "x"
    ) != made.sign("x")
    (tmp_path / "session.key").write_text("broken")
    with pytest.raises(ValueError, match="remove it for a new one"):
        session_key(Settings.read({"data_dir": tmp_path}))


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
    failed = [load(row["data"])["times"] for row in rows if row["action"] == "SIGN_IN_FAILED"]
    assert sum(failed) == 3 and len(failed) <= 2
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


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", None])
async def test_a_page_signs_nobody_in_with_a_link_of_its_authors(
    database: Database, tmp_path: Path, site: str | None
) -> None:
    """Whoever is led here would go on as the author of that page, and leave there what is their own. A page of this
    server leads to a `next` that somebody else may have written; over HTTP a browser names no site."""
    code = await link_of(database, await admin(database, tmp_path))
    async with behind(database, door_of(database)) as http:
        led = {"accept": "text/html", **({"sec-fetch-site": site} if site else {})}
        asked = await http.get("/login", params={"token": code, "next": "/x&y"}, headers=led)
        assert asked.status_code == 200 and "set-cookie" not in asked.headers
        assert 'method="post" action="/login"' in asked.text
        fields = re.findall(r'name="([a-z]+)" value="([^"]+)"', asked.text)
        form = {name: unescape(value) for name, value in fields}
        assert form == {"link": code, "next": "/x&y"}
        foreign = await http.post("/login", data=form, headers={"origin": "https://evil.example"})
        assert (foreign.status_code, "set-cookie" in foreign.headers) == (403, False)
        own = {"origin": str(http.base_url).rstrip("/")}
        answer = await http.post("/login", data=form, headers=own)
        assert (answer.status_code, answer.headers["location"]) == (303, "/x&y")
        assert (await http.post("/login", data=form, headers=own)).status_code == 401
        code = await link_of(database, await admin(database, tmp_path))
        typed = await http.get("/login", params={"token": code}, headers={"sec-fetch-site": "none"})
        assert typed.status_code == 303


async def test_another_key_of_sessions_ends_the_connections_that_cookies_began(
    database: Database, tmp_path: Path
) -> None:
    """Those of tokens go on, and so does whoever signs in with the new key."""
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
        # A handshake of before that comes to its login only now.
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


async def test_servers_of_one_database_that_sign_with_different_keys_are_told_of(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """By the one that starts, and by `doctor`, which reads `by_key`; none while they sign with the same."""
    pool, other = database.pool, SessionKey(key=b"o" * 32)

    async def told(key: SessionKey) -> list[str]:
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
        assert await told(KEY) == []
        (warning,) = await told(other)
    assert "give all servers of a database the same session.key" in warning
    assert await pool.fetchval("select count(*) from servers") == 0
    assert KEY.id and other.id and KEY.id != other.id


async def test_a_server_that_was_killed_signs_with_no_key(database: Database) -> None:
    await servers.tell(database.pool, new_id(), "dead", "a")
    await database.pool.execute("update servers set heartbeat_at = now() - interval '31 s'")
    assert await servers.by_key(database.pool) == []
    assert await servers.with_other_keys(database.pool, "b") == []
    await servers.forget(database.pool, new_id())
    assert await database.pool.fetchval("select count(*) from servers") == 0


async def test_a_token_has_so_many_links_the_last_ones(database: Database, tmp_path: Path) -> None:
    token = await admin(database, tmp_path)
    codes = [await link_of(database, token) for _ in range(23)]
    assert await database.pool.fetchval("select count(*) from login_links") == 20
    for code, works in ((codes[2], False), (codes[3], True), (codes[-1], True)):
        used = await sign_ins.use_link(database.pool, digest_of(code), datetime.now(UTC))
        assert (used is not None) is works
