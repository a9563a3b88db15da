"""Nobody can grant more than they hold, to themselves or to others: attempts are refused and change nothing."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Final

import pytest

from models.access.credentials import digest_of
from models.access.viewer import Permission, PrincipalKind, SignInMethod, Viewer
from runner.store.access import sign_ins, tokens
from runner.store.access.holders import Holders
from server.auth.auth import SESSION_TIME
from tests.access.house import House
from tests.api.people import enrolled
from tests.server.doors import WITHIN

NAMESPACE: Final = "acme.b"
TOKEN: Final = "token { id permissions namespaces expiresAt } secret"
HOUR: Final = timedelta(hours=1)


@pytest.fixture
async def team(house: House) -> House:
    """Two managers of `acme.b`, an operator there, a manager of people only, services, and a group of
    administrators."""
    for name in ("ann", "ben"):
        await house.enrol(name, "namespace_admin", NAMESPACE)
    await house.enrol("oda", "operator", NAMESPACE)
    root = await house.viewer("root")
    for wanted in (
        ("saveRole", {"name": "managers", "permissions": ["MANAGE"]}),
        ("grantRole", {"to": "group:platform", "role": "admin"}),
    ):
        assert (await house.changed(root, *wanted))["problems"] == []
    await house.enrol("max", "managers")
    for name, role, namespace in (
        ("wide", "operator", ""),
        ("sibling", "operator", "acme.a"),
        ("near", "operator", NAMESPACE),
    ):
        await enrolled(house.pool, name, role, namespace, PrincipalKind.SERVICE)
    await house.pool.execute(
        "update principals set owner_id = (select id from principals where name = 'oda') where name = 'wide'"
    )
    await house.limit("narrow", "root", permissions=frozenset({Permission.MANAGE}))
    return house


def soon(**more: Any) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


ATTEMPTS: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "grants admin": ("ann", "grantRole", {"to": "user:ann", "role": "admin", "namespace": NAMESPACE}),
    "grants admin everywhere": ("ann", "grantRole", {"to": "user:ann", "role": "admin"}),
    "grants on every namespace": ("ann", "grantRole", {"to": "user:ann", "role": "viewer"}),
    "grants on *": ("ann", "grantRole", {"to": "user:ann", "role": "viewer", "namespace": "*"}),
    "grants on the namespace above": (
        "ann", "grantRole", {"to": "user:ann", "role": "viewer", "namespace": "acme"}),
    "grants in a sibling": ("ann", "grantRole", {"to": "user:ann", "role": "viewer", "namespace": "acme.a"}),
    "grants what they lack": ("max", "grantRole", {"to": "user:max", "role": "viewer", "namespace": NAMESPACE}),
    "revokes an administrator": ("ann", "revokeRole", {"to": "user:root", "role": "admin"}),
    "revokes in a sibling": ("ann", "revokeRole", {"to": "service:sibling", "role": "operator", "namespace": "acme.a"}),
    "makes a token of a person": ("ann", "createToken", {"name": "x", "principal": "user:oda"}),
    "makes a token of an administrator": ("ann", "createToken", {"name": "x", "principal": "user:root"}),
    "makes a token of a new person": ("ann", "createToken", {"name": "x", "principal": "user:new"}),
    "grants a person a role with a token": (
        "ann", "createToken",
        {"name": "x", "principal": "user:oda", "role": "editor", "namespaces": [NAMESPACE]}),
    "makes a service for two namespaces": (
        "ann", "createToken",
        {"name": "x", "principal": "service:new", "role": "viewer", "namespaces": [NAMESPACE, "acme.a"]}),
    "makes a token that has ended": (
        "ann", "createToken",
        {"name": "x", "principal": "service:new", "role": "viewer", "namespaces": [NAMESPACE],
         "expiresAt": soon(hours=-1)}),
    "makes a token of a wider service": ("ann", "createToken", {"name": "x", "principal": "service:wide"}),
    "makes a token of a sibling service": ("ann", "createToken", {"name": "x", "principal": "service:sibling"}),
    "replaces an administrator's token": ("ann", "createToken", {"name": "root", "replace": True}),
    "replaces it by a service's": (
        "ann", "createToken",
        {"name": "root", "replace": True, "principal": "service:new", "role": "viewer", "namespaces": [NAMESPACE]}),
    "revokes an administrator's token": ("ann", "revokeToken", {"name": "root"}),
    "saves a role": ("ann", "saveRole", {"name": "mine", "permissions": ["VIEW_EXECUTION"]}),
    "changes a role": ("ann", "saveRole", {"name": "managers", "permissions": ["APPROVE"]}),
    "deletes a role": ("ann", "deleteRole", {"name": "managers"}),
    "disables a person": ("ann", "savePrincipal", {"kind": "PERSON", "name": "root", "disabled": True}),
    "disables a person of the team": ("ann", "savePrincipal", {"kind": "PERSON", "name": "oda", "disabled": True}),
    "joins a group": ("ann", "savePrincipal", {"kind": "PERSON", "name": "ann", "groups": ["platform"]}),
    "becomes owner of a service": ("ann", "savePrincipal", {"kind": "SERVICE", "name": "wide", "owner": "user:ann"}),
    "looks at a person elsewhere": ("ann", "savePrincipal", {"kind": "PERSON", "name": "root"}),
    "looks at a sibling service": ("ann", "savePrincipal", {"kind": "SERVICE", "name": "sibling"}),
    "an operator makes a token of another": ("oda", "createToken", {"name": "x", "principal": "user:ann"}),
    "an operator makes a token of a service": ("oda", "createToken", {"name": "x", "principal": "service:near"}),
    "an operator makes a service": ("oda", "createToken", {"name": "x", "principal": "service:new"}),
    "an operator gets a role with a token": (
        "oda", "createToken", {"name": "x", "role": "namespace_admin", "namespaces": [NAMESPACE]}),
    "an owner makes a token of a wider service": ("oda", "createToken", {"name": "x", "principal": "service:wide"}),
    "an operator saves a person": ("oda", "savePrincipal", {"kind": "PERSON", "name": "new"}),
    "a manager makes a token of an administrator": ("max", "createToken", {"name": "x", "principal": "user:root"}),
    "a manager makes a token of a service": ("max", "createToken", {"name": "x", "principal": "service:near"}),
    "a manager joins a group of administrators": (
        "max", "savePrincipal", {"kind": "PERSON", "name": "max", "groups": ["platform"]}),
    "a manager saves a role": ("max", "saveRole", {"name": "managers", "permissions": ["MANAGE", "APPROVE"]}),
    "a narrow token makes a token of an administrator": (
        "narrow", "createToken", {"name": "x", "principal": "user:ada"}),
    "a narrow token grants": ("narrow", "grantRole", {"to": "user:root", "role": "viewer"}),
}  # fmt: skip
ACCEPTED: Final = {"FORBIDDEN", "NOT_FOUND", "VALIDATION"}


async def test_refused_attempts_change_nothing(team: House) -> None:
    wrong = []
    for name, (who, mutation, input) in ATTEMPTS.items():
        before = await team.content()
        answer = await team.changed(await team.viewer(who), mutation, input)
        codes = {problem["code"] for problem in answer["problems"]}
        if not codes or not codes <= ACCEPTED:
            wrong.append(f"{name}: {answer}")
        after = await team.content()
        if changed := [table for table in after if after[table] != before[table]]:
            wrong.append(f"{name}: changed {changed}")
    assert not wrong, "\n".join(wrong)


async def test_managers_may_grant_within_their_namespace(team: House) -> None:
    """Checks that the attempts above are refused because of their arguments, and not in general."""
    ann = await team.viewer("ann")
    for mutation, input in (
        ("grantRole", {"to": "user:oda", "role": "editor", "namespace": f"{NAMESPACE}.below"}),
        ("createToken", {"name": "y", "principal": "service:near"}),
        ("createToken", {"name": "y", "principal": "service:near", "replace": True}),
        ("savePrincipal", {"kind": "SERVICE", "name": "fresh"}),
        ("savePrincipal", {"kind": "PERSON", "name": "oda"}),
    ):
        assert (await team.changed(ann, mutation, input))["problems"] == [], (mutation, input)
    given = {"name": "z", "principal": "service:other", "role": "editor", "namespaces": [NAMESPACE]}
    made = await team.changed(ann, "createToken", given, TOKEN)
    assert made["problems"] == []
    team.secrets["z"] = made["secret"]
    other = await team.viewer("z")
    assert other.may(Permission.UPDATE_FLOW, NAMESPACE) and not other.may(
        Permission.RUN_FLOW, "acme"
    )


async def test_roles_granted_later_in_other_namespaces_do_not_extend_a_token(team: House) -> None:
    made = await team.changed(
        await team.viewer("ann"), "createToken", {"name": "y", "principal": "service:near"}, TOKEN
    )
    assert made["problems"] == []
    team.secrets["y"] = made["secret"]
    wider = {"to": "service:near", "role": "editor"}
    assert (await team.changed(await team.viewer("root"), "grantRole", wider))["problems"] == []
    near = await team.viewer("y")
    assert near.scope.namespaces == (NAMESPACE,) and not near.may(Permission.UPDATE_FLOW, "acme.a")


LIMITS: Final[dict[str, dict[str, Any]]] = {
    "permissions": {"permissions": frozenset({Permission.VIEW_EXECUTION})},
    "namespaces": {"namespaces": (NAMESPACE,)},
    "time": {"expires_at": datetime.now(UTC) + HOUR},
    "all": {
        "permissions": frozenset({Permission.VIEW_EXECUTION, Permission.MANAGE}),
        "namespaces": (NAMESPACE,),
        "expires_at": datetime.now(UTC) + HOUR,
    },
}


WANTED: Final[list[dict[str, Any]]] = [
    {},
    {"permissions": ["APPROVE", "VIEW_EXECUTION"]},
    {"expiresAt": soon(days=9)},
]


async def test_a_limited_token_makes_none_that_is_worth_more(team: House) -> None:
    """Holds for the token itself and for the session that the token or its link begins."""
    wrong = []
    for limit, way in product(LIMITS, ("token", "session", "link")):
        less = f"less-{limit}-{way}"
        await team.limit(less, "root", **LIMITS[limit])
        viewer = await came_by(team, less, way)
        for number, wanted in enumerate(WANTED):
            more = f"more-{limit}-{way}-{number}"
            made = await team.changed(viewer, "createToken", {"name": more, **wanted}, TOKEN)
            assert made["problems"] == []
            team.secrets[more] = made["secret"]
            if not is_worth_no_more(await team.viewer(more), await team.viewer(less)):
                wrong.append(more)
        if viewer.permissions != (await team.viewer(less)).permissions:
            wrong.append(f"the {way} of {less}")
    assert not wrong


def is_worth_no_more(more: Viewer, less: Viewer) -> bool:
    if less.expires_at and (more.expires_at is None or more.expires_at > less.expires_at):
        return False
    return all(less.scope_of(one).includes(more.scope_of(one)) for one in Permission)


async def came_by(team: House, less: str, way: str) -> Viewer:
    """Returns the holder of the limited token, by the token or by a session that the token begins."""
    if way == "token":
        return await team.viewer(less)
    row = await tokens.find(team.pool, digest_of(team.secrets[less]))
    assert row
    token_id, method = row["id"], SignInMethod.TOKEN
    if way == "link":
        link = await team.changed(await team.viewer(less), "createLoginLink", {}, "path")
        code = link["path"].partition("token=")[2]
        used = await sign_ins.use_link(team.pool, digest_of(code), datetime.now(UTC))
        assert used == token_id
        method = SignInMethod.LINK
    ends = datetime.now(UTC) + SESSION_TIME
    session = await sign_ins.begin(team.pool, row["principal_id"], token_id, method, ends)
    holder = await Holders(team.pool).by_session(session)
    assert holder and not holder.over
    return holder.viewer


async def test_two_managers_who_revoke_each_other_gain_nothing(team: House) -> None:
    """Each revokes the other at the same time: permissions were decided before, and neither gains from it."""
    before = {name: (await team.viewer(name)).permissions for name in ("ann", "ben")}
    wanted = [
        {"to": f"user:{other}", "role": "namespace_admin", "namespace": NAMESPACE}
        for other in ("ben", "ann")
    ]
    viewers = [await team.viewer(name) for name in ("ann", "ben")]
    async with asyncio.timeout(WITHIN):
        await asyncio.gather(
            *(
                team.changed(who, "revokeRole", one)
                for who, one in zip(viewers, wanted, strict=True)
            )
        )
    for name, held in before.items():
        assert (await team.viewer(name)).permissions <= held
    for who, one in zip(viewers, wanted, strict=True):
        await team.changed(who, "grantRole", one)
    assert not (await team.viewer("ann")).may_everywhere(Permission.VIEW_EXECUTION)


LAST: Final[list[Callable[[str], tuple[str, Any]]]] = [
    lambda name: ("revokeRole", {"to": f"user:{name}", "role": "admin"}),
    lambda name: ("savePrincipal", {"kind": "PERSON", "name": name, "disabled": True}),
]


@pytest.mark.parametrize("ways", [(0, 0), (0, 1), (1, 1)])
async def test_one_of_two_last_administrators_remains(house: House, ways: tuple[int, int]) -> None:
    """Each revokes the other's role or disables the other, at the same time."""
    names = ("ada", "root")
    viewers = [await house.viewer(name) for name in names]
    tried = [LAST[way](name) for way, name in zip(ways, names, strict=True)]
    async with asyncio.timeout(WITHIN):
        answers = await asyncio.gather(
            *(house.changed(who, *one) for who, one in zip(viewers, tried, strict=True))
        )
    codes = [problem["code"] for answer in answers for problem in answer["problems"]]
    left = []
    for name in names:
        found = await Holders(house.pool).by_digest(digest_of(house.secrets[name]))
        left += [name] if found and not found.over and found.viewer.permissions else []
    assert (codes, len(left)) == (["CONFLICT"], 1)
