"""People named by a proxy: accepted from trusted proxies only, and only when configured."""

import os
from typing import Any

import pytest

from models.access.viewer import Permission
from runner.denials import Denials
from runner.store.postgres.database import Database
from server.auth.identity import identity_parts
from server.settings.settings import Settings
from tests.api.people import enrolled
from tests.server.single_sign_on import housed

NAMED = {"x-forwarded-user": "maria", "x-forwarded-groups": "ops, others"}
TRUSTING: dict[str, Any] = {
    "trusted_user_header": "X-Forwarded-User",
    "trusted_groups_header": "X-Forwarded-Groups",
    "trusted_proxies": "127.0.0.0/8",
    "task_isolation": "off",  # the proxies here run as the user of the server
}


async def test_a_trusted_proxy_names_the_user(database: Database) -> None:
    await database.pool.execute(
        """insert into role_grants (id, group_name, role, created_by)
           values (gen_random_uuid(), 'ops', 'operator', 'x')"""
    )
    async with housed(database, TRUSTING) as house:
        for _ in range(3):
            answer = await house.http.get("/who", headers=NAMED)
            assert answer.json() == {"actor": "user:maria"}
        assert await database.pool.fetchval("select count(*) from sign_ins") == 1
        assert await database.pool.fetchval("select method from sign_ins") == "PROXY"
        scope = {
            "type": "http",
            "client": ("127.0.0.1", 1),
            "headers": [(name.encode(), value.encode()) for name, value in NAMED.items()],
        }
        visitor = await house.door.visitor(scope)
        assert visitor and visitor.viewer.may_everywhere(Permission.RUN_FLOW)
        # A page of another origin comes through the proxy as well.
        foreign = {**NAMED, "origin": "https://evil.example"}
        assert (await house.http.post("/who", headers=foreign)).status_code == 403
        assert (await house.http.post("/who", headers=NAMED)).status_code == 403
        own = {**NAMED, "origin": house.own}
        assert (await house.http.post("/who", headers=own)).status_code == 200


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"trusted_proxies": "127.0.0.0/8"},
        {**TRUSTING, "trusted_proxies": "10.0.0.0/8"},
        {**TRUSTING, "trusted_user_header": "X-Other-User"},
    ],
    ids=str,
)
async def test_headers_of_other_clients_are_ignored(
    database: Database, settings: dict[str, Any]
) -> None:
    token = await enrolled(database.pool, "nina", "viewer")
    async with housed(database, settings) as house:
        before = await house.holds()
        assert (await house.http.get("/who", headers=NAMED)).status_code == 401
        assert await house.holds() == before
        if settings.get("trusted_user_header") == "X-Forwarded-User":
            assert "did not come from a trusted proxy" in (await house.refusals())[0]
        # A visitor with credentials of their own acts as themselves.
        own = {**NAMED, "authorization": f"Bearer {token}"}
        assert (await house.http.get("/who", headers=own)).json() == {"actor": "user:nina"}


