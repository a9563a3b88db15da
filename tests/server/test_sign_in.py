"""Signing in and out in a browser: links, tokens, sessions and the key that signs them."""

import asyncio
import hmac
import re
import stat
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from models.access.credentials import digest_of
from models.ids import new_id
from runner.store.access import sign_ins, tokens
from runner.store.json import load
from runner.store.postgres.database import Database
from server.auth.auth import SESSION_TIME
from server.auth.session_key import SessionKey, rotate, session_key
from server.http.plain_page import page
from server.http.rates import Allowed, Rate, Rates
from server.settings.settings import Settings
from tests.api.people import ORIGIN
from tests.server.doors import WITHIN, admin, behind, door_of, link_of, session_of

TYPED = {"sec-fetch-site": "none"}
"""The header of a browser for an address that no page led to."""


async def test_the_login_link_works_once(database: Database, tmp_path: Path) -> None:
    token = await admin(database, tmp_path)
    code = await link_of(database, token)
    async with behind(database, door_of(database)) as http:
        assert (await http.get("/")).status_code == 401
        assert (await http.head("/login", params={"token": code})).status_code == 204
        response = await http.get("/login", params={"token": code}, headers=TYPED)
        assert (response.status_code, response.headers["location"]) == (303, "/")
        cookie = response.headers["set-cookie"]
        for word in ("HttpOnly", "SameSite=strict"):
            assert word in cookie
        assert token not in cookie and code not in cookie
        assert (await http.get("/")).json() == {"actor": "user:admin"}
        http.cookies.clear()
        for wrong in (code, token, "hwl_wrong", ""):
            refused = await http.get("/login", params={"token": wrong}, headers=TYPED)
            assert refused.status_code == 401
            assert "not valid" in refused.json()["errors"][0]["message"]
            assert "set-cookie" not in refused.headers
        shown = await http.get("/login?token=wrong", headers={"accept": "text/html", **TYPED})
        assert "not valid" in shown.text and "headway token" in shown.text
        assert (await http.get("/", headers={"authorization": "Bearer x"})).status_code == 401


async def test_a_link_opened_twice_at_once_works_once(database: Database, tmp_path: Path) -> None:
    code = await link_of(database, await admin(database, tmp_path))
    async with behind(database, door_of(database)) as http:
        opened = await asyncio.gather(
            *(http.get("/login", params={"token": code}, headers=TYPED) for _ in range(10))
        )
    assert sorted(one.status_code for one in opened) == [303, *[401] * 9]


async def test_a_link_ends_with_its_time_and_with_its_token(
    database: Database, tmp_path: Path
) -> None:
    token = await admin(database, tmp_path)
    later = datetime.now(UTC) + sign_ins.LINK_TIME + timedelta(seconds=1)
    code = await link_of(database, token)
    async with behind(database, door_of(database, clock=lambda: later)) as http:
        late = await http.get("/login", params={"token": code}, headers=TYPED)
        assert late.status_code == 401
    row = await tokens.find(database.pool, digest_of(token))
    assert row
    await tokens.revoke(database.pool, row["id"], ORIGIN)
    async with behind(database, door_of(database)) as http:
        late = await http.get("/login", params={"token": code}, headers=TYPED)
        assert late.status_code == 401


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


async def test_a_dump_of_the_database_gives_no_access(database: Database, tmp_path: Path) -> None:
    """Everything in a dump is tried as a credential, and as the key of a forged session."""
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
    await tokens.revoke(database.pool, row["id"], ORIGIN)
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
    with pytest.raises(ValueError, match="remove it to create a new one"):
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
    # The first is written at once, the others with it or when the server stops.
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
        response = await http.get("/login", params={"token": code, "next": target}, headers=TYPED)
        assert response.headers["location"] == place


