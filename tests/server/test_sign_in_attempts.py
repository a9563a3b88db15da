"""Attempts to sign in through an issuer: how many at once, and the cookie behind a proxy."""

import asyncio

import pytest

from runner.store.postgres.database import Database
from server.auth.auth import DoorSettings
from server.http.forwarded import Proxies
from tests.server.issuer import issuing
from tests.server.single_sign_on import housed, settings_for
from tests.server.test_single_sign_on import both


async def test_behind_a_proxy_that_speaks_tls_the_cookie_of_an_attempt_is_for_it_alone(
    database: Database,
) -> None:
    proxied = DoorSettings(proxies=Proxies.of(["127.0.0.1"]))
    async with (
        issuing() as issuer,
        housed(database, settings_for(issuer), settings=proxied) as house,
    ):
        answer = await house.http.get("/login/oidc", headers={"x-forwarded-proto": "https"})
        assert "Secure" in answer.headers["set-cookie"]


async def test_strangers_cause_a_bounded_number_of_requests_to_the_issuer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt is a connection to the issuer. A client that has to wait repeats the request with the same code."""
    monkeypatch.setattr("server.auth.single_sign_on.MOST_OF_NETWORK", 2)
    async with both(database) as (house, issuer), asyncio.timeout(20):
        issuer.answers = asyncio.Event()
        ways = []
        for _ in range(3):
            house.http.cookies.clear()
            way = await house.back()
            cookie = "; ".join(f"{name}={value}" for name, value in house.http.cookies.items())
            ways.append((way, {"cookie": cookie}))
        house.http.cookies.clear()
        begun = [asyncio.create_task(house.http.get(way, headers=own)) for way, own in ways[:2]]
        while issuer.requests["token"] < 2:
            await asyncio.wait(begun, timeout=0.01)
        way, own = ways[2]
        refused = await house.http.get(way, headers=own)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert issuer.requests["token"] == 2
        issuer.answers.set()
        assert [(await one).status_code for one in begun] == [200, 200]
        assert (await house.http.get(way, headers=own)).status_code == 200
