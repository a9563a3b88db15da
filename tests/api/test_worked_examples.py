"""The tasks that ML tracking tools document for their page of runs, done step by step through the API alone.

Debug a failed execution, compare training runs, track the history of an experiment. All names come from answers.
"""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.client import Client
from tests.api.test_recording import record, report

FLOW = """id: mnist-classifier
namespace: {namespace}
kind: train
inputs:
  - {{id: learning_rate, type: FLOAT, default: 0.001}}
  - {{id: commit, type: STRING, default: a3f9e2b7}}
  - {{id: data, type: STRING, default: "v1.2"}}
tasks:
  - id: load
    type: python
    args: {{data: "{{{{ inputs.data }}}}", commit: "{{{{ inputs.commit }}}}", lr: "{{{{ inputs.learning_rate }}}}"}}
    script: |
      import headway
      headway.git(commit=headway.args["commit"], branch="main", message="Improved model architecture")
      headway.property(learning_rate=headway.args["lr"], optimizer="adam", gpu_used="Tesla V100")
      headway.artifact(uri="s3://bucket/data/train.csv", name="train_dataset.csv", type="Dataset",
                       version=headway.args["data"], direction="IN")
  - id: fit
    type: python
    needs: [load]
    args: {{lr: "{{{{ inputs.learning_rate }}}}"}}
    script: |
      import headway
      if headway.args["lr"] >= 1:
          raise SystemExit("loss is nan")
      headway.metric("loss", 0.25, step=1)
"""
FOUND = """query ($search: String!, $orderBy: ExecutionOrder, $first: Int) {
  executions(search: $search, orderBy: $orderBy, first: $first) { nodes {
    id name kind state startedAt duration properties git { commit branch message } } } }"""


async def find(client: Client, search: str, **how: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await client.post(FOUND, search=search, **how))["executions"][
        "nodes"
    ]
    return nodes


def differing(rows: list[dict[str, Any]], name: str = "key") -> dict[str, list[Any]]:
    return {row[name]: [cell["value"] for cell in row["values"]] for row in rows if row["differs"]}


async def test_debug_a_failed_execution(client: Client) -> None:
    namespace = f"worked.n{uuid4().hex[:8]}"
    source = FLOW.format(namespace=namespace)
    good = await client.run(source)
    assert (await client.until_ended(good["id"]))["state"] == "SUCCESS"
    bad = {"learning_rate": 10, "commit": "ffff0000", "data": "v1.3"}
    for inputs in ({}, bad):
        made = await client.create(f"{namespace}/mnist-classifier", inputs=inputs)
        await client.until_ended(made["id"])

    # Filter by status, select the most recent failed execution.
    (failed,) = await find(client, f"namespace:{namespace} status:failed", first=1)
    assert failed["id"] == made["id"]
    # Properties for parameter issues, input artifacts for the data, git commit for code changes.
    query = """query ($id: ID!) { execution(id: $id) {
      properties git { commit branch message } lastSuccess { id }
      failure { message taskRun { key } } artifacts(direction: IN) { name type version uri } } }"""
    shown = (await client.post(query, id=failed["id"]))["execution"]
    assert shown["properties"] == {
        "learning_rate": 10, "optimizer": "adam", "gpu_used": "Tesla V100",
    }  # fmt: skip
    assert shown["git"] == {
        "commit": "ffff0000", "branch": "main", "message": "Improved model architecture",
    }  # fmt: skip
    assert shown["artifacts"] == [
        {"name": "train_dataset.csv", "type": "Dataset", "version": "v1.3",
         "uri": "s3://bucket/data/train.csv"},
    ]  # fmt: skip
    assert shown["failure"]["taskRun"] == {"key": "fit"}
    # Compare with the previous successful execution: the nearest, not the first.
    before = shown["lastSuccess"]["id"]
    assert before not in (failed["id"], good["id"])
    query = """query ($ids: [ID!]!) { compareExecutions(ids: $ids, onlyDifferences: true) {
      properties { key differs values { value } } git { key differs values { value } }
      inputs { key differs values { value } } about { key differs values { value } }
      artifacts { name direction values { versions } } metrics { name values { value } }
      tasks { key values { states } } states { steps { state } } } }"""
    found = (await client.post(query, ids=[before, failed["id"]]))["compareExecutions"]
    assert differing(found["properties"]) == {"learning_rate": [0.001, 10]}
    assert differing(found["git"]) == {"commit": ["a3f9e2b7", "ffff0000"]}
    assert differing(found["inputs"]) == {
        "commit": ["a3f9e2b7", "ffff0000"], "data": ["v1.2", "v1.3"], "learning_rate": [0.001, 10],
    }  # fmt: skip
    about = differing(found["about"])
    assert about.pop("failure") == [None, shown["failure"]["message"]]
    assert about == {"state": ["SUCCESS", "FAILED"]}
    assert found["artifacts"] == [
        {"name": "train_dataset.csv", "direction": "IN",
         "values": [{"versions": ["v1.2"]}, {"versions": ["v1.3"]}]},
    ]  # fmt: skip
    assert found["metrics"] == [{"name": "loss", "values": [{"value": 0.25}, {"value": None}]}]
    (fit,) = [one for one in found["tasks"] if one["key"] == "fit"]
    assert fit["values"] == [{"states": ["SUCCESS"]}, {"states": ["FAILED"]}]
    assert [step["state"] for step in found["states"][1]["steps"]] == [
        "CREATED", "RUNNING", "FAILED_FINISHING", "FAILED",
    ]  # fmt: skip


