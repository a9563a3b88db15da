"""Signing people in through a real issuer, and every attack on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from models.access.viewer import Permission, PrincipalKind
from runner.store.access import principals
from runner.store.postgres.database import Database
from tests.api.people import ORIGIN, enrolled
from tests.server.issuer import Issuer, issuing
from tests.server.single_sign_on import FORGERIES, Forging, House, housed, settings_for


@asynccontextmanager
async def both(database: Database, **more: Any) -> AsyncIterator[tuple[House, Issuer]]:
    async with issuing() as issuer, housed(database, settings_for(issuer, **more)) as house:
        yield house, issuer


async def test_a_person_signs_in_through_the_issuer(database: Database) -> None:
    async with both(database, oidc_name="Acme", oidc_roles=("ops=operator@acme.*",)) as (
        house,
        issuer,
    ):
        issuer.claims = {"groups": ["ops", "others"], "email": "m@acme.example"}
        form = await house.http.get("/login", params={"next": "/x?a=1&b=2"})
        assert (
            "Sign in with Acme" in form.text
            and "/login/oidc?next=%2Fx%3Fa%3D1%26b%3D2" in form.text
        )
        parameters = parse_qs(urlsplit(await house.begin()).query)
        assert parameters["scope"] == ["openid email profile"]
        assert parameters["redirect_uri"] == [f"{house.own}/login/oidc/callback"]
        answer = await house.sign_in("/executions?tab=logs")
        assert answer.status_code == 200
        assert 'http-equiv="refresh" content="0;url=/executions?tab=logs"' in answer.text
        cookies = answer.headers.get_list("set-cookie")
        session = next(one for one in cookies if one.startswith("headway_session"))
        assert "HttpOnly" in session and "SameSite=strict" in session
        assert await house.who() == "user:maria"
        row = await principals.find(database.pool, PrincipalKind.PERSON, "maria")
        assert row and row["subject"] == f"{issuer.url}|u-1" and row["email"] == "m@acme.example"
        viewer = await house.door.by_session(house.http.cookies[session.partition("=")[0]])
        assert viewer and viewer.groups == {"ops", "others"}
        assert viewer.may(Permission.RUN_FLOW, "acme.sales")
        assert not viewer.may_somewhere(Permission.UPDATE_FLOW)
        assert not viewer.may(Permission.RUN_FLOW, "other")
        assert not await database.pool.fetchval("select count(*) from group_members")
        signed = await database.pool.fetchrow(
            "select actor, data from audit_log where action = 'SIGN_IN'"
        )
        assert signed and signed["actor"] == "user:maria" and '"OIDC"' in signed["data"]
        # The groups of the next sign-in are those of that time.
        issuer.claims = {"groups": []}
        house.http.cookies.clear()
        await house.sign_in()
        viewer = await house.door.by_session(house.http.cookies[session.partition("=")[0]])
        assert viewer and not viewer.groups and not viewer.grants


async def test_the_cookie_of_an_attempt_is_short_lived_and_of_the_sign_in_alone(
    database: Database,
) -> None:
    async with both(database) as (house, _):
        answer = await house.http.get("/login/oidc")
        cookie = answer.headers["set-cookie"]
        for word in ("HttpOnly", "SameSite=lax", "Path=/login", "Max-Age=600"):
            assert word in cookie
        assert "Secure" not in cookie
        assert answer.headers["cache-control"] == "no-store"
        assert (await house.http.head("/login/oidc/callback")).status_code == 204


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_an_invalid_id_token_is_refused(database: Database, forgery: str) -> None:
    async with both(database) as (house, issuer):
        forge: Forging = FORGERIES[forgery]
        issuer.forge = forge
        before = await house.holds()
        answer = await house.sign_in()
        assert answer.status_code == 401, answer.text
        assert not any("session" in one for one in answer.headers.get_list("set-cookie"))
        assert await house.who() is None
        assert await house.holds() == before
        (what,) = await house.refusals()
        assert what.startswith("single sign-on: ")
        issuer.forge = None
        assert (await house.sign_in()).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"nonce": ["x"]},
        {"azp": "another"},
        {"aud": ["headway", "another"]},
        {"aud": ["headway", "another"], "azp": "another"},
        {"at_hash": "of another token"},
        {"preferred_username": None, "email": "m@acme.example"},
        {"preferred_username": None, "email": "m@acme.example", "email_verified": "true"},
    ],
    ids=str,
)
async def test_an_id_token_of_another_sign_in_or_client(
    database: Database, claims: dict[str, Any]
) -> None:
    async with both(database) as (house, issuer):
        issuer.forge = lambda _, right: issuer.sign({**right, **claims})
        before = await house.holds()
        assert (await house.sign_in()).status_code == 401
        assert await house.holds() == before
        assert await house.refusals()


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"aud": ["headway", "another"], "azp": "headway"}, "user:maria"),
        ({"at_hash": "KKgjWjx5X5FdWCBtZ9MhJQ"}, None),
        (
            {"preferred_username": "x y", "email": "m@acme.example", "email_verified": True},
            "user:m@acme.example",
        ),
    ],
    ids=str,
)
async def test_claims_that_are_right(
    database: Database, claims: dict[str, Any], name: str | None
) -> None:
    async with both(database) as (house, issuer):
        issuer.forge = lambda _, right: issuer.sign({**right, **claims})
        await house.sign_in()
        assert await house.who() == name


async def test_the_way_back_is_of_the_browser_that_began_and_works_once(database: Database) -> None:
    async with both(database) as (house, issuer):
        jar = house.http.cookies
        back = await house.back()
        attempt = dict(jar)
        (name,) = attempt
        body, _, signature = attempt[name].partition(".")
        before = await house.holds()
        for wrong in ("", "x", f"{body}.{'0' * 64}", f"{body}x.{signature}", f".{signature}"):
            jar.clear()
            answer = await house.http.get(back, headers={"cookie": f"{name}={wrong}"})
            assert answer.status_code == 401, (wrong, answer.text)
        headers = {"cookie": f"{name}={attempt[name]}"}
        code = parse_qs(urlsplit(back).query)["code"][0]
        for query in (
            {"code": code, "state": "another", "iss": issuer.url},
            {"code": code, "iss": issuer.url},
            {"code": code, "state": parse_qs(urlsplit(back).query)["state"][0]},
            {"code": code, "state": parse_qs(urlsplit(back).query)["state"][0], "iss": "http://x"},
        ):
            answer = await house.http.get(
                f"/login/oidc/callback?{urlencode(query)}", headers=headers
            )
            assert answer.status_code == 401, query
        assert issuer.requests["token"] == 0
        assert await house.holds() == before
        assert (await house.http.get(back, headers=headers)).status_code == 200
        jar.clear()
        after = await house.holds()
        again = await house.http.get(back, headers=headers)
        assert again.status_code == 401 and "works once" in again.text
        assert issuer.requests["token"] == 1
        assert await house.holds() == after
        assert await house.who() is None


async def test_a_code_is_good_for_one_attempt(database: Database) -> None:
    """An attacker who has seen a code lacks its verifier; and the issuer accepts a code once."""
    async with both(database) as (house, issuer):
        theirs = parse_qs(urlsplit(await house.back()).query)["code"][0]
        house.http.cookies.clear()
        mine = parse_qs(urlsplit(await house.back()).query)
        query = {"code": theirs, "state": mine["state"][0], "iss": issuer.url}
        before = await house.holds()
        answer = await house.http.get("/login/oidc/callback", params=query)
        assert answer.status_code == 401 and "invalid_grant" in answer.text
        assert await house.holds() == before
        assert await house.refusals("invalid_grant")


async def test_an_attempt_ends_after_ten_minutes(database: Database) -> None:
    from datetime import UTC, datetime, timedelta

    now = [datetime.now(UTC)]
    async with (
        issuing() as issuer,
        housed(database, settings_for(issuer), clock=lambda: now[0]) as house,
    ):
        back = await house.back()
        now[0] += timedelta(minutes=10, seconds=1)
        assert (await house.http.get(back)).status_code == 401
        assert not await database.pool.fetchval("select count(*) from sign_ins")


async def test_the_issuer_says_no(database: Database) -> None:
    async with both(database) as (house, issuer):
        issuer.answer = {"error": "<b>access_denied", "code": ""}
        answer = await house.sign_in()
        assert answer.status_code == 401 and "<b>" not in answer.text.partition("<h1>")[2].lower()
        issuer.answer = {"error": "access_denied", "code": ""}
        assert "access_denied" in (await house.sign_in()).text
        assert await house.refusals("access_denied")


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/" + "x" * 3000,
    ],
)
async def test_sign_in_redirects_to_this_server_only(database: Database, target: str) -> None:
    async with both(database) as (house, _):
        answer = await house.sign_in(target)
        assert 'content="0;url=/"' in answer.text and "evil" not in answer.text


async def test_a_path_is_never_markup(database: Database) -> None:
    async with both(database) as (house, _):
        assert "<script" not in (await house.sign_in('/"><script>alert(1)</script>')).text


async def test_a_foreign_host_header_begins_no_sign_in(database: Database) -> None:
    """The redirect would lead there."""
    async with both(database) as (house, _):
        answer = await house.http.get("/login/oidc", headers={"host": "evil.example"})
        assert answer.status_code == 403


async def test_the_external_address_is_the_one_to_come_back_to(database: Database) -> None:
    async with both(database, external_url="https://headway.example/") as (house, _):
        parameters = parse_qs(urlsplit(await house.begin()).query)
        assert parameters["redirect_uri"] == ["https://headway.example/login/oidc/callback"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "http://127.0.0.1:9"},
        {"issuer": None},
        {"authorization_endpoint": "http://id.example/authorize"},
        {"token_endpoint": "http://10.0.0.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
    ids=str,
)
async def test_metadata_that_is_not_right_is_not_used(
    database: Database, metadata: dict[str, Any]
) -> None:
    async with both(database) as (house, issuer):
        issuer.metadata = metadata
        answer = await house.http.get("/login/oidc")
        assert answer.status_code == 503 and answer.headers["retry-after"]
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert "set-cookie" not in answer.headers


async def test_a_name_does_not_give_access_to_another_account(database: Database) -> None:
    await enrolled(database.pool, "admin", "admin")
    await enrolled(database.pool, "ci", "operator", kind=PrincipalKind.SERVICE)
    await enrolled(database.pool, "nina", "operator")
    async with both(database) as (house, issuer):
        await house.sign_in()  # as maria, u-1
        house.http.cookies.clear()
        before = await house.holds()
        for name in ("admin", "ADMIN", "ci", "nina", "Nina", "maria", "MARIA"):
            issuer.claims = {"sub": "u-2", "preferred_username": name}
            answer = await house.sign_in()
            assert answer.status_code == 401 and "belongs to another account here" in answer.text
            assert await house.who() is None
        assert await house.holds() == before
        assert await house.refusals("the name admin belongs to another account here")
        # Conversely, a person who signed in before is recognised by the subject, whatever the name is now.
        issuer.claims = {"sub": "u-1", "preferred_username": "admin"}
        assert (await house.sign_in()).status_code == 200
        assert await house.who() == "user:maria"


async def test_admin_is_nobodys_even_without_a_trace_of_one(database: Database) -> None:
    async with both(database) as (house, issuer):
        issuer.claims = {"preferred_username": "Admin"}
        assert (await house.sign_in()).status_code == 401
        assert not await database.pool.fetchval("select count(*) from principals")


async def test_a_person_with_a_role_before_the_first_login_is_claimed_once(
    database: Database,
) -> None:
    async with database.pool.acquire() as connection:
        made = await principals.ensure(connection, PrincipalKind.PERSON, "maria", ORIGIN.actor)
    async with both(database) as (house, issuer):
        issuer.claims = {"sub": "u-3", "preferred_username": "Maria"}
        assert (await house.sign_in()).status_code == 401
        issuer.claims = {}
        assert (await house.sign_in()).status_code == 200
        row = await principals.find(database.pool, PrincipalKind.PERSON, "maria")
        assert row and row["id"] == made["id"] and row["subject"] == f"{issuer.url}|u-1"
        issuer.claims = {"sub": "u-2"}
        assert (await house.sign_in()).status_code == 401
        claimed = await database.pool.fetchval(
            "select data from audit_log where action = 'SAVE_PRINCIPAL'"
        )
        assert '"claimed": true' in claimed or '"claimed":true' in claimed


async def test_two_concurrent_first_sign_ins(database: Database) -> None:
    """The same person twice is one; of two people with one name one is refused."""
    async with both(database) as (house, issuer):

        async def come(sub: str) -> int:
            other = House(database, house.door, httpx.AsyncClient(base_url=house.own), house.parts)
            async with other.http:
                back = await other.back()
                issuer.claims = {"sub": sub}
                return (await other.http.get(back)).status_code

        assert await asyncio.gather(*(come("u-1") for _ in range(6))) == [200] * 6
        assert await database.pool.fetchval("select count(*) from principals") == 1


async def test_a_disabled_person_cannot_sign_in(database: Database) -> None:
    async with both(database) as (house, issuer):
        await house.sign_in()
        await database.pool.execute("update principals set disabled_at = now()")
        await house.door.look_again()
        assert await house.who() is None
        answer = await house.sign_in()
        assert answer.status_code == 401 and "disabled" in answer.text
        assert await house.who(issuer.bearer()) is None


async def test_signing_out_leads_on_to_the_issuer(database: Database) -> None:
    async with both(database) as (house, issuer):
        headers = {"origin": house.own, "accept": "text/html"}
        issuer.metadata = {"end_session_endpoint": f"{issuer.url}/end"}
        await house.sign_in()
        answer = await house.http.post("/logout", headers=headers)
        assert answer.status_code == 200 and f"{issuer.url}/end?client_id=headway" in answer.text
        assert await house.who() is None
        assert (
            await database.pool.fetchval("select count(*) from sign_ins where ended_at is null")
            == 0
        )
        # A person who came with a token is independent of the issuer.
        token = await enrolled(database.pool, "nina", "viewer")
        await house.http.post("/login", data={"token": token})
        answer = await house.http.post("/logout", headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
