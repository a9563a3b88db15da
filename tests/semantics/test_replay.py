"""replay: a new execution from an ended one."""

from typing import Any

from tests.api.client import Client, states, task
from tests.semantics.scene import (
    PLAN,
    People,
    Tables,
    act,
    acted,
    does,
    ended,
    flow,
    read,
    refused,
    waits,
)

CHAIN = """
  - {id: one, type: return, outputs: {n: "{{ inputs.n }}"}}
  - {id: two, type: return, needs: [one], outputs: {n: "{{ outputs.one.n + 1 }}"}}
  - {id: three, type: return, needs: [two], outputs: {n: "{{ outputs.two.n + outputs.one.n }}"}}
"""
HEAD = 'inputs: [{id: n, type: INT, default: 5}]\noutputs: {n: "{{ outputs.three.n }}"}\n'
LINKS = "replayOf { id } originalId inputs outputs labels { key value } revision { number }"


async def replayed(client: Client, id: str, **input: Any) -> dict[str, Any]:
    begun = await acted(client, "replayExecution", id=id, **input)
    return await client.until_ended(begun["id"])


async def test_from_the_start_it_is_a_new_execution_linked_to_its_source(client: Client) -> None:
    source = await ended(
        client, flow("rp-start", CHAIN, HEAD), labels=[{"key": "team", "value": "data"}]
    )
    found = await replayed(client, source["id"])
    links = await read(client, found["id"], LINKS)
    assert found["id"] != source["id"]
    assert (links["replayOf"], links["originalId"]) == ({"id": source["id"]}, source["id"])
    assert [len(one["attempts"]) for one in found["taskRuns"]] == [1, 1, 1]
    assert {"key": "team", "value": "data"} in links["labels"]
    assert {"key": "system.replay", "value": "true"} in links["labels"]
    assert (await client.show(source["id"]))["labels"] == [
        {"key": "system.replayed", "value": "true"},
        {"key": "team", "value": "data"},
    ]


ROW = "  - {id: a, type: log, message: m}\n"
RED, BLUE = "labels: {tier: gold, owner: a, old: x}\n", "labels: {tier: silver, owner: b, new: y}\n"


def given(**labels: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in labels.items()]


async def labels_of(client: Client, id: str) -> dict[str, str]:
    links = (await read(client, id, "labels { key value }"))["labels"]
    return {one["key"]: one["value"] for one in links if one["key"] != "system.replay"}


async def test_the_latest_revision_has_its_labels_overridden_by_those_of_people(
    client: Client,
) -> None:
    """A given label stays given, although the flow had the same at that time; also in replays of replays."""
    own = given(owner="a", ticket="7", **{"system.correlationId": "c"})
    source = await ended(client, flow("rp-labels", ROW, RED), labels=own)
    await acted(client, "setLabels", id=source["id"], labels=given(seen="yes"), mode="MERGE")
    kept = {"owner": "a", "ticket": "7", "seen": "yes", "system.correlationId": "c"}
    same = await replayed(client, source["id"])
    assert await labels_of(client, same["id"]) == {"tier": "gold", "old": "x", **kept}
    await client.save(flow("rp-labels", ROW, BLUE))
    for id in (source["id"], same["id"]):
        latest = await replayed(client, id, revision="LATEST")
        assert await labels_of(client, latest["id"]) == {"tier": "silver", "new": "y", **kept}
        links = await does(
            client, "prepareExecution", "draft { createInput }", id=id, revision="LATEST"
        )
        made = links["draft"]["createInput"]
        rerun = await client.until_ended((await acted(client, "createExecution", **made))["id"])
        assert await labels_of(client, rerun["id"]) == {"tier": "silver", "new": "y", **kept}


CORRELATED = "system.correlationId"
UP = """  - {id: sub, type: subflow, flow: rp-middle}
  - {id: alone, type: subflow, flow: rp-leaf, wait: false}
  - {id: other, type: subflow, flow: rp-leaf, labels: {system.correlationId: mine}}
"""


async def tree_of(client: Client, id: str) -> list[tuple[str, str | None]]:
    """Returns the flows and correlations of the executions under it, at every depth."""
    found = []
    for child in (await read(client, id, "children { id flowKey labels { key value } }"))[
        "children"
    ]:
        labels = {label["key"]: label["value"] for label in child["labels"]}
        found += [(child["flowKey"], labels.get(CORRELATED)), *await tree_of(client, child["id"])]
    return sorted(found, key=str)


