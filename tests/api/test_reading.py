"""Stored data can be read: every id, every list in both directions, every filter, every field of an execution."""

from typing import Any

import pytest

from tests.api.client import Client

SOURCE = """id: readable
namespace: reading.{part}
kind: {kind}
labels: {{part: {part}}}
tasks:
  - id: measure
    type: python
    script: |
      import headway
      headway.metric("loss", 0.5, step=1)
      headway.metric("loss", 0.25, step=2)
      headway.progress(0.5, "half")
      headway.property(lr=0.1)
      open("model.txt", "w").write("weights")
      headway.artifact("model.txt", type="Model")
      headway.output(rows=3)
      print("said", flush=True)
  - {{id: ok, type: approval, needs: [measure], message: "{{{{ outputs.measure.rows }}}} rows?"}}
outputs: {{rows: "{{{{ outputs.measure.rows }}}}"}}
"""
EVERYTHING = """query ($id: ID!) { execution(id: $id) {
  id name flow { id key namespace revision { id number } inputs { id } executions(first: 1) { nodes { id } } }
  namespace flowKey kind revision { id number tasks { key type source needs } } state
  stateHistory { seq state at actor { kind name } reason } seq progress inputs outputs labels { key value } properties
  onFailure priority disabledTasks trigger origin createdBy { kind name } createdAt startedAt endedAt duration queuedFor
  rerunOf { id } previous { id } next { id } lastSuccess { id }
  taskRuns { id key state stateHistory { state } attempts { id number state worker resources { cpuSeconds } }
    metrics { name value step kind } artifacts { id name } logs(last: 5) { nodes { text } }
    approval { id canDecide votes { comment } }
    waitingFor { code } availableActions { action allowed } task { key } execution { id } }
  task(key: "measure") { id } graph { nodes { key } edges { from to } } events(first: 200) { id seq type data }
  logs { nodes { line text stream level taskKey } totalCount { value exact } }
  metrics(name: "loss") { value step } artifacts { id name type uri digest size direction }
  approvals { id state } availableActions { action } waitingFor { code } failure { message } archived } }"""


async def ended(client: Client, part: str, kind: str = "train") -> dict[str, Any]:
    id = (await client.run(SOURCE.format(part=part, kind=kind)))["id"]
    waiting = await client.until(id, state="WAITING_FOR_APPROVAL")
    await client.mutate(
        "approve", approvalId=waiting["taskRuns"][1]["approval"]["id"], comment="yes"
    )
    await client.until_ended(id)
    found = await client.post(EVERYTHING, id=id)
    execution: dict[str, Any] = found["execution"]
    return execution


async def test_all_messages_of_a_task_can_be_read(client: Client) -> None:
    one = await ended(client, "all")
    assert (one["state"], one["outputs"], one["progress"]) == ("SUCCESS", {"rows": 3}, 1.0)
    assert one["properties"] == {"lr": 0.1}
    assert [(m["value"], m["step"]) for m in one["metrics"]] == [(0.5, 1), (0.25, 2)]
    (artifact,) = one["artifacts"]
    assert (artifact["name"], artifact["type"], artifact["size"]) == ("model.txt", "Model", 7)
    assert "said" in [line["text"] for line in one["logs"]["nodes"]]
    assert one["logs"]["totalCount"]["exact"]
    assert one["graph"]["edges"] == [{"from": "measure", "to": "ok"}]
    assert [event["seq"] for event in one["events"]] == list(range(1, one["seq"] + 1))
    assert one["stateHistory"][0]["state"] == "CREATED"
    assert one["stateHistory"][-1]["state"] == "SUCCESS"
    assert one["waitingFor"] == [] and one["failure"] is None
    assert "_id" not in str([list(event["data"]) for event in one["events"]]), "no database keys"


async def test_every_id_resolves_to_its_object(client: Client) -> None:
    one = await ended(client, "ids")
    ids = [
        one["id"],
        one["flow"]["id"],
        one["revision"]["id"],
        one["taskRuns"][0]["id"],
        one["taskRuns"][0]["attempts"][0]["id"],
        one["approvals"][0]["id"],
        one["artifacts"][0]["id"],
        one["events"][0]["id"],
    ]
    workers = (await client.post("{ workers { id alive running queues } }"))["workers"]
    ids.append(next(worker["id"] for worker in workers if worker["alive"]))
    wrong = ["nonsense", "exec_01h45ytscbebyvny4gc8cr8ma2", "run_!!"]
    found = await client.post(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=[*ids, *wrong]
    )
    assert [node and node["id"] for node in found["nodes"]] == [*ids, None, None, None]
    assert [node["__typename"] for node in found["nodes"][: len(ids)]] == [
        "Execution", "Flow", "FlowRevision", "TaskRun", "Attempt", "Approval", "ArtifactUse",
        "ExecutionEvent", "Worker",
    ]  # fmt: skip


LIST = """query ($where: ExecutionFilter, $first: Int, $after: String, $last: Int, $before: String,
                  $orderBy: ExecutionOrder) {
  executions(where: $where, first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy) {
    nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount { value exact } } }"""


