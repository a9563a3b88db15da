"""Every change of an object other than an execution adds one entry to the audit log; refusals and no-ops add none."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.api.client import PROBLEM, Client
from tests.api.people import person
from tests.api.servers import Served

FLOW = """id: audited
namespace: {}
triggers: [{{id: nightly, type: schedule, cron: "0 2 * * *"}}]
tasks: [{{id: a, type: log, message: a}}]
"""
AUDIT = """query ($where: AuditFilter) { auditLog(where: $where, first: 50) {
  nodes { action reason channel actor { kind name } target targetName namespace data } } }"""


@pytest.fixture
async def pool(served: Served) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=2) as pool:
        yield pool


@pytest.fixture
async def namespace(client: Client) -> str:
    """Returns a namespace of its own, with a flow in it."""
    name = f"audited.n{uuid4().hex}"
    await client.save(FLOW.format(name))
    return name


async def change(client: Client, mutation: str, what: str = "", **input: Any) -> Any:
    kind = mutation[0].upper() + mutation[1:] + "Input"
    query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {what} {PROBLEM} }} }}"
    return (await client.post(query, input=input))[mutation]


async def done(client: Client, mutation: str, what: str = "", **input: Any) -> Any:
    payload = await change(client, mutation, what, **input)
    assert payload["problems"] == []
    return payload


async def audit_entries(client: Client, **where: Any) -> list[Any]:
    """Returns the entries, oldest first, without those of saving the flow and creating executions."""
    nodes = (await client.post(AUDIT, where=where))["auditLog"]["nodes"]
    assert {(one["channel"], one["actor"]["name"]) for one in nodes} <= {("API", "admin")}
    return [one for one in nodes[::-1] if one["action"] != "SAVE_FLOW"]


async def test_changes_of_secrets_are_logged_without_their_values(
    client: Client, namespace: str, pool: asyncpg.Pool
) -> None:
    which = {"namespace": namespace, "name": "API_KEY"}
    await done(client, "saveSecret", **which, value="hunter2hunter2")
    await done(client, "saveSecret", **which, value="hunter3hunter3")
    await done(client, "deleteSecret", **which)
    refused = await change(client, "deleteSecret", **which)
    assert [one["code"] for one in refused["problems"]] == ["NOT_FOUND"]
    for role in ("viewer", "editor"):
        other = await person(pool, client, role)
        refused = await change(other, "saveSecret", **which, value="hunter4hunter4")
        assert [one["code"] for one in refused["problems"]] == ["FORBIDDEN"]
    entries = await audit_entries(client, namespace=namespace)
    assert [(one["action"], one["target"], one["targetName"], one["data"]) for one in entries] == [
        ("SAVE_SECRET", None, "API_KEY", {}),
        ("SAVE_SECRET", None, "API_KEY", {}),
        ("DELETE_SECRET", None, "API_KEY", {}),
    ]
    assert await pool.fetchval("select count(*) from audit_log a where a::text ~ 'hunter'") == 0


async def test_changes_of_schedules_are_logged(client: Client, namespace: str) -> None:
    which = {"namespace": namespace, "flow": "audited", "key": "mine", "cron": "0 3 * * *"}
    id = (await done(client, "saveSchedule", "schedule { id }", **which))["schedule"]["id"]
    for enabled in (False, False, True):
        await done(client, "setScheduleEnabled", id=id, enabled=enabled)
    taken = await change(client, "saveSchedule", **{**which, "key": "nightly"})
    assert [one["code"] for one in taken["problems"]] == ["CONFLICT"]
    await done(client, "deleteSchedule", id=id)
    gone = await change(client, "deleteSchedule", id=id)
    assert [one["code"] for one in gone["problems"]] == ["NOT_FOUND"]
    entries = await audit_entries(client, namespace=namespace)
    assert [(one["action"], one["data"]) for one in entries] == [
        ("SAVE_SCHEDULE", {"flow": "audited", "cron": "0 3 * * *", "timezone": "UTC"}),
        ("DISABLE_SCHEDULE", {"flow": "audited"}),
        ("ENABLE_SCHEDULE", {"flow": "audited"}),
        ("DELETE_SCHEDULE", {"flow": "audited"}),
    ]
    assert {(one["target"], one["targetName"]) for one in entries} == {(id, "mine")}


async def test_a_backfill_is_logged_once_for_all_its_executions(
    client: Client, namespace: str
) -> None:
    found = await client.post(
        """query ($namespace: String!) { flow(namespace: $namespace, key: "audited") { schedules { id } } }""",
        namespace=namespace,
    )
    (schedule,) = found["flow"]["schedules"]
    span = {"id": schedule["id"], "from": "2026-01-01T00:00Z", "to": "2026-01-03T12:00Z"}
    await done(client, "backfillSchedule", **span, plan=True)
    assert await audit_entries(client, namespace=namespace) == []
    ran = await done(
        client, "backfillSchedule", "ticks { execution { id } }", **span, reason="late"
    )
    await done(client, "backfillSchedule", **span, reason="once more, and nothing is left")
    (entry,) = await audit_entries(client, namespace=namespace)
    assert (entry["action"], entry["reason"]) == ("BACKFILL_SCHEDULE", "late")
    assert (entry["target"], entry["targetName"]) == (schedule["id"], "nightly")
    about = entry["data"]
    assert (about["flow"], about["ticks"], len(ran["ticks"])) == ("audited", 3, 3)
    assert (about["from"][:16], about["to"][:16]) == ("2026-01-01T02:00", "2026-01-03T02:00")
    for tick in ran["ticks"]:
        await client.until_ended(tick["execution"]["id"])


async def test_changes_of_shared_filters_are_logged_and_private_ones_are_not(
    client: Client,
) -> None:
    name = f"red {uuid4().hex}"
    given = {"name": name, "search": "state:failed"}
    id = (await done(client, "saveFilter", "filter { id }", **given))["filter"]["id"]
    await done(client, "saveFilter", **given, id=id, shared=True)
    await done(client, "saveFilter", **given, id=id, shared=False)
    await done(client, "saveFilter", **given, id=id)
    await done(client, "deleteFilter", id=id)
    other = (await done(client, "saveFilter", "filter { id }", **given, shared=True))["filter"][
        "id"
    ]
    await done(client, "deleteFilter", id=other)
    entries = [
        one
        for one in await audit_entries(client, action=["SAVE_FILTER", "DELETE_FILTER"])
        if one["targetName"] == name
    ]
    assert [(one["action"], one["target"], one["data"]["shared"]) for one in entries] == [
        ("SAVE_FILTER", id, True),
        ("SAVE_FILTER", id, False),
        ("SAVE_FILTER", other, True),
        ("DELETE_FILTER", other, True),
    ]
    assert entries[0]["data"] == {"owner": "user:admin", "search": "state:failed", "shared": True}
