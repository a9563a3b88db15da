"""Access commands: the holder and permissions of tokens, new people, and the holders of roles."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from models.ids import new_id
from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_cli import headway
from tests.api.test_cli_actions import done

APPROVAL_FLOW = "id: asks\nnamespace: {}\ntasks: [{{id: ok, type: approval}}]\n"


@pytest.fixture
def name() -> str:
    """Returns a name that resembles no other name."""
    return new_id().hex[::-1][:16]


async def made(served: Served, *arguments: str) -> tuple[str, str]:
    """Returns the secret, which is printed alone on stdout, and the messages about the token."""
    code, output, errors = await headway(served, "token", "create", *arguments)
    assert code == 0, errors
    assert output.startswith("hw_") and len(output.split()) == 1
    return output.strip(), errors


async def permissions_of(served: Served, secret: str) -> Any:
    found = await Client(served.url, secret).post("{ viewer { permissions } }")
    return found["viewer"]["permissions"]


async def test_a_new_service_gets_only_named_roles(
    client: Client, served: Served, name: str
) -> None:
    code, output, errors = await headway(served, "token", "create", name)
    assert (code, output) == (1, "")
    assert f"service:{name} is new here; give it a role: --role, one of viewer, " in errors
    assert "--namespace" in errors and "--expires" in errors
    assert name not in await done(served, "people", "list")
    _, printed = await made(
        served, name, "--role", "operator", "--namespace", "acme.shop", "--expires", "9d"
    )
    lines = printed.splitlines()
    assert lines[0] == f"service:{name} is new here"
    assert lines[1].startswith(
        f"service:{name} is operator in acme.shop, also after the token is revoked"
    )
    limits = f"the token {name} of service:{name} has all permissions of its holder in acme.shop.*, and expires 2"
    assert lines[2].startswith(limits) and len(lines) == 3
    _, printed = await made(served, name, "--replace")
    assert printed.splitlines() == [
        f"the token {name} of service:{name} has all permissions of its holder, "
        "and never expires (--expires 90d)"
    ]


@pytest.mark.parametrize(
    ("before", "options", "why"),
    [
        ((), ("--permission", "RUN_FLOW"), "{} has no role; grant one: headway role grant {} "),
        (
            ("viewer",),
            ("--permission", "RUN_FLOW"),
            "these limits exclude everything that the roles of {} permit",
        ),
        (
            ("viewer", "--namespace", "a"),
            ("--namespace", "b"),
            "these limits exclude everything that the roles of {} permit",
        ),
        (("viewer", "off"), (), "{} is disabled; headway people save {} --enable"),
    ],
)
async def test_a_token_that_may_do_nothing_says_why(
    client: Client, served: Served, name: str, before: Any, options: Any, why: str
) -> None:
    holder = f"service:{name}"
    if before:
        await done(served, "role", "grant", holder, *[one for one in before if one != "off"])
    if "off" in before:
        await done(served, "people", "save", holder, "--disable")
    secret, printed = await made(served, name, "--for", holder, *options)
    assert f"warning: the token has no permissions: {why.replace('{}', holder)}" in printed
    if "off" in before:
        assert f"{name}  {holder}  disabled with its holder" in await done(served, "token", "list")
        await done(served, "people", "save", holder, "--enable")
        assert f"{name}  {holder}  valid" in await done(served, "token", "list")
    else:
        assert await permissions_of(served, secret) == []


async def test_creating_a_token_without_manage_logs_no_denial(
    client: Client, served: Served, name: str
) -> None:
    holder = f"user:{name}"
    secret, printed = await made(served, name, "--for", holder, "--role", "viewer")
    assert "warning" not in printed
    query = "mutation ($input: CreateTokenInput!) { createToken(input: $input) { roles { role } problems { code } } }"
    answer = await Client(served.url, secret).post(query, input={"name": f"{name}-2"})
    assert answer["createToken"] == {"roles": [{"role": "viewer"}], "problems": []}
    code, _, errors = await headway(
        served, "token", "create", f"{name}-3", "--for", holder, token=secret
    )
    assert (code, "warning" in errors) == (0, False)
    denied = await done(served, "audit", "--actor", holder, "--json")
    assert "DENIED" not in denied


async def test_a_new_holder_is_reported_with_similar_names(
    client: Client, served: Served, name: str
) -> None:
    person, typo = f"user:{name}", f"user:{name}x"
    granted = await done(served, "role", "grant", person, "viewer")
    assert granted == f"{person} is viewer in *; {person} is new here"
    again = await done(served, "role", "grant", person, "editor", "--namespace", "acme")
    assert again == f"{person} is editor in acme"
    wrong = await done(served, "role", "grant", typo, "viewer")
    assert wrong == f"{typo} is viewer in *; {typo} is new here (did you mean {person}?)"
    _, printed = await made(served, name, "--for", f"{typo}x", "--role", "viewer")
    assert printed.splitlines()[0].startswith(f"{typo}x is new here (did you mean user:{name}")


async def test_saving_returns_what_changed(client: Client, served: Served, name: str) -> None:
    person, service, group = f"user:{name}", f"service:s{name}", f"g{name}"

    async def saved(*options: str) -> str:
        return await done(served, "people", "save", *options)

    assert await saved(person) == f"{person} is created"
    assert await saved(person) == f"{person} is unchanged"
    assert await saved(person, "--disable") == f"{person} is disabled"
    assert await saved(person, "--enable") == f"{person} is enabled"
    joined = await saved(person, "--group", group)
    assert joined == f"{person} is in the group {group}; group:{group} is new here"
    assert await saved(person, "--no-groups") == f"{person} is in no group"
    assert await saved(service, "--owner", person) == f"{service} is created, owned by {person}"
    owner = f"user:o{name[::-1]}"
    owned = await saved(service, "--owner", owner)
    assert owned == f"{service} is owned by {owner}; {owner} is new here"


async def test_roles_are_listed_with_their_holders(
    client: Client, served: Served, name: str
) -> None:
    role, person, empty, full = name, f"user:{name}", f"group:e{name}", f"group:f{name}"
    await done(served, "role", "save", role, "LIST_FLOWS")
    assert (await done(served, "role", "list")).endswith(f"{role}  LIST_FLOWS")
    await done(served, "role", "grant", person, role, "--namespace", "a", "--namespace", "b")
    await done(served, "role", "grant", empty, role, "--namespace", "a.c")
    await done(served, "role", "grant", full, role)
    await done(served, "people", "save", person, "--group", full.removeprefix("group:"))
    assert (await done(served, "role", "list")).partition(f"{role}  ")[2].splitlines() == [
        "LIST_FLOWS",
        f"  {person} in a.*, b.*",
        f"  {empty} in a.c.* (no members here)",
        f"  {full} in * ({person})",
    ]
    keeper, _ = await made(served, f"k{name}", "--role", "namespace_admin", "--namespace", "a")
    query = await Client(served.url, keeper).post("{ groupGrants { group role namespace } }")
    seen = [one for one in query["groupGrants"] if one["role"] == role]
    assert seen == [{"group": empty.removeprefix("group:"), "role": role, "namespace": "a.c.*"}]


async def test_a_refusal_says_where(
    client: Client, served: Served, name: str, tmp_path: Path
) -> None:
    viewer, _ = await made(served, name, "--role", "viewer")
    local, _ = await made(served, f"l{name}", "--role", "operator", "--namespace", "acme.here")
    here, there = f"acme.here.n{name}", f"acme.there.n{name}"
    id = (await client.run(APPROVAL_FLOW.format(there)))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")

    async def refusal(token: str, *arguments: str | Path) -> str:
        code, output, errors = await headway(served, *arguments, token=token)
        assert (code, output) == (1, "")
        return errors

    for arguments, permission in (
        (("approve", id), "APPROVE"),
        (("reject", id), "APPROVE"),
        (("cancel", id), "ACT_ON_EXECUTION"),
        (("restart", id), "ACT_ON_EXECUTION"),
        (("replay", id), "RUN_FLOW"),
    ):
        said = await refusal(viewer, *arguments)
        needed = f"error: this needs the permission {permission} in the namespace {there}; "
        assert said.startswith(needed), said
    for namespace, where in ((here, "which you have in no namespace"), (there, "which you")):
        path = tmp_path / f"{namespace}.yaml"
        path.write_text(APPROVAL_FLOW.format(namespace))
        said = await refusal(local, "flows", "push", path)
        assert said.startswith(f"error: {path}: this needs the permission UPDATE_FLOW, {where}")
    said = await refusal(viewer, "role", "list")
    assert said.startswith("error: this needs the permission MANAGE, which you have in no")
    keeper, _ = await made(
        served, f"k{name}", "--role", "namespace_admin", "--namespace", "acme.here"
    )
    said = await refusal(keeper, "role", "grant", f"user:{name}2", "viewer")
    assert said.startswith("error: this needs the permission MANAGE on every namespace; ")
    said = await refusal(keeper, "role", "grant", f"user:{name}2", "viewer", "--namespace", there)
    assert said.startswith(f"error: this needs the permission MANAGE in the namespace {there}; ")
    # An object that one may not see has no namespace to name, with or without permissions elsewhere.
    assert "in no namespace" in await refusal(local, "approve", (await requested(client, id)))
    assert "no such approval request" in await refusal(
        keeper, "approve", (await requested(client, id))
    )


async def requested(client: Client, id: str) -> str:
    query = "query ($id: ID!) { approvals(where: {executionId: $id}) { nodes { id } } }"
    (request,) = (await client.post(query, id=id))["approvals"]["nodes"]
    return str(request["id"])


async def test_a_request_that_one_may_not_decide_says_why(
    client: Client, served: Served, name: str
) -> None:
    secret, _ = await made(served, name, "--role", "operator")
    source = (
        f"id: own\nnamespace: n{name}\ntasks: [{{id: ok, type: approval, allow_self: false}}]\n"
    )
    await client.save(source)
    id = (await Client(served.url, secret).create(f"n{name}/own"))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    why = f"caused its start (service:{name} is yours), so you may not decide this"
    query = await requested(client, id)
    line = ""
    async with asyncio.timeout(30):  # servers know within 2 s whose a new service is
        while "[you cannot decide: you started" not in line:
            lines = (await done(served, "approvals")).splitlines()
            (line,) = [one for one in lines if one.startswith(query)]
    assert line.endswith("]") and why in line
    *_, possible, refused = (await done(served, "show", id)).splitlines()
    assert possible.startswith("you can: ") and "cancel" in possible
    assert "approve" not in possible and "reject" not in possible
    assert refused.startswith("you cannot approve or reject: you started")
    assert why in refused
    await done(served, "cancel", id)