@pytest.mark.parametrize("accept", ["text/html", "image/webp,*/*", "*/*"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", None])
async def test_a_foreign_page_cannot_sign_visitors_in_with_its_link(
    database: Database, tmp_path: Path, site: str | None, accept: str
) -> None:
    """A user who is led here would continue as the author of that page, and enter their own data there. A page of this
    server redirects to a `next` that another person may have written; over HTTP a browser sends no site."""
    code = await link_of(database, await admin(database, tmp_path))
    async with behind(database, door_of(database)) as http:
        led = {"accept": accept, **({"sec-fetch-site": site} if site else {})}
        response = await http.get("/login", params={"token": code, "next": "/x&y"}, headers=led)
        assert response.status_code == 200 and "set-cookie" not in response.headers
        assert 'method="post" action="/login"' in response.text
        fields = re.findall(r'name="([a-z]+)" value="([^"]+)"', response.text)
        form = {name: unescape(value) for name, value in fields}
        assert form == {"link": code, "next": "/x&y"}
        foreign = await http.post("/login", data=form, headers={"origin": "https://evil.example"})
        assert (foreign.status_code, "set-cookie" in foreign.headers) == (403, False)
        own = {"origin": str(http.base_url).rstrip("/")}
        answer = await http.post("/login", data=form, headers=own)
        assert (answer.status_code, answer.headers["location"]) == (303, "/x&y")
        assert (await http.post("/login", data=form, headers=own)).status_code == 401
        code = await link_of(database, await admin(database, tmp_path))
        typed = await http.get("/login", params={"token": code}, headers=TYPED)
        assert typed.status_code == 303


HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_an_anonymous_visitor_is_redirected_to_the_form_and_back(
    database: Database, tmp_path: Path
) -> None:
    token = await admin(database, tmp_path)
    async with behind(database, door_of(database)) as http:
        led = await http.get("/executions?state=failed", headers=HTML)
        place = "/login?next=%2Fexecutions%3Fstate%3Dfailed"
        assert (led.status_code, led.headers["location"]) == (303, place)
        assert led.headers["cache-control"] == "no-store"
        # The redirect has no strict cookie; the request of the page has one.
        for site in ("cross-site", "same-site"):
            elsewhere = await http.get("/x?a=1&b=2", headers={**HTML, "sec-fetch-site": site})
            assert (
                elsewhere.status_code == 200 and 'content="0;url=/x?a=1&amp;b=2"' in elsewhere.text
            )
        answer = await http.get("/executions")
        assert answer.status_code == 401 and "Not signed in" in answer.text
        wrong = await http.get("/", headers={**HTML, "authorization": "Bearer x"})
        assert wrong.status_code == 401 and "This token is not valid" in wrong.text
        assert (await http.get("/favicon.ico", headers=HTML)).status_code != 401
        form = await http.get(place, headers=HTML)
        assert "<h1>Sign in to Headway</h1>" in form.text and "administrator" in form.text
        assert "autofocus" in form.text and 'role="alert"' not in form.text
        data = {"token": token, "next": "/x?a=1&b=2"}
        assert (await http.post("/login", data=data, headers=HTML)).status_code == 303
        known = await http.get("/login", params={"next": data["next"]}, headers=HTML)
        assert "signed in as <strong>admin</strong>" in known.text
        assert 'href="/x?a=1&amp;b=2"' in known.text and 'action="/logout"' in known.text
        assert 'name="token"' not in known.text


async def test_too_many_wrong_tokens_show_the_form_again(
    database: Database, tmp_path: Path
) -> None:
    token = await admin(database, tmp_path)
    rates = Rates({Rate.FAILED_LOGINS: Allowed(1, 60)})
    async with behind(database, door_of(database, rates=rates)) as http:
        form = {"token": "wrong", "next": "/x"}
        first = await http.post("/login", data=form, headers=HTML)
        assert first.status_code == 401
        assert 'role="alert" id="wrong">This token is not valid.' in first.text
        link = await http.get("/login?token=wrong&next=/x", headers=HTML | TYPED)
        for slowed in (await http.post("/login", data=form, headers=HTML), link):
            assert slowed.status_code == 429 and 'value="/x"' in slowed.text
            assert f"Try again in {slowed.headers['retry-after']} s" in slowed.text
            assert "<h1>Sign in to Headway</h1>" in slowed.text and "refresh" not in slowed.text
        script = await http.post("/login", json={"token": "wrong"})
        assert script.json()["errors"][0]["extensions"]["limit"] == "failed_logins"
        right = await http.post("/login", data={"token": token}, headers=HTML)
        assert right.status_code == 303


@pytest.mark.parametrize("path", ["/login", "/logout", "/"])
async def test_a_page_of_another_origin_gets_the_reason_of_its_refusal(
    database: Database, tmp_path: Path, path: str
) -> None:
    token = await admin(database, tmp_path)
    async with behind(database, door_of(database)) as http:
        await http.post("/login", data={"token": token})
        foreign = {"origin": "https://evil.example"}
        shown = await http.post(path, data={"token": token}, headers={**HTML, **foreign})
        answer = await http.post(path, json={"token": token}, headers=foreign)
        assert (shown.status_code, answer.status_code) == (403, 403)
        assert "<h1>Requests from this origin are refused</h1>" in shown.text
        (error,) = answer.json()["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN_ORIGIN"}
        for name in ("allowed_origins", "external_url", "trusted_proxies"):
            assert name in shown.text and name in error["message"]


def test_small_pages_have_the_colours_of_the_page() -> None:
    """Their style is a copy, as they can read no file."""
    tokens = Path(__file__).parents[2] / "frontend" / "src" / "app" / "tokens.css"
    named = re.compile(r"--(?:hw-)?([\w-]+): ?(light-dark\([^)]*\))")
    theirs = dict(named.findall(tokens.read_text()))
    ours = dict(named.findall(page("x", "")))
    assert len(ours) > 10
    assert ours == {name: theirs[name] for name in ours}


async def test_a_token_has_so_many_links_the_last_ones(database: Database, tmp_path: Path) -> None:
    token = await admin(database, tmp_path)
    codes = [await link_of(database, token) for _ in range(23)]
    assert await database.pool.fetchval("select count(*) from login_links") == 20
    for code, works in ((codes[2], False), (codes[3], True), (codes[-1], True)):
        used = await sign_ins.use_link(database.pool, digest_of(code), datetime.now(UTC))
        assert (used is not None) is works
