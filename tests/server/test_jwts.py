"""JWTs of programs: their permissions, their lifetime, and every one that is refused."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.access.viewer import PrincipalKind
from runner.store.access import principals
from runner.store.access.holders import Holders
from runner.store.postgres.database import Database
from server.auth.revocations import Revocations
from server.http.rates import Allowed, Rate, Rates
from tests.api.people import enrolled
from tests.server.issuer import issuing, new_key
from tests.server.single_sign_on import FORGERIES, WITHIN, housed, settings_for

PROGRAM = {"sub": "ci", "azp": "ci", "preferred_username": None}


async def test_a_jwt_has_the_permissions_of_its_groups(database: Database) -> None:
    roles = ("ops=operator@acme.*", "all=viewer")
    async with (
        issuing() as issuer,
        housed(database, settings_for(issuer, oidc_roles=roles)) as house,
    ):
        one, two = issuer.bearer(groups=["ops"]), issuer.bearer(groups=["all"])
        for token, scope in ((one, ("acme",)), (two, None), (one, ("acme",))):
            viewer = await house.door.by_token(token)
            assert viewer and viewer.actor == "user:maria" and viewer.scope.namespaces == scope
            again = await house.door.again(viewer)
            assert again and again.sharing_key == viewer.sharing_key
            assert again.expires_at == viewer.expires_at
        assert await database.pool.fetchval("select count(*) from principals") == 1
        assert await database.pool.fetchval("select count(*) from sign_ins") == 2
        for _ in range(3):
            assert await house.who(issuer.bearer(groups=["ops"], jti=str(_))) == "user:maria"
        assert await database.pool.fetchval("select count(*) from sign_ins") == 2
        assert issuer.requests["jwks"] == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "ci", "azp": "ci"},
        {"sub": "ci", "client_id": "ci"},
        {"sub": "ci@clients", "azp": "ci", "gty": "client-credentials"},
        {"sub": "a-b-c", "azp": "ci", "idtyp": "app"},
        {"sub": "a-b-c", "azp": "ci", "preferred_username": "service-account-ci"},
    ],
    ids=str,
)
async def test_a_program_by_its_own_credentials_is_a_service(
    database: Database, claims: dict[str, str]
) -> None:
    async with issuing() as issuer, housed(database, settings_for(issuer)) as house:
        assert await house.who(issuer.bearer(**claims)) == "service:ci"


async def test_groups_that_are_within_other_claims(database: Database) -> None:
    settings = {
        "oidc_groups_claim": "realm_access.roles",
        "oidc_audience": "https://headway.example",
    }
    async with issuing() as issuer, housed(database, settings_for(issuer, **settings)) as house:
        aud = ["account", "https://headway.example"]
        token = issuer.bearer(realm_access={"roles": ["ops", 1, "x\n"]}, aud=aud)
        viewer = await house.door.by_token(token)
        assert viewer and viewer.groups == {"ops"}
        assert await house.who(issuer.bearer()) is None  # issued for the client, not for the API


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_an_invalid_jwt_is_refused(database: Database, forgery: str) -> None:
    async with issuing() as issuer, housed(database, settings_for(issuer)) as house:
        token = FORGERIES[forgery](issuer, issuer.full())
        before = await house.holds()
        if token.isascii():
            assert await house.who(token) is None
        else:
            assert await house.door.by_token(token, address="127.0.0.1") is None
        assert await house.holds() == before
        (what,) = await house.refusals()
        assert what.startswith("a JWT: ") and token not in what
        assert await house.who(issuer.bearer()) == "user:maria"


async def test_the_clocks_may_differ_by_a_minute(database: Database) -> None:
    now = int(datetime.now(UTC).timestamp())
    async with issuing() as issuer, housed(database, settings_for(issuer)) as house:
        for claims in ({"exp": now - 40}, {"nbf": now + 40}, {"iat": now + 40}):
            assert await house.who(issuer.bearer(**claims)) == "user:maria"
        viewer = await house.door.by_token(issuer.bearer(exp=now + 100))
        assert viewer and viewer.expires_at == datetime.fromtimestamp(now + 160, UTC)


async def test_keys_are_changed_without_a_restart(database: Database) -> None:
    """A new key is accepted at once; a withdrawn one no longer once the keys were read again."""
    async with issuing() as issuer, housed(database, settings_for(issuer)) as house:
        old = issuer.bearer()
        assert await house.who(old) == "user:maria"
        house_keys = house.bearers._provider._keys
        issuer.keys = [new_key("second")]
        new = issuer.bearer()
        assert await house.who(new) is None  # requested a moment ago
        house_keys._next = 0.0
        assert await house.who(new) == "user:maria"
        assert await house.who(old) is None
        assert issuer.requests["jwks"] == 2
        for number in range(20):
            issuer.keys[-1] = new_key("third") if not number else issuer.keys[-1]
            assert await house.who(issuer.bearer(jti=str(number))) is None
        assert issuer.requests["jwks"] == 2


async def test_the_issuer_may_be_away(database: Database) -> None:
    async with issuing() as issuer, housed(database, settings_for(issuer)) as house:
        issuer.is_away = True
        headers = {"authorization": f"Bearer {issuer.bearer()}"}
        answer = await house.http.get("/who", headers=headers)
        assert answer.status_code == 503
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        token = await enrolled(database.pool, "nina", "viewer")
        assert await house.who(token) == "user:nina"
        issuer.is_away = False
        for kept in (house.bearers._provider._keys, house.bearers._provider._metadata):
            kept._next = 0.0
        assert await house.who(issuer.bearer()) == "user:maria"
        issuer.is_away = True
        for kept in (house.bearers._provider._keys, house.bearers._provider._metadata):
            kept._since = kept._next = -10_000.0
        assert await house.who(issuer.bearer(jti="another")) == "user:maria"


async def test_connections_end_with_the_jwt_and_with_any_change(database: Database) -> None:
    roles = ("ops=operator",)
    now = [datetime.now(UTC)]
    async with (
        issuing() as issuer,
        housed(database, settings_for(issuer, oidc_roles=roles), clock=lambda: now[0]) as house,
    ):
        viewer = await house.door.by_token(issuer.bearer(groups=["ops"]))
        assert viewer and viewer.grants
        ended = asyncio.Event()
        house.door.presence.enter(viewer, lambda reason: ended.set())
        async with Revocations(house.door, Holders(database.reads)):
            await database.pool.execute("delete from role_grants")
            await asyncio.wait_for(ended.wait(), WITHIN)
            ended.clear()
            await database.pool.execute("update principals set disabled_at = now()")
            await asyncio.wait_for(ended.wait(), WITHIN)
        await database.pool.execute("update principals set disabled_at = null")
        await house.door.look_again()
        assert await house.door.again(viewer) is not None
        now[0] += timedelta(minutes=7)
        assert await house.door.again(viewer) is None


async def test_only_tokens_with_foreign_signatures_count_as_guesses(database: Database) -> None:
    rates = Rates({Rate.FAILED_LOGINS: Allowed(3, 60)})
    async with issuing() as issuer, housed(database, settings_for(issuer), rates=rates) as house:
        expired, forged = issuer.bearer(exp=1), issuer.bearer()[:-8] + "AAAAAAAA"

        async def statuses(token: str) -> list[int]:
            headers = {"authorization": f"Bearer {token}"}
            answers = [await house.http.get("/who", headers=headers) for _ in range(5)]
            return [answer.status_code for answer in answers]

        assert await statuses(expired) == [401] * 5
        assert await statuses(forged) == [401, 401, 401, 429, 429]
        assert await statuses(issuer.bearer()) == [200] * 5


async def test_without_an_issuer_a_jwt_is_a_wrong_token(database: Database) -> None:
    async with issuing() as issuer, housed(database, {}) as house:
        assert await house.who(issuer.bearer()) is None
        assert (await house.http.get("/login/oidc")).status_code != 302
        assert "Sign in with" not in (await house.http.get("/login")).text


async def test_a_program_cannot_take_another_name(database: Database) -> None:
    await enrolled(database.pool, "ci", "operator", kind=PrincipalKind.SERVICE)
    async with issuing() as issuer, housed(database, settings_for(issuer)) as house:
        before = await house.holds()
        assert await house.who(issuer.bearer(**PROGRAM)) is None
        assert await house.holds() == before
        assert "belongs to another account here" in (await house.refusals())[0]


async def test_bulk_actions_run_with_the_groups_of_the_session(database: Database) -> None:
    roles = ("ops=operator",)
    async with (
        issuing() as issuer,
        housed(database, settings_for(issuer, oidc_roles=roles)) as house,
    ):
        viewer = await house.door.by_token(issuer.bearer(groups=["ops"]))
        assert viewer
        holder = await Holders(database.reads).by_actor("user:maria")
        assert holder and holder.viewer.grants == viewer.grants
        await database.pool.execute("update sign_ins set ended_at = now()")
        holder = await Holders(database.reads).by_actor("user:maria")
        assert holder and not holder.viewer.grants


async def test_leaving_a_local_group_takes_effect_at_once(database: Database) -> None:
    """Groups of the issuer are stored with the session, local ones are read each time."""
    async with issuing() as issuer, housed(database, settings_for(issuer)) as house:
        viewer = await house.door.by_token(issuer.bearer(groups=["theirs"]))
        assert viewer and viewer.credential
        async with database.pool.acquire() as connection:
            await principals.set_groups(connection, viewer.credential.principal_id, ["ours"])
            await house.door.look_again()
            now = await house.door.again(viewer)
            assert now and now.groups == {"ours", "theirs"}
            await principals.set_groups(connection, viewer.credential.principal_id, [])
        await house.door.look_again()
        now = await house.door.again(now)
        assert now and now.groups == {"theirs"}