async def trained(client: Client, namespace: str, number: int) -> str:
    """Records the run of one learning rate: prepared data in, a model out, and its loss over three epochs."""
    made = await record(
        client,
        "mnist-classifier",
        namespace=namespace,
        name=f"train_model_{number}",
        startedAt=f"2026-01-2{number}T14:00:00Z",
        properties={"learning_rate": 10.0**-number, "epochs": 3},
        git={"commit": f"a3f9e2b{number}", "branch": "feature/improved-model"},
    )
    id: str = made["id"]
    uses = [
        {"name": "train.csv", "uri": "s3://bucket/train.csv", "direction": "IN", "version": "v1.2"},
        {"name": "model.pkl", "uri": "s3://bucket/model.pkl", "direction": "OUT",
         "version": f"v2.{number}", "type": "Model"},
    ]  # fmt: skip
    await report(client, id, "recordArtifacts", artifacts=uses)
    losses = [
        {"name": "loss", "value": number / step, "step": step, "taskKey": "fit"}
        for step in (1, 2, 4)
    ]
    await report(client, id, "recordMetrics", metrics=losses)
    ended = f"2026-01-2{number}T14:{number}0:00Z"
    await report(client, id, "finishExecution", state="SUCCESS", endedAt=ended)
    return id


async def pipeline_of(client: Client, namespace: str) -> dict[str, Any]:
    """Returns the pipeline, as a person selects it in a drop-down."""
    pipelines = (await client.post("{ pipelines { namespace key kinds executionCount } }"))[
        "pipelines"
    ]
    (found,) = [one for one in pipelines if one["namespace"] == namespace]
    pipeline: dict[str, Any] = found
    return pipeline


