"""Flows deleted, disabled and enabled, tested without being saved, and read from a folder as it changes."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.api.client import PROBLEM, Client
from tests.api.servers import Served, serving
from tests.api.test_cli import headway

FLOW = "id: {id}\nnamespace: changes\ninputs: [{{id: n, type: INT, default: 1}}]\ntasks:\n"
FLOW += '  - {{id: say, type: log, message: "{says} {{{{ inputs.n }}}}"}}\n'
SHOW = """query ($key: String!) { flow(namespace: "changes", key: $key) {
  enabled revision { number } revisions { number } executions { nodes { id } totalCount { value } } } }"""
LISTED = """query ($where: ExecutionFilter) {
  executions(where: $where, first: 200) { nodes { id } totalCount { value } } }"""
COUNT = """{ flows(where: {namespace: {eq: "changes"}}) { totalCount { value } nodes { key } }
             namespaces { name flowCount } }"""


def source(id: str, says: str = "hello") -> str:
    return FLOW.format(id=id, says=says)


async def change(client: Client, name: str, **input: Any) -> dict[str, Any]:
    kind = name[0].upper() + name[1:] + "Input"
    data = await client.post(
        f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ flow {{ key enabled }} {PROBLEM} }} }}",
        input=input,
    )
    payload: dict[str, Any] = data[name]
    return payload


async def flow(client: Client, key: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (await client.post(SHOW, key=key))["flow"]
    return found


async def listed(client: Client, **where: Any) -> set[str]:
    nodes = (await client.post(LISTED, where=where))["executions"]["nodes"]
    return {node["id"] for node in nodes}


async def log_of(client: Client, id: str) -> list[str]:
    data = await client.post(
        "query ($id: ID!) { execution(id: $id) { logs { nodes { text } } } }", id=id
    )
    return [line["text"] for line in data["execution"]["logs"]["nodes"]]


async def test_a_deleted_flow_is_gone_and_its_executions_stay(client: Client) -> None:
    id = (await client.run(source("gone")))["id"]
    ended = await client.until_ended(id)
    payload = await change(client, "deleteFlow", namespace="changes", key="gone", reason="unused")
    assert payload == {"flow": {"key": "gone", "enabled": True}, "problems": []}
    assert await flow(client, "gone") is None
    assert "gone" not in [one["key"] for one in (await client.post(COUNT))["flows"]["nodes"]]
    assert await client.show(id) == ended
    assert id in await listed(client, namespace={"eq": "changes"})
    data = await client.post(
        "query ($id: ID!) { execution(id: $id) { flow { id } flowKey revision { number source } } }",
        id=id,
    )
    assert data["execution"] == {
        "flow": None,
        "flowKey": "gone",
        "revision": {"number": 1, "source": source("gone")},
    }
    again = await client.mutate("createExecution", namespace="changes", flow="gone")
    assert [one["code"] for one in again["problems"]] == ["NOT_FOUND"]
    replay = await client.mutate("replayExecution", id=id)
    assert [one["message"] for one in replay["problems"]] == [
        "no flow changes/gone; save it, or list the existing ones: `headway flows list`"
    ]
    twice = await change(client, "deleteFlow", namespace="changes", key="gone")
    assert [one["code"] for one in twice["problems"]] == ["NOT_FOUND"]


async def test_a_flow_that_is_saved_again_comes_back(client: Client) -> None:
    text = source("back").replace(
        "tasks:", 'triggers: [{id: nightly, type: schedule, cron: "0 2 * * *"}]\ntasks:'
    )
    schedules = 'query { flow(namespace: "changes", key: "back") { schedules { key } } }'
    await client.save(text)
    await change(client, "deleteFlow", namespace="changes", key="back")
    await client.save(text)
    found = await flow(client, "back")
    assert found and (found["enabled"], found["revisions"]) == (True, [{"number": 1}])
    assert (await client.post(schedules))["flow"]["schedules"] == [{"key": "nightly"}]


async def test_a_flow_is_switched_off_and_on(client: Client) -> None:
    await client.save(source("switch"))
    which = {"namespace": "changes", "key": "switch"}
    payload = await change(client, "setFlowEnabled", **which, enabled=False)
    assert payload == {"flow": {"key": "switch", "enabled": False}, "problems": []}
    refused = await client.mutate("createExecution", namespace="changes", flow="switch")
    assert [one["code"] for one in refused["problems"]] == ["INVALID_STATE"]
    await change(client, "setFlowEnabled", **which, enabled=True)
    assert (await client.create("changes/switch"))["id"]
    none = await change(client, "setFlowEnabled", namespace="changes", key="none", enabled=True)
    assert [one["code"] for one in none["problems"]] == ["NOT_FOUND"]


async def test_a_test_runs_an_unsaved_document_and_is_visible_on_request(client: Client) -> None:
    await client.save(source("tried"))
    await client.create("changes/tried")
    before = (await flow(client, "tried"), (await client.post(COUNT)))
    payload = await client.mutate("runTest", source=source("tried", "unsaved"), inputs={"n": 7})
    assert payload["problems"] == []
    id = payload["execution"]["id"]
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    assert await log_of(client, id) == ["unsaved 7"]
    assert (await flow(client, "tried"), (await client.post(COUNT))) == before
    assert payload["execution"]["labels"] == [{"key": "system.test", "value": "true"}]
    assert id not in await listed(client, namespace={"eq": "changes"})
    assert id in await listed(client, namespace={"eq": "changes"}, includeTests=True)
    assert id in await listed(client, labels={"hasKey": "system.test"})
    assert id in await listed(client, labels={"has": {"key": "system.test", "value": "true"}})
    none = await client.mutate("createExecution", namespace="changes", flow="tried", revision=-1)
    assert [one["code"] for one in none["problems"]] == ["NOT_FOUND"]


async def test_a_test_needs_no_flow_and_leaves_none(client: Client) -> None:
    payload = await client.mutate("runTest", source=source("new"), idempotencyKey="new-1")
    same = await client.mutate("runTest", source=source("new"), idempotencyKey="new-1")
    assert same["execution"]["id"] == payload["execution"]["id"]
    assert (await client.until_ended(payload["execution"]["id"]))["state"] == "SUCCESS"
    assert await flow(client, "new") is None
    assert "new" not in [one["key"] for one in (await client.post(COUNT))["flows"]["nodes"]]
    saved = await client.save(source("new"))
    assert saved["revision"]["number"] == 1


async def test_a_test_waits_for_no_slot_and_takes_none(client: Client) -> None:
    held = (
        source("limited")
        .replace("tasks:", "concurrency: {limit: 1}\ntasks:")
        .replace("type: log, message:", "type: shell, run: sleep 300, description:")
    )
    held = held.replace(' {{ inputs.n }}"', '"')
    first = (await client.run(held))["id"]
    await client.until(first, say="RUNNING")
    trial = (await client.mutate("runTest", source=held))["execution"]["id"]
    await client.until(trial, say="RUNNING")
    for id in (first, trial):
        await client.mutate("cancelExecution", id=id)
        await client.until_ended(id)


@pytest.mark.parametrize(
    ("text", "inputs", "code"),
    [
        ("id: bad\nnamespace: changes\ntasks: [{id: a, type: nope}]\n", {}, "VALIDATION"),
        (source("bad"), {"n": "x"}, "VALIDATION"),
        (source("bad"), {"m": 1}, "VALIDATION"),
    ],
)
async def test_a_test_that_is_refused_leaves_nothing(
    client: Client, served: Served, text: str, inputs: dict[str, Any], code: str
) -> None:
    counts = "select (select count(*) from flows), (select count(*) from revisions), (select count(*) from executions)"
    connection = await asyncpg.connect(served.database_url)
    try:
        before = await connection.fetchrow(counts)
        payload = await client.mutate("runTest", source=text, inputs=inputs)
        assert {one["code"] for one in payload["problems"]} == {code}
        assert payload["execution"] is None
        assert await connection.fetchrow(counts) == before
    finally:
        await connection.close()


async def test_the_commands(client: Client, served: Served, tmp_path: Path) -> None:
    path = tmp_path / "commands.yaml"
    path.write_text(source("commands"))
    await client.save(source("commands"))
    for done, enabled in (("disable", False), ("enable", True)):
        code, output, _ = await headway(served, "flows", done, "changes/commands")
        assert (code, output) == (0, f"changes/commands is {done}d\n")
        found = await flow(client, "commands")
        assert found and found["enabled"] is enabled
    code, output, _ = await headway(served, "flows", "delete", "changes/commands")
    assert (code, output) == (0, "changes/commands is deleted\n")
    code, _, errors = await headway(served, "flows", "delete", "changes/commands")
    assert (code, "no flow changes/commands" in errors) == (1, True)
    code, output, _ = await headway(served, "run", path, "--test", "-i", "n=3", "--follow")
    assert code == 0 and "ended SUCCESS" in output
    assert await flow(client, "commands") is None
    code, _, errors = await headway(served, "run", "changes/commands", "--test")
    assert (code, "--test needs a flow document" in errors) == (1, True)


async def test_a_folder_is_loaded_and_followed(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.yaml").write_text(source("one"))
    with serving(tmp_path / "data", "--flows", str(folder)) as served:
        client = served.client
        await until_revision(client, "one", 1)
        (folder / "one.yaml").write_text(source("one", "changed"))
        (folder / "deep" / "two.yml").write_text(source("two"))
        await until_revision(client, "one", 2)
        await until_revision(client, "two", 1)
        (folder / "one.yaml").write_text(source("one") + "  - {id: b, type: nope}\n")
        log = served.data_dir / "serve.log"
        async with asyncio.timeout(20):
            while f"{folder}/one.yaml:6: there is no task type `nope`" not in log.read_text():
                await asyncio.sleep(0)
        await until_revision(client, "one", 2)
        (folder / "one.yaml").write_text(source("one", "fixed"))
        await until_revision(client, "one", 3)


async def until_revision(client: Client, key: str, number: int) -> None:
    async with asyncio.timeout(20):
        while True:
            found = await flow(client, key)
            if found and found["revision"]["number"] == number:
                return
