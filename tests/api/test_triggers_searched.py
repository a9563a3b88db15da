"""Executions by trigger, as roots and children, with all their values: by search, filter and command."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from models.access.viewer import PrincipalKind
from models.trigger_kinds import TriggerKind
from tests.api.client import Client
from tests.api.people import enrolled
from tests.api.servers import Served
from tests.api.test_exports import get
from tests.api.test_schedules import mutate
from tests.api.test_search import run

FLOWS = """id: inner
namespace: {space}
kind: step
tasks: [{{id: a, type: log, message: hello}}]
---
id: outer
namespace: {space}
tasks: [{{id: below, type: subflow, flow: inner}}]
---
id: daily
namespace: {space}
triggers: [{{id: nightly, type: schedule, cron: "0 2 * * *"}}]
tasks: [{{id: a, type: log, message: hello}}]
---
id: measured
namespace: {space}
inputs: [{{id: password, type: SECRET, required: true}}]
tasks:
  - id: measure
    type: python
    env: {{PASSWORD: "{{{{ inputs.password }}}}"}}
    script: |
      import headway, os
      headway.metric("loss", 0.25)
      headway.property(lr=0.001, seen=os.environ["PASSWORD"])
      headway.output(rows=7, seen=os.environ["PASSWORD"])
outputs: {{rows: "{{{{ outputs.measure.rows }}}}", seen: "{{{{ outputs.measure.seen }}}}"}}
"""
LIST = """query ($search: String, $where: ExecutionFilter) {
  executions(search: $search, where: $where, first: 200) { nodes { id triggerKind } totalCount { value exact } } }"""
FACETS = """query ($search: String, $field: FacetField!, $contains: String) {
  facets(search: $search, field: $field, contains: $contains) { value count { value exact } search } }"""


@pytest.fixture
async def started(client: Client, served: Served) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Returns a namespace of its own, with the id of one execution for each kind of trigger."""
    space = f"triggered.t{uuid4().hex[:8]}"
    for source in FLOWS.format(space=space).split("---\n"):
        await client.save(source)
    manual = (await client.create(f"{space}/outer"))["id"]
    await client.until_ended(manual)
    ids = {"MANUAL": manual, "SUBFLOW": await child_of(client, manual)}
    replayed = await client.mutate("replayExecution", id=manual)
    rerun = await client.create(f"{space}/inner", rerunOf=ids["SUBFLOW"])
    ids |= {"REPLAY": replayed["execution"]["id"], "RERUN": rerun["id"]}
    schedule = await client.post(
        "query ($space: String!) { flow(namespace: $space, key: \"daily\") { schedules { id } } }", space=space
    )  # fmt: skip
    span = {"from": "2026-03-27T00:00Z", "to": "2026-03-27T23:00Z"}
    filled = await mutate(
        client, "backfillSchedule", id=schedule["flow"]["schedules"][0]["id"], **span
    )
    ids["BACKFILL"] = filled["ticks"][0]["execution"]["id"]
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=1) as pool:
        program = Client(
            client.url, await enrolled(pool, f"{space}-bot", "operator", kind=PrincipalKind.SERVICE)
        )
    ids["API"] = (await program.create(f"{space}/inner"))["id"]
    git = {"commit": "abc123", "branch": "main", "author": "maria"}
    recorded = await client.mutate(
        "recordExecution", namespace=f"{space}.recorded", pipeline="mnist", kind="train", git=git
    )
    ids["measured"] = (await client.create(f"{space}/measured", inputs={"password": "hush-hush"}))[
        "id"
    ]
    ids["RECORDED"] = recorded["execution"]["id"]
    for id in ids.values():
        if id != ids["RECORDED"]:
            await client.until_ended(id)
    yield space, ids


async def child_of(client: Client, id: str) -> str:
    found = await client.post("query ($id: ID!) { execution(id: $id) { children { id } } }", id=id)
    child: str = found["execution"]["children"][0]["id"]
    return child


async def listed(client: Client, search: str, where: Any = None) -> set[str]:
    found = (await client.post(LIST, search=search, where=where))["executions"]
    assert found["totalCount"] == {"value": len(found["nodes"]), "exact": True}
    return {node["id"] for node in found["nodes"]}