async def test_compare_training_runs(client: Client) -> None:
    namespace = f"worked.n{uuid4().hex[:8]}"
    ids = [await trained(client, namespace, number) for number in (1, 2, 3)]
    await record(client, "mnist-classifier", namespace=namespace, kind="test")

    # Select the pipeline, filter by execution type, select several.
    pipeline = await pipeline_of(client, namespace)
    assert (pipeline["key"], sorted(pipeline["kinds"])) == ("mnist-classifier", ["test", "train"])
    search = f"namespace:{namespace} pipeline:{pipeline['key']} kind:train"
    chosen = [node["id"] for node in await find(client, search, orderBy="STARTED_ASC")]
    assert chosen == ids
    # Side by side: hyperparameters, metrics, models, duration.
    query = """query ($ids: [ID!]!) { compareExecutions(ids: $ids) {
      executions { name }
      properties { key differs values { value } }
      metrics { name taskKey values { value delta percent points { step value } } }
      artifacts { name direction differs values { versions } }
      durations { key differs values { value delta percent } } } }"""
    found = (await client.post(query, ids=chosen))["compareExecutions"]
    assert [one["name"] for one in found["executions"]] == [f"train_model_{n}" for n in (1, 2, 3)]
    assert [one["key"] for one in found["properties"]] == ["epochs", "learning_rate"]
    assert differing(found["properties"]) == {"learning_rate": [0.1, 0.01, 0.001]}
    (loss,) = found["metrics"]
    assert (loss["name"], loss["taskKey"]) == ("loss", "fit")
    assert [[cell[key] for key in ("value", "delta", "percent")] for cell in loss["values"]] == [
        [0.25, 0, 0], [0.5, 0.25, 100], [0.75, 0.5, 200],
    ]  # fmt: skip
    assert [[point["value"] for point in cell["points"]] for cell in loss["values"]] == [
        [1, 0.5, 0.25], [2, 1, 0.5], [3, 1.5, 0.75],
    ]  # fmt: skip
    assert [
        (one["name"], one["differs"], [cell["versions"] for cell in one["values"]])
        for one in found["artifacts"]
    ] == [("train.csv", False, [["v1.2"]] * 3), ("model.pkl", True, [["v2.1"], ["v2.2"], ["v2.3"]])]
    (total,) = [one for one in found["durations"] if one["key"] == "total"]
    assert [(cell["value"], cell["percent"]) for cell in total["values"]] == [
        (600, 0), (1200, 100), (1800, pytest.approx(200)),
    ]  # fmt: skip


async def test_track_the_history_of_an_experiment(client: Client) -> None:
    namespace = f"worked.n{uuid4().hex[:8]}"
    ids = [await trained(client, namespace, number) for number in (2, 3, 1)]

    # Select the pipeline, sort by start, the latest first; properties show how parameters varied.
    pipeline = await pipeline_of(client, namespace)
    search = f"namespace:{namespace} pipeline:{pipeline['key']}"
    history = await find(client, search, orderBy="STARTED_DESC")
    assert [node["id"] for node in history] == [ids[1], ids[0], ids[2]]
    assert [node["properties"]["learning_rate"] for node in history] == [0.001, 0.01, 0.1]
    # One of them in detail.
    query = """query ($id: ID!) { execution(id: $id) { metrics(name: "loss") { step value } } }"""
    shown = (await client.post(query, id=history[0]["id"]))["execution"]
    losses = sorted((metric["step"], metric["value"]) for metric in shown["metrics"])
    assert losses == [(1, 3), (2, 1.5), (4, 0.75)]
    # Its lineage: the data that all of them used, and the model that this one made.
    query = """query ($id: ID!) { lineage(of: $id, depth: 1) { truncated
      nodes { __typename ... on Execution { id } ... on Artifact { id name version } }
      edges { from to direction } } }"""
    graph = (await client.post(query, id=history[0]["id"]))["lineage"]
    names = {
        node["id"]: node.get("name", "the run") + " " + node.get("version", "")
        for node in graph["nodes"]
    }
    assert {(names[edge["from"]], names[edge["to"]]) for edge in graph["edges"]} == {
        ("train.csv v1.2", "the run "),
        ("the run ", "model.pkl v2.3"),
    }
    # The progress of the experiment as a whole.
    query = """query ($search: String) {
      executionStats(search: $search, since: "2026-01-01T00:00:00Z", bucket: WEEK) {
        total successRate failureRate averageDuration p50Duration flows { flowKey total } } }"""
    stats = (await client.post(query, search=search))["executionStats"]
    assert stats == {
        "total": 3, "successRate": 1, "failureRate": 0, "averageDuration": 1200, "p50Duration": 1200,
        "flows": [{"flowKey": pipeline["key"], "total": 3}],
    }  # fmt: skip