async def test_the_correlation_reaches_subflows_at_every_depth_and_reruns(client: Client) -> None:
    await client.save(flow("rp-leaf", ROW))
    await client.save(flow("rp-middle", "  - {id: sub, type: subflow, flow: rp-leaf}\n"))
    top = await ended(client, flow("rp-top", UP), labels=given(**{CORRELATED: "order-7"}))
    below = [
        ("rp-leaf", "mine"),
        ("rp-leaf", "order-7"),
        ("rp-leaf", "order-7"),
        ("rp-middle", "order-7"),
    ]
    assert await tree_of(client, top["id"]) == below
    again = await replayed(client, top["id"])
    assert (await labels_of(client, again["id"]))[CORRELATED] == "order-7"
    assert await tree_of(client, again["id"]) == below
    without = await client.until_ended((await client.create("semantics/rp-top"))["id"])
    assert [one for _, one in await tree_of(client, without["id"])] == ["mine", None, None, None]


async def test_from_a_task_earlier_task_runs_and_outputs_are_reused(client: Client) -> None:
    source = await ended(client, flow("rp-from", CHAIN, HEAD))
    found = await replayed(client, source["id"], fromTask="three")
    assert (found["state"], found["outputs"]) == ("SUCCESS", {"n": 11})
    assert [len(one["attempts"]) for one in found["taskRuns"]] == [0, 0, 1]
    assert task(found, "two")["outputs"] == {"n": 6}
    assert states(found) == {"one": "SUCCESS", "two": "SUCCESS", "three": "SUCCESS"}


async def test_outputs_are_reused_by_reference_along_a_chain_of_three_replays(
    client: Client, tables: Tables
) -> None:
    source = await ended(client, flow("rp-chain", CHAIN, HEAD))
    first = await replayed(client, source["id"], fromTask="two")
    second = await replayed(client, first["id"], fromTask="three")
    third = await replayed(client, second["id"], fromTask="three")
    assert (third["state"], third["outputs"]) == ("SUCCESS", {"n": 11})
    links = await read(client, third["id"], LINKS)
    assert (links["replayOf"]["id"], links["originalId"]) == (second["id"], source["id"])
    rows = await tables.rows(
        """select t.path, t.outputs::text as outputs, s.path as source, s.attempt > 0 as ran from task_runs t
           join executions e on e.id = t.execution_id join task_runs s on s.id = t.outputs_from
           where e.name = $1 order by t.position""",
        third["name"],
    )
    assert rows == [
        {"path": "one", "outputs": "{}", "source": "one", "ran": True},
        {"path": "two", "outputs": "{}", "source": "two", "ran": True},
    ]


async def test_deleting_a_source_first_copies_the_outputs_that_others_reference(
    client: Client,
) -> None:
    source = await ended(client, flow("rp-delete", CHAIN, HEAD))
    first = await replayed(client, source["id"], fromTask="three")
    await does(client, "deleteExecutions", "deleted", ids=[source["id"]])
    assert (await read(client, first["id"], "replayOf { id }"))["replayOf"] is None
    assert task(await client.show(first["id"]), "two")["outputs"] == {"n": 6}
    again = await replayed(client, first["id"], fromTask="three")
    assert (again["state"], again["outputs"]) == ("SUCCESS", {"n": 11})


async def _given(client: Client, execution: dict[str, Any], key: str, n: int) -> None:
    await acted(
        client,
        "changeTaskRunState",
        taskRunId=task(execution, key)["id"],
        state="SUCCESS",
        reason="counted anew",
        outputs={"n": n},
    )
    await client.until_ended(execution["id"])