async def test_pages_go_both_ways_and_are_stable_under_insertion(client: Client) -> None:
    await client.save(
        "id: paged\nnamespace: reading.pages\ntasks: [{id: a, type: log, message: a}]\n"
    )
    made = [(await client.create("reading.pages/paged"))["id"] for _ in range(7)]
    where = {"namespace": {"eq": "reading.pages"}}
    seen: list[str] = []
    after = None
    while True:
        page = (await client.post(LIST, where=where, first=3, after=after))["executions"]
        seen += [node["id"] for node in page["nodes"]]
        if len(seen) == 3:
            await client.create("reading.pages/paged")
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == made[::-1]
    back = (await client.post(LIST, where=where, last=2, before=page["pageInfo"]["startCursor"]))[
        "executions"
    ]
    assert [node["id"] for node in back["nodes"]] == [made[2], made[1]]
    assert back["pageInfo"]["hasNextPage"] and back["pageInfo"]["hasPreviousPage"]
    oldest = (await client.post(LIST, where=where, first=1, orderBy="CREATED_ASC"))["executions"]
    assert oldest["nodes"][0]["id"] == made[0]
    assert oldest["totalCount"] == {"value": 8, "exact": True}
    for id in made:
        await client.until_ended(id)


FILTERS: list[tuple[dict[str, Any], int]] = [
    ({"kind": {"eq": "train"}}, 1),
    ({"kind": {"in": ["train", "test"]}}, 2),
    ({"kind": {"prefix": "te"}}, 1),
    ({"state": {"eq": "SUCCESS"}}, 2),
    ({"state": {"notIn": ["SUCCESS"]}}, 0),
    ({"labels": {"has": {"key": "part", "value": "f1"}}}, 1),
    ({"labels": {"hasKey": "part"}}, 2),
    ({"not": {"kind": {"eq": "train"}}}, 1),
    ({"or": [{"kind": {"eq": "train"}}, {"kind": {"eq": "test"}}]}, 2),
    ({"or": []}, 0),
    ({"and": [{"kind": {"eq": "train"}}, {"state": {"eq": "FAILED"}}]}, 0),
    ({"createdAt": {"gte": "2020-01-01T00:00:00Z"}}, 2),
    ({"createdAt": {"lt": "2020-01-01T00:00:00Z"}}, 0),
    ({"startedAt": {"gt": "2020-01-01T00:00:00Z"}, "endedAt": {"lte": "2099-01-01T00:00:00Z"}}, 2),
]


async def test_each_filter_finds_its_rows(client: Client) -> None:
    await ended(client, "f1", "train")
    await ended(client, "f2", "test")
    mine = {"namespace": {"in": ["reading.f1", "reading.f2"]}}
    for where, count in FILTERS:
        found = (await client.post(LIST, where={"and": [mine, where]}))["executions"]
        assert (len(found["nodes"]), found["totalCount"]["value"]) == (count, count), where


async def test_flows_namespaces_and_the_inbox_are_read(client: Client) -> None:
    id = (await client.run(SOURCE.format(part="inbox", kind="train")))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    found = await client.post(
        """query ($id: ID!) { namespaces { name flowCount }
        flows(where: {namespace: {prefix: "reading."}}, first: 1) {
          nodes { key namespace } pageInfo { hasNextPage endCursor } }
        approvals(where: {mine: true, executionId: $id, state: [PENDING]}) {
          nodes { message canDecide } totalCount { value } }
        viewer { actor { name } permissions version } flowSchema validateFlow(source: "id: x") { message } }""",
        id=id,
    )
    assert {"name": "reading.inbox", "flowCount": 1} in found["namespaces"]
    assert found["approvals"] == {
        "nodes": [{"message": "3 rows?", "canDecide": True}],
        "totalCount": {"value": 1},
    }
    assert found["validateFlow"] and found["flowSchema"]["$defs"]
    await client.mutate("cancelExecution", id=id)


@pytest.mark.parametrize("order", ["NAME_ASC", "UPDATED_DESC"])
async def test_flows_page_through_in_each_order(client: Client, order: str) -> None:
    for name in ("a", "b", "c"):
        await client.save(
            f"id: {name}\nnamespace: reading.order\ntasks: [{{id: a, type: log, message: a}}]\n"
        )
    query = """query ($after: String, $order: FlowOrder) { flows(where: {namespace: {eq: "reading.order"}}, first: 2,
      after: $after, orderBy: $order) { nodes { key } pageInfo { hasNextPage endCursor } } }"""
    first = (await client.post(query, order=order))["flows"]
    rest = (await client.post(query, order=order, after=first["pageInfo"]["endCursor"]))["flows"]
    keys = [flow["key"] for flow in first["nodes"] + rest["nodes"]]
    assert sorted(keys) == ["a", "b", "c"]
    assert first["pageInfo"]["hasNextPage"] and not rest["pageInfo"]["hasNextPage"]