async def test_each_kind_of_trigger_is_found_everywhere(
    client: Client, served: Served, started: tuple[str, dict[str, str]]
) -> None:
    """SCHEDULE, which needs the clock, is in tests/runner/test_scheduler.py."""
    space, ids = started
    here = f"namespace:{space}.*"
    everything = await listed(client, here)
    for kind in TriggerKind:
        found = await listed(client, f"{here} trigger:{kind.value.lower()}")
        assert found == await listed(client, here, {"trigger": [kind.value]})
        if kind is TriggerKind.SUBFLOW:  # the replay has a child of its own
            assert found == {ids["SUBFLOW"], await child_of(client, ids["REPLAY"])}
        else:
            measured = {ids["measured"]} if kind is TriggerKind.MANUAL else set()
            assert found == ({ids[kind.value]} if kind.value in ids else set()) | measured
        assert await listed(client, f"{here} trigger!={kind.value}") == everything - found
        printed = json.loads(
            await run(served, "ls", here, "--trigger", kind.value.lower(), "--json")
        )
        assert {one["id"] for one in printed} == found
    nodes = (await client.post(LIST, search=here))["executions"]["nodes"]
    assert {(kind, id) for kind, id in ids.items() if kind in TriggerKind.__members__} <= {
        (node["triggerKind"], node["id"]) for node in nodes
    }
    for search in ("trigger:nightly", "schedule:nightly", "trigger:night*", "schedule:*"):
        assert await listed(client, f"{here} {search}") == {ids["BACKFILL"]}
    assert await listed(client, here, {"schedule": {"eq": "nightly"}}) == {ids["BACKFILL"]}


async def test_children_are_listed_unless_only_roots_are_requested(
    client: Client, served: Served, started: tuple[str, dict[str, str]]
) -> None:
    space, ids = started
    here = f"namespace:{space}.*"
    everything, children = await listed(client, here), await listed(client, f"{here} is:child")
    assert children == {ids["SUBFLOW"], await child_of(client, ids["REPLAY"])} < everything
    assert await listed(client, f"{here} is:root") == everything - children
    assert await listed(client, here, {"isChild": True}) == children
    assert await listed(client, here, {"isChild": False}) == everything - children
    for flags, expected in (
        ((), everything),
        (("--root",), everything - children),
        (("--child",), children),
    ):
        printed = json.loads(await run(served, "ls", here, *flags, "--json"))
        assert {one["id"] for one in printed} == expected


async def test_external_runs_are_in_the_menus(
    client: Client, started: tuple[str, dict[str, str]]
) -> None:
    space, _ = started
    found = (await client.post("{ namespaces { name flowCount } }"))["namespaces"]
    counts = {one["name"]: one["flowCount"] for one in found}
    assert (counts[space], counts[f"{space}.recorded"]) == (4, 0)
    for field, text, value in (
        ("NAMESPACE", f"{space[-6:].upper()}.REC", f"{space}.recorded"),
        ("FLOW", "NIS", "mnist"),
        ("KIND", "tra", "train"),
        ("TRIGGER", "recor", "RECORDED"),
    ):
        search = f"namespace:{space}.*"
        facets = (await client.post(FACETS, search=search, field=field, contains=text))["facets"]
        assert [one["value"] for one in facets] == [value]
        assert facets[0]["count"] == {"value": 1, "exact": True}
        again = await listed(client, f"{search} {facets[0]['search']}")
        assert len(again) == 1
    assert (await client.post(FACETS, field="FLOW", contains="no such flow"))["facets"] == []


async def test_json_has_git_inputs_outputs_properties_and_metrics(
    client: Client, served: Served, started: tuple[str, dict[str, str]]
) -> None:
    space, ids = started
    answer = await get(served, "/executions/export.json", search=f"namespace:{space}.*")
    lines = {line["id"]: line for line in map(json.loads, answer.text.splitlines())}
    ran, recorded = lines[ids["measured"]], lines[ids["RECORDED"]]
    record = (await get(served, f"/executions/{ids['measured']}/record.json")).json()
    outer = record["execution"]
    for one in (ran, outer):
        assert one["outputs"]["rows"] == 7
        assert one["properties"]["lr"] == 0.001
        assert "password" in one["inputs"]
    assert ran["metrics"] == {"loss": 0.25}
    assert [metric["value"] for metric in record["metrics"]] == [0.25]
    git = (await get(served, f"/executions/{ids['RECORDED']}/record.json")).json()["execution"][
        "git"
    ]
    for commit in (recorded["git"], git):
        assert (commit["commit"], commit["branch"], commit["author"]) == ("abc123", "main", "maria")
    assert (ran["triggerKind"], recorded["triggerKind"]) == ("MANUAL", "RECORDED")
    assert lines[ids["SUBFLOW"]]["parent"] == ids["MANUAL"]
    assert "hush" not in answer.text and "hush" not in json.dumps(record)
