"""prepareExecution: a draft of a new execution; nothing starts."""

from typing import Any

from tests.api.client import Client, states, task
from tests.semantics.scene import acted, does, ended, flow, read, refused, waits

DRAFT = """draft { createInput disabledTasks concurrency { limit behavior }
  tasks { key enabled isNew plan why reusedFrom { id } } }"""
TASKS = """
  - {id: good, type: return, outputs: {n: 7}}
  - {id: off, type: log, message: a, disabled: true}
  - {id: bad, type: %s, needs: [good]}
  - {id: after, type: return, needs: [bad], outputs: {n: "{{ outputs.good.n }}"}}
"""
HEAD = "inputs: [{id: day, type: STRING}]\n"


async def drafted(client: Client, id: str, **input: Any) -> dict[str, Any]:
    draft: dict[str, Any] = (await does(client, "prepareExecution", DRAFT, id=id, **input))["draft"]
    return draft


async def test_successful_skipped_and_cached_tasks_are_disabled_and_the_others_enabled(
    client: Client,
) -> None:
    source = await ended(client, flow("pr-failed", TASKS % "fail", HEAD))
    draft = await drafted(client, source["id"])
    assert {one["key"]: one["enabled"] for one in draft["tasks"]} == {
        "good": False, "off": False, "bad": True, "after": True,
    }  # fmt: skip
    assert draft["disabledTasks"] == draft["createInput"]["disabledTasks"] == ["good", "off"]
    enabled = {
        one["key"]: (one["plan"], (one["reusedFrom"] or {}).get("id")) for one in draft["tasks"]
    }
    assert enabled == {
        "good": ("REUSE", source["id"]), "off": ("REUSE", source["id"]), "bad": ("RUN", None), "after": ("RUN", None),
    }  # fmt: skip


async def test_nothing_is_started(client: Client) -> None:
    source = await ended(client, flow("pr-nothing", TASKS % "fail", HEAD))
    before = await client.show(source["id"])
    await drafted(client, source["id"])
    found = await client.post('{ executions(where: {flow: {eq: "pr-nothing"}}) { nodes { id } } }')
    assert found["executions"]["nodes"] == [{"id": source["id"]}]
    assert await client.show(source["id"]) == before


async def test_new_tasks_of_the_latest_revision_are_enabled_and_marked(client: Client) -> None:
    source = await ended(client, flow("pr-latest", TASKS % "fail", HEAD))
    more = TASKS % "log, message: fixed" + "  - {id: more, type: log, message: a}\n"
    await client.save(flow("pr-latest", more, HEAD))
    draft = await drafted(client, source["id"])
    new = [(one["key"], one["enabled"]) for one in draft["tasks"] if one["isNew"]]
    assert (new, draft["createInput"]["revision"]) == ([("more", True)], 2)
    same = await drafted(client, source["id"], revision="SAME")
    assert [one["key"] for one in same["tasks"]] == ["good", "off", "bad", "after"]
    assert same["createInput"]["revision"] == 1


async def test_inputs_labels_failure_action_and_concurrency_are_prefilled(client: Client) -> None:
    head = HEAD + "concurrency: {limit: 3, behavior: QUEUE}\n"
    source = await ended(
        client,
        flow("pr-prefilled", TASKS % "fail", head),
        inputs={"day": "monday"},
        labels=[{"key": "team", "value": "data"}],
        onFailure="FINISH_POSSIBLE",
    )
    draft = await drafted(client, source["id"])
    made = draft["createInput"]
    assert made["inputs"] == {"day": "monday"}
    assert made["labels"] == [{"key": "team", "value": "data"}]
    assert (made["onFailure"], made["rerunOf"]) == ("FINISH_POSSIBLE", source["id"])
    assert draft["concurrency"] == {"limit": 3, "behavior": "QUEUE"}


async def test_created_from_the_draft_it_is_linked_and_outputs_of_disabled_tasks_are_there(
    client: Client,
) -> None:
    source = await ended(client, flow("pr-created", TASKS % "fail", HEAD))
    await client.save(flow("pr-created", TASKS % "log, message: fixed", HEAD))
    draft = await drafted(client, source["id"])
    begun = await acted(client, "createExecution", **draft["createInput"])
    found = await client.until_ended(begun["id"])
    assert (found["state"], states(found)) == (
        "SUCCESS",
        {"good": "SKIPPED", "off": "SKIPPED", "bad": "SUCCESS", "after": "SUCCESS"},
    )
    assert task(found, "after")["outputs"] == {"n": 7}
    enabled = await read(client, found["id"], "rerunOf { id } originalId")
    assert enabled == {"rerunOf": {"id": source["id"]}, "originalId": source["id"]}
    resolved = await read(client, source["id"], "resolvedBy { id }")
    assert resolved["resolvedBy"] == {"id": found["id"]}


async def test_disabling_a_foreach_reuses_all_its_iterations(client: Client) -> None:
    tasks = """
  - id: each
    type: foreach
    items: [1, 2, 3]
    tasks: [{id: square, type: return, outputs: {n: "{{ item * item }}"}}]
  - {id: sum, type: %s, needs: [each]}
"""
    source = await ended(client, flow("pr-foreach", tasks % "fail"))
    outputs = "{n: \"{{ outputs.each.square | map(attribute='n') | sum }}\"}"
    await client.save(flow("pr-foreach", tasks % f"return, outputs: {outputs}"))
    draft = await drafted(client, source["id"])
    begun = await acted(client, "createExecution", **draft["createInput"])
    found = await client.until_ended(begun["id"])
    assert (found["state"], states(found)) == ("SUCCESS", {"each": "SKIPPED", "sum": "SUCCESS"})
    assert task(found, "sum")["outputs"] == {"n": 14}


async def test_only_ended_executions_are_prepared(client: Client) -> None:
    id = await waits(client, flow("pr-early", "  - {id: w, type: wait, event: x}\n"))
    problem = await refused(client, "prepareExecution", DRAFT, id=id)
    assert problem["code"] == "INVALID_STATE"
    await acted(client, "cancelExecution", id=id)


async def test_a_test_is_prepared_of_the_latest_revision_alone(client: Client) -> None:
    await client.save(flow("pr-tried", TASKS % "fail", HEAD))
    begun = await acted(client, "runTest", source=flow("pr-tried", TASKS % "log, message: a", HEAD))
    id = (await client.until_ended(begun["id"]))["id"]
    problem = await refused(client, "prepareExecution", DRAFT, id=id, revision="SAME")
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["revision"])
    assert "save it and prepare the LATEST" in problem["message"]
    draft = await drafted(client, id)
    assert draft["createInput"]["revision"] == 1
    assert (await acted(client, "createExecution", **draft["createInput"]))["id"] != id
