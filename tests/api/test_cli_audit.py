"""How the command line prints an entry of the audit log: action, origin and object."""

import asyncio
from typing import Any

import pytest

from models.ids import new_id
from server.cli.terminal.audit_text import audit_text
from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_cli import headway
from tests.api.test_cli_actions import done

RECORDED: tuple[tuple[str | None, dict[str, Any], str], ...] = (
    ("acme", {"flow": "etl", "state": "KILLED"}, "flow etl, KILLED in acme"),
    (
        "acme",
        {"flow": "etl", "state": "RUNNING", "bulk": "bulk_1", "override": True},
        "flow etl, RUNNING, bulk bulk_1, override in acme",
    ),
    ("a", {"flow": "f", "overriddenApprovals": ["ok", "go"]}, "flow f, overridden approvals ok, go in a"),
    ("a", {"flow": "f", "with": ["logs"]}, "flow f, with logs in a"),
    ("a", {"revision": 3}, "revision 3 in a"),
    ("a", {}, "in a"),
    (None, {}, ""),
    (None, {"executions": 2, "flows": {"a/f": {"SUCCESS": 2}}}, "executions 2, flows a/f success 2"),
    (None, {"executions": 0, "dropped": ["events_2026_01"]}, "executions 0, dropped events_2026_01"),
    ("acme.shop", {"what": "APPROVE", "times": 1}, "APPROVE in acme.shop"),
    (None, {"what": "a wrong token", "times": 7}, "a wrong token, 7 times"),
    (None, {"role": "viewer", "namespace": "*"}, "viewer in *"),
    ("acme", {"role": "viewer", "namespace": "acme"}, "viewer in acme"),
    (None, {"permissions": ["LIST_FLOWS", "RUN_FLOW"]}, "permissions LIST_FLOWS, RUN_FLOW"),
    (None, {"groups": None, "owner": None, "disabled": True}, "disabled"),
    (None, {"groups": [], "owner": "user:ann", "disabled": False}, "groups none, owner user:ann, enabled"),
    (None, {"subject": "iss|1", "claimed": True}, "subject iss|1, took over the name"),
    (None, {"method": "TOKEN"}, "by TOKEN"),
    (None, {"holder": "service:ci"}, "of service:ci"),
    (
        None,
        {
            "holder": "service:ci", "principal": "prin_1", "permissions": ["RUN_FLOW"], "namespaces": ["acme"],
            "expiresAt": "2027-01-01T00:00:00+00:00",
        },
        "of service:ci, permissions RUN_FLOW in acme until 2027-01-01T00:00:00+00:00",
    ),
    ("a", {"flow": "f", "cron": "0 2 * * *", "timezone": "UTC"}, "flow f, cron 0 2 * * *, timezone UTC in a"),
    ("a", {"flow": "f", "ticks": 3, "from": "x", "to": "y"}, "flow f, ticks 3, from x, to y in a"),
    (None, {"owner": "user:ann", "shared": True, "search": "a:b"}, "owner user:ann, shared, search a:b"),
    (
        None,
        {"action": "CANCEL", "mode": "EACH", "total": 9, "instruction": {"state": None}, "set": {"ids": ["x" * 90]}},
        f"action CANCEL, mode EACH, total 9, instruction none, set ids {'x' * 55}…",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("namespace", "data", "words"), RECORDED)
def test_each_kind_of_entry_in_words(
    namespace: str | None, data: dict[str, Any], words: str
) -> None:
    assert audit_text({"namespace": namespace, "data": data}) == words


async def test_denials_grants_and_people_are_printed_with_object_and_namespace(
    client: Client, served: Served
) -> None:
    name = new_id().hex
    person, place = f"user:{name}", f"acme.n{name}"
    await done(served, "role", "grant", person, "operator", "--namespace", place)
    await done(served, "people", "save", person, "--disable")
    await done(served, "people", "save", person, "--enable")
    code, secret, _ = await headway(served, "token", "create", name, "--for", person)
    assert code == 0
    assert (await headway(served, "role", "list", token=secret.strip()))[0] == 1

    async def lines() -> list[str]:
        return [" ".join(line.split()) for line in (await done(served, "audit")).splitlines()]

    async def entries_of(action: str, about: str) -> list[str]:
        return [line.partition(action)[2] for line in await lines() if f" {action} {about}" in line]

    denied: list[str] = []
    async with asyncio.timeout(30):
        while not denied:  # logged concurrently with the response
            denied = await entries_of("DENIED", person)
    assert [one.endswith(" MANAGE") for one in denied] == [True]
    assert [
        one.endswith(f" operator in {place}") for one in await entries_of("GRANT_ROLE", person)
    ] == [True]
    assert [one.split()[-1] for one in await entries_of("SAVE_PRINCIPAL", person)] == [
        "enabled",
        "disabled",
    ]
    assert [one.endswith(f" of {person}") for one in await entries_of("CREATE_TOKEN", name)] == [
        True
    ]