async def test_headers_of_possible_tasks_are_ignored(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task has the address of a proxy on its machine."""
    async with housed(database, {**TRUSTING, "task_isolation": "auto"}) as house:
        before = await house.holds()
        assert (await house.http.get("/who", headers=NAMED)).status_code == 401
        forwarded = {**NAMED, "x-forwarded-for": "10.9.9.9"}
        assert (await house.http.get("/who", headers=forwarded)).status_code == 401
        assert await house.holds() == before
        assert "may come from a task" in (await house.refusals())[0]
        of_another_user = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: of_another_user)
        assert (await house.http.get("/who", headers=NAMED)).json() == {"actor": "user:maria"}


async def test_an_ambiguous_or_foreign_name(database: Database) -> None:
    await enrolled(database.pool, "admin", "admin")
    token = await enrolled(database.pool, "nina", "operator")
    async with housed(database, TRUSTING) as house:
        await house.http.post("/login", data={"token": token})
        before = await house.holds()
        for names in (
            ["admin"],
            ["Admin"],
            ["nina"],
            [""],
            ["a b"],
            ["maria", "admin"],
            ["maria", "maria"],
        ):
            headers = [("x-forwarded-user", name) for name in names]
            # The session of the browser does not count either: the proxy names another person.
            assert (await house.http.get("/who", headers=headers)).status_code == 401, names
        assert await house.holds() == before
        assert await house.refusals()
        assert await house.who() == "user:nina"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"trusted_user_header": "X-Forwarded-User"}, "trusted_proxies"),
        ({"trusted_groups_header": "X-Groups"}, "trusted_user_header"),
        ({**TRUSTING, "trusted_user_header": "Cookie"}, "visitors send"),
        ({**TRUSTING, "trusted_proxies": "10.0.0.0/33"}, "trusted-proxies"),
        ({"oidc_issuer": "https://id.example"}, "oidc_client_id"),
        ({"oidc_client_id": "x"}, "oidc_issuer"),
        ({"oidc_issuer": "http://id.example", "oidc_client_id": "x"}, "https"),
        (
            {"oidc_issuer": "https://id.example", "oidc_client_id": "x", "oidc_roles": "a"},
            "group=role",
        ),
        (
            {"oidc_issuer": "https://id.example", "oidc_client_id": "x", "oidc_roles": "a=b"},
            "role b",
        ),
        (
            {"oidc_issuer": "https://id.example", "oidc_client_id": "x", "oidc_roles": "a=admin@!"},
            "namespace",
        ),
    ],
    ids=str,
)
async def test_settings_that_will_not_do(
    database: Database, settings: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        await identity_parts(Settings.read(settings), database.reads, Denials(database.reads))
    assert not await database.pool.fetchval("select count(*) from role_grants")


async def test_roles_of_groups_follow_the_setting(database: Database) -> None:
    async def granted(*roles: str) -> list[tuple[str, str, str]]:
        issuer = {"oidc_issuer": "https://id.example", "oidc_client_id": "x"} if roles else {}
        async with housed(database, {**issuer, "oidc_roles": roles}):
            rows = await database.pool.fetch(
                "select group_name, role, namespace from role_grants order by group_name, role"
            )
        return [tuple(row) for row in rows]

    await database.pool.execute(
        """insert into role_grants (id, group_name, role, created_by)
           values (gen_random_uuid(), 'mine', 'admin', 'user:admin')"""
    )
    mine = ("mine", "admin", "")
    first = ("cn=ops,ou=it", "operator", "acme")
    assert await granted("cn=ops,ou=it=operator@acme.*", "mine=admin") == [first, mine]
    assert await granted("a=viewer") == [("a", "viewer", ""), mine]
    assert await granted() == [mine]
    actions = await database.pool.fetch(
        "select action from audit_log where actor = 'setting:oidc_roles'"
    )
    assert [row["action"] for row in actions].count("REVOKE_ROLE") == 2


def test_roles_of_groups_as_a_text_a_list_or_a_table() -> None:
    for given in (
        "a=admin, b=operator@acme.*, b=viewer",
        ["a=admin", "b=operator@acme.*", "b=viewer"],
        {"a": "admin", "b": ["operator@acme.*", "viewer"]},
    ):
        read = Settings.read({"oidc_roles": given}).oidc_roles
        assert read == ("a=admin", "b=operator@acme.*", "b=viewer")


@pytest.mark.parametrize(
    ("settings", "warns"),
    [
        ({"trusted_proxies": "127.0.0.1", "task_isolation": "off"}, True),
        ({"trusted_proxies": "10.0.0.5,::1", "task_isolation": "off"}, True),
        ({"trusted_proxies": "0.0.0.0/0", "task_isolation": "off"}, True),
        ({"trusted_proxies": "10.0.0.5", "task_isolation": "off"}, False),
        ({"trusted_proxies": "127.0.0.1", "task_isolation": "off", "no_worker": True}, False),
        ({"trusted_proxies": "127.0.0.1", "task_isolation": "auto"}, False),
    ],
    ids=str,
)
async def test_a_proxy_where_tasks_run_is_warned_of(
    database: Database, caplog: pytest.LogCaptureFixture, settings: dict[str, Any], warns: bool
) -> None:
    """A task connects from there as the proxy does, and could name anybody."""
    read = Settings.read({**TRUSTING, **settings})
    await identity_parts(read, database.reads, Denials(database.reads))
    assert ("can sign in as anybody" in caplog.text) is warns