async def test_reused_outputs_do_not_change_with_their_source(client: Client) -> None:
    source = await ended(client, flow("rp-changed", CHAIN, HEAD))
    first = await replayed(client, source["id"], fromTask="three")
    await _given(client, source, "two", 100)
    second = await replayed(client, source["id"], fromTask="three")
    await _given(client, source, "two", 200)
    third = await replayed(client, source["id"], fromTask="three")
    links = [
        (task(await client.show(one["id"]), "two")["outputs"], one["outputs"])
        for one in (first, second, third)
    ]
    assert links == [({"n": 6}, {"n": 11}), ({"n": 100}, {"n": 105}), ({"n": 200}, {"n": 205})]
    assert task(await client.show(source["id"]), "two")["outputs"] == {"n": 200}
    past = await read(client, first["id"], "seq")
    what = 'task(key: "two") { outputs cachedFrom { id } }'
    query = f"query ($id: ID!, $at: Int) {{ execution(id: $id, at: $at) {{ {what} }} }}"
    for one, n in ((first, 6), (second, 100), (third, 200)):
        at = (await client.post(query, id=one["id"], at=past["seq"]))["execution"]["task"]
        assert at == {"outputs": {"n": n}, "cachedFrom": {"id": source["id"]}}
    await does(client, "deleteExecutions", "deleted", ids=[source["id"]])
    outputs_now = [task(await client.show(one["id"]), "two")["outputs"] for one in (first, second)]
    assert outputs_now == [{"n": 6}, {"n": 100}]


async def test_outputs_changed_in_a_rerun_are_reused_by_its_own_reruns(client: Client) -> None:
    source = await ended(client, flow("rp-own", CHAIN, HEAD))
    first = await replayed(client, source["id"], fromTask="three")
    await _given(client, first, "two", 100)
    second = await replayed(client, first["id"], fromTask="three")
    assert second["outputs"] == {"n": 105}
    shown = [
        task(await client.show(one["id"]), "two")["outputs"] for one in (source, first, second)
    ]
    assert shown == [{"n": 6}, {"n": 100}, {"n": 100}]


async def test_its_revision_is_the_same_or_the_latest(client: Client) -> None:
    source = await ended(client, flow("rp-revision", CHAIN, HEAD))
    more = "  - {id: four, type: log, message: a}\n"
    await client.save(flow("rp-revision", CHAIN + more, HEAD))
    same = await replayed(client, source["id"])
    latest = await replayed(client, source["id"], revision="LATEST")
    links = [(await read(client, one["id"], LINKS))["revision"]["number"] for one in (same, latest)]
    assert links == [1, 2]
    assert ("four" in states(same), "four" in states(latest)) == (False, True)
    planned = await does(
        client, "replayExecution", PLAN, id=source["id"], revision="LATEST", plan=True
    )
    assert [one["key"] for one in planned["plan"]["tasks"] if one["isNew"]] == ["four"]


async def test_its_inputs_may_change(client: Client) -> None:
    source = await ended(client, flow("rp-inputs", CHAIN, HEAD), inputs={"n": 1})
    assert (await replayed(client, source["id"]))["outputs"] == {"n": 3}
    assert (await replayed(client, source["id"], inputs={"n": 10}))["outputs"] == {"n": 21}
    problem = await refused(client, "replayExecution", id=source["id"], inputs={"m": 10})
    assert problem["code"] == "VALIDATION"


async def test_only_ended_executions_are_replayed(client: Client) -> None:
    id = await waits(client, flow("rp-early", "  - {id: w, type: wait, event: x}\n"))
    problem = await refused(client, "replayExecution", id=id)
    assert problem["code"] == "INVALID_STATE"
    await acted(client, "cancelExecution", id=id)


async def test_a_replay_without_required_outputs_is_refused_with_a_possible_start(
    client: Client,
) -> None:
    failing = CHAIN.replace("outputs.one.n + 1", "1 / 0")
    source = await ended(client, flow("rp-missing", failing, HEAD))
    problem = await refused(client, "replayExecution", id=source["id"], fromTask="three")
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["fromTask"])
    assert "start from two" in problem["message"]
    payload = await act(client, "replayExecution", id=source["id"], fromTask="thre")
    assert "three" in payload["problems"][0]["message"]


async def test_a_plan_is_shown_and_nothing_starts(client: Client) -> None:
    source = await ended(client, flow("rp-planned", CHAIN, HEAD))
    planned = await does(
        client, "replayExecution", PLAN, id=source["id"], fromTask="two", plan=True
    )
    links = [
        (one["key"], one["plan"], (one["reusedFrom"] or {}).get("id"))
        for one in planned["plan"]["tasks"]
    ]
    assert links == [("one", "REUSE", source["id"]), ("two", "RUN", None), ("three", "RUN", None)]
    found = await client.post(
        '{ executions(where: {flow: {eq: "rp-planned"}}) { totalCount { value } } }'
    )
    assert found["executions"]["totalCount"]["value"] == 1


