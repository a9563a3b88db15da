"""Nobody can grant more than they hold by any API, and a refusal changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.access.viewer import Permission, PrincipalKind, Viewer
from runner.store.access import grants
from runner.store.access.holders import Holders
from schema.context import Context
from server.auth.auth import Door
from server.process.runtime import runtime
from tests.api.people import ORIGIN, enrolled
from tests.schema.test_bulk import Asker
from tests.server.doors import session_of
from tests.server.graphql.serving import KEY

EVERYBODY = """select jsonb_build_array(
  (select jsonb_agg(p order by p.id) from principals p), (select jsonb_agg(g order by g.id) from role_grants g),
  (select jsonb_agg(t order by t.id) from tokens t), (select jsonb_agg(m order by m.id) from group_members m))"""
TOKEN = "secret token { permissions namespaces expiresAt }"


class Office(Asker):
    """A server in which people send requests with their tokens and sessions."""

    def __init__(self, parts: Any) -> None:
        super().__init__(parts)
        self.door = Door(Holders(parts.database.pool), KEY)

    async def change(self, viewer: Viewer | None, name: str, what: str, /, **input: Any) -> Any:
        assert viewer
        kind = f"{name[0].upper()}{name[1:]}Input"
        query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {what} problems {{ code path }} }} }}"
        result = await self.schema.execute(query, {"input": input}, Context(self.services, viewer))
        assert result.errors is None and result.data, result.errors
        return result.data[name]

    async def refused(
        self, viewer: Viewer | None, name: str, what: str, /, **input: Any
    ) -> list[dict[str, Any]]:
        """Returns the problems, after checking that nothing was changed."""
        before = await self.pool.fetchval(EVERYBODY)
        answer = await self.change(viewer, name, what, **input)
        assert answer["problems"]
        assert await self.pool.fetchval(EVERYBODY) == before
        found: list[dict[str, Any]] = answer["problems"]
        return found

    async def coming(self, name: str, role: str | None, namespace: str = "") -> Viewer | None:
        return await self.door.by_token(await enrolled(self.pool, name, role, namespace))


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with runtime(database_url) as parts:
        await grants.save_role(
            parts.database.pool, "keeper", frozenset({Permission.MANAGE}), ORIGIN
        )
        await enrolled(parts.database.pool, "boss", "admin")
        yield Office(parts)


async def test_a_manager_creates_no_token_of_an_admin(office: Office) -> None:
    keeper = await office.coming("kim", "keeper")
    given = {"name": "mine", "principal": "user:boss"}
    (problem,) = await office.refused(keeper, "createToken", TOKEN, **given)
    assert problem["code"] == "FORBIDDEN"


async def test_a_limited_token_makes_no_unlimited_one_of_another_admin(office: Office) -> None:
    ada = await office.coming("ada", "admin")
    given = {"name": "limited", "permissions": ["MANAGE"]}
    made = await office.change(ada, "createToken", TOKEN, **given)
    limited = await office.door.by_token(made["secret"])
    (problem,) = await office.refused(
        limited, "createToken", TOKEN, name="mine", principal="user:boss"
    )
    assert problem["code"] == "FORBIDDEN"


async def test_a_manager_joins_no_group_of_admins(office: Office) -> None:
    ada, keeper = await office.coming("ada", "admin"), await office.coming("kim", "keeper")
    assert not (
        await office.change(ada, "grantRole", "grant { role }", to="group:ops", role="admin")
    )["problems"]
    given: dict[str, Any] = {"kind": "PERSON", "name": "kim", "groups": ["ops"]}
    what = "principal { groups }"
    problems = await office.refused(keeper, "savePrincipal", what, **given)
    assert [(one["code"], one["path"]) for one in problems] == [("FORBIDDEN", ["groups"])]
    assert not (await office.change(ada, "savePrincipal", what, **given))["problems"]
    # Current members may stay when another manager saves the group.
    nina = await office.coming("nina", "keeper")
    given["groups"] = ["ops", "plain"]
    assert not (await office.change(nina, "savePrincipal", what, **given))["problems"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"permissions": ["NO_SUCH"]},
        {"namespaces": ["acme.a", "not a namespace"]},
        {"namespaces": ["acme.a", "acme.b"]},
        {"name": "nadia"},
        {"role": "keeper", "namespaces": None},
    ],
)
async def test_a_token_that_is_refused_leaves_no_service_and_no_role(
    office: Office, wrong: dict[str, Any]
) -> None:
    nadia = await office.coming("nadia", "namespace_admin", "acme.a")
    given = {"name": "x", "principal": "service:x", "role": "operator", "namespaces": ["acme.a"]}
    await office.refused(nadia, "createToken", TOKEN, **(given | wrong))
    assert not (await office.change(nadia, "createToken", TOKEN, **given))["problems"]


async def test_requesting_a_token_reveals_no_service_to_those_who_manage_nothing(
    office: Office,
) -> None:
    await enrolled(office.pool, "ci", "operator", kind=PrincipalKind.SERVICE)
    vera = await office.coming("vera", "viewer")
    found = [
        await office.refused(vera, "createToken", TOKEN, name=name, principal=f"service:{other}")
        for name, other in (("x", "ci"), ("x", "nobody"), ("ci", "nobody"))
    ]
    assert found == [[{"code": "FORBIDDEN", "path": ["principal"]}]] * 3


async def test_an_empty_list_of_permissions_is_none_of_them(office: Office) -> None:
    ada = await office.coming("ada", "admin")
    made = await office.change(ada, "createToken", TOKEN, name="one", permissions=["RUN_FLOW"])
    limited = await office.door.by_token(made["secret"])
    made = await office.change(limited, "createToken", TOKEN, name="two", permissions=[])
    assert made["token"]["permissions"] == []


async def test_a_session_of_a_token_that_ends_makes_none_that_lasts(office: Office) -> None:
    ada = await office.coming("ada", "admin")
    ends = datetime.now(UTC) + timedelta(hours=1)
    short = await office.change(ada, "createToken", TOKEN, name="s", expiresAt=ends.isoformat())
    lasting = await enrolled(office.pool, "nina", "viewer")
    for secret, end in ((short["secret"], short["token"]["expiresAt"]), (lasting, None)):
        cookie = await session_of(office.parts.database, office.door, secret)
        session = await office.door.by_session(cookie)
        made = await office.change(session, "createToken", TOKEN, name=f"from-{end is None}")
        assert made["token"]["expiresAt"] == end


async def test_the_last_administrator_is_not_disabled(office: Office) -> None:
    ada = await office.coming("ada", "admin")
    given: dict[str, Any] = {"kind": "PERSON", "disabled": True}
    what = "principal { disabledAt }"
    assert not (await office.change(ada, "savePrincipal", what, name="boss", **given))["problems"]
    (problem,) = await office.refused(ada, "savePrincipal", what, name="ada", **given)
    assert (problem["code"], problem["path"]) == ("CONFLICT", ["disabled"])
    # A grant of a disabled person does not count when the last one is protected.
    (problem,) = await office.refused(
        ada, "revokeRole", "grant { role }", to="user:ada", role="admin"
    )
    assert problem["code"] == "CONFLICT"


async def test_a_manager_of_one_namespace_reads_no_other_people_by_saving_them(
    office: Office,
) -> None:
    nadia = await office.coming("nadia", "namespace_admin", "acme.a")
    given = {"kind": "PERSON", "name": "boss"}
    (problem,) = await office.refused(nadia, "savePrincipal", "principal { email }", **given)
    assert problem["code"] == "FORBIDDEN"
    given["name"] = "newcomer"
    assert not (await office.change(nadia, "savePrincipal", "principal { id }", **given))[
        "problems"
    ]


async def test_the_audit_log_has_the_owner_of_a_service(office: Office) -> None:
    ada = await office.coming("ada", "admin")
    given = {"kind": "SERVICE", "name": "ci", "owner": "user:boss"}
    await office.change(ada, "savePrincipal", "principal { id }", **given)
    owner = await office.pool.fetchval(
        "select data ->> 'owner' from audit_log where action = 'SAVE_PRINCIPAL'"
    )
    assert owner == "user:boss"


async def test_an_owner_without_manage_creates_tokens_within_their_own_namespaces(
    office: Office,
) -> None:
    ada, olga = await office.coming("ada", "admin"), await office.coming("olga", "operator", "acme")
    given: dict[str, Any] = {"kind": "SERVICE", "name": "ci", "owner": "user:olga"}
    await office.change(ada, "savePrincipal", "principal { name }", **given)
    where = {"to": "service:ci", "role": "operator", "namespace": "acme.jobs"}
    await office.change(ada, "grantRole", "grant { role }", **where)
    made = await office.change(olga, "createToken", TOKEN, name="t", principal="service:ci")
    assert made["token"]["namespaces"] == ["acme.*"]
    ci = await office.door.by_token(made["secret"])
    assert ci and ci.may(Permission.RUN_FLOW, "acme.jobs")
    await office.change(ada, "grantRole", "grant { role }", **where | {"namespace": "other"})
    ci = await office.door.by_token(made["secret"])
    assert ci and not ci.may(Permission.RUN_FLOW, "other")


async def test_a_service_that_is_refused_leaves_no_owner_behind(office: Office) -> None:
    ada = await office.coming("ada", "admin")
    given: dict[str, Any] = {"kind": "SERVICE", "name": "ada", "owner": "user:nobody-yet"}
    (problem,) = await office.refused(ada, "savePrincipal", "principal { name }", **given)
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["name"])


async def test_two_concurrent_requests_for_one_name_create_one_token(office: Office) -> None:
    ada = await office.coming("ada", "admin")
    requests = (
        office.change(
            ada, "createToken", TOKEN, name="ci", principal=f"service:{one}", role="viewer"
        )
        for one in ("a", "b")
    )
    answers = await asyncio.gather(*requests)
    assert sorted(bool(one["problems"]) for one in answers) == [False, True]
    services = await office.pool.fetch("select name from principals where kind = 'SERVICE'")
    grants = await office.pool.fetchval("select count(*) from role_grants where role = 'viewer'")
    assert (len(services), grants) == (1, 1)


async def test_a_person_who_is_enabled_again_signs_in_again(office: Office) -> None:
    boss, secret = (
        await office.coming("bert", "admin"),
        await enrolled(office.pool, "nina", "viewer"),
    )
    cookie = await session_of(office.parts.database, office.door, secret)
    assert await office.door.by_session(cookie)
    for disabled in (True, False):
        given = {"kind": "PERSON", "name": "nina", "disabled": disabled}
        await office.change(boss, "savePrincipal", "principal { name }", **given)
        await office.door.look_again()
        assert await office.door.by_session(cookie) is None
    assert await office.door.by_token(secret)


async def test_many_tokens_at_once_wait_for_no_connection_while_they_hold_one(
    office: Office,
) -> None:
    vera = await office.coming("vera", "viewer")
    at_once = 3 * office.parts.database.sizes.reads
    requests = (office.change(vera, "createToken", TOKEN, name=f"t{n}") for n in range(at_once))
    answers = await asyncio.gather(*requests)
    assert not [one["problems"] for one in answers if one["problems"]]


async def test_a_token_of_a_service_lasts_no_longer_than_the_one_that_made_it(
    office: Office,
) -> None:
    ada = await office.coming("ada", "admin")
    ends = datetime.now(UTC) + timedelta(hours=1)
    short = await office.change(ada, "createToken", TOKEN, name="s", expiresAt=ends.isoformat())
    limited = await office.door.by_token(short["secret"])
    given = {"name": "x", "principal": "service:x", "role": "viewer"}
    made = await office.change(limited, "createToken", TOKEN, **given)
    assert made["token"]["expiresAt"] == short["token"]["expiresAt"]
