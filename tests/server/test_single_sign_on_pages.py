"""The pages of failed sign-ins through an issuer: each states the reason, and links back."""

import pytest

from runner.store.postgres.database import Database
from tests.server.issuer import issuing
from tests.server.single_sign_on import housed, settings_for


async def test_a_provider_that_is_away_leaves_a_way_back(database: Database) -> None:
    html = {"accept": "text/html"}
    async with issuing() as issuer:
        issuer.is_away = True
        async with housed(database, settings_for(issuer, oidc_name="Acme")) as house:
            form = await house.http.get("/login", headers=html)
            assert form.text.index("Sign in with Acme") < form.text.index('name="token"')
            assert "autofocus" not in form.text
            answer = await house.http.get("/login/oidc?next=/x", headers=html)
            assert answer.status_code == 503 and answer.headers["retry-after"]
            assert "<h1>Acme cannot be reached now</h1>" in answer.text
            assert 'href="/login?next=%2Fx"' in answer.text
            assert 'href="/login/oidc?next=%2Fx"' in answer.text
            assert "refresh" not in answer.text
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("began", [True, False])
async def test_a_provider_that_refuses_is_quoted(database: Database, began: bool) -> None:
    async with issuing() as issuer, housed(database, settings_for(issuer)) as house:
        issuer.answer = {"error": "access_denied", "code": ""}
        back = await house.back("/x")
        if not began:
            house.http.cookies.clear()
        answer = await house.http.get(back, headers={"accept": "text/html"})
        assert answer.status_code == 401
        assert "The identity provider refused: access_denied" in answer.text
        place = "%2Fx" if began else "%2F"
        assert f'href="/login?next={place}"' in answer.text
        assert await house.who() is None