async def tried(client: Client, id: str) -> str:
    """Returns the id of an ended test of this flow, after saving another document."""
    await client.save(flow(id, "  - {id: a, type: log, message: saved}\n"))
    limited = flow(id, "  - {id: a, type: log, message: tried}\n", "concurrency: {limit: 1}\n")
    begun = await acted(client, "runTest", source=limited)
    return str((await client.until_ended(begun["id"]))["id"])


async def count(client: Client, key: str) -> int:
    query = """query ($key: String!) { executions(where: {flow: {eq: $key}, includeTests: true}) {
      totalCount { value } } }"""
    found: int = (await client.post(query, key=key))["executions"]["totalCount"]["value"]
    return found


async def test_test_runs_are_replayed_only_with_permission_to_save(
    client: Client, people: People
) -> None:
    id = await tried(client, "rp-tried")
    operator = await people("runs-it", "operator")
    problem = await refused(operator, "replayExecution", id=id)
    assert (problem["code"], problem["path"]) == ("FORBIDDEN", ["revision"])
    assert "the permission UPDATE_FLOW; replay it with the LATEST" in problem["message"]
    assert await count(client, "rp-tried") == 1
    latest = await replayed(operator, id, revision="LATEST")
    links = await read(client, latest["id"], LINKS)
    assert links["revision"]["number"] == 1
    assert links["labels"] == [{"key": "system.replay", "value": "true"}]


async def test_a_replayed_test_is_a_test(client: Client, tables: Tables) -> None:
    found = await replayed(client, await tried(client, "rp-again"))
    links = await read(client, found["id"], LINKS)
    assert links["labels"] == [
        {"key": "system.replay", "value": "true"},
        {"key": "system.test", "value": "true"},
    ]
    rows = await tables.rows(
        "select revision, shares_slot, no_cache from executions where name = $1", found["name"]
    )
    assert rows == [{"revision": -1, "shares_slot": True, "no_cache": True}]
    listed = await client.post('{ executions(where: {flow: {eq: "rp-again"}}) { nodes { id } } }')
    assert listed["executions"]["nodes"] == []


async def test_test_runs_in_bulk_are_replayed_only_with_permission_to_save(
    client: Client, people: People
) -> None:
    id = await tried(client, "rp-many")
    preview = "preview { id wouldApply forbidden }"
    operator, editor = await people("runs-many", "operator"), await people("saves", "editor")
    arguments = {"action": "REPLAY", "ids": [id]}
    links = (await does(operator, "previewBulk", preview, **arguments))["preview"]
    assert (links["wouldApply"], links["forbidden"]) == (0, 1)
    payload = await act(operator, "runBulk", "bulk { id }", previewId=links["id"], mode="ATOMIC")
    assert [one["code"] for one in payload["problems"]] == ["FORBIDDEN"]
    assert await count(client, "rp-many") == 1
    links = (await does(editor, "previewBulk", preview, **arguments))["preview"]
    assert links["wouldApply"] == 1
    await does(editor, "runBulk", "bulk { id }", previewId=links["id"], mode="ATOMIC")
    assert await count(client, "rp-many") == 2


async def test_a_disabled_flow_is_not_replayed(client: Client) -> None:
    source = await ended(client, flow("rp-disabled", CHAIN, HEAD))
    switch = {"namespace": "semantics", "key": "rp-disabled"}
    await does(client, "setFlowEnabled", "flow { enabled }", **switch, enabled=False)
    for how in ("SAME", "LATEST"):
        problem = await refused(client, "replayExecution", id=source["id"], revision=how)
        assert (problem["code"], problem["path"]) == ("INVALID_STATE", ["id"])
        assert "`headway flows enable semantics/rp-disabled`" in problem["message"]
    made = await does(client, "previewBulk", "preview { id }", action="REPLAY", ids=[source["id"]])
    payload = await act(
        client, "runBulk", "bulk { id }", previewId=made["preview"]["id"], mode="ATOMIC"
    )
    assert [one["code"] for one in payload["problems"]] == ["INVALID_STATE"]
    assert await count(client, "rp-disabled") == 1
    await does(client, "setFlowEnabled", "flow { enabled }", **switch, enabled=True)
    assert (await replayed(client, source["id"]))["state"] == "SUCCESS"
