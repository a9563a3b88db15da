"""External runs: reported over HTTP, in any order, and any number of times."""

import asyncio
import itertools
from typing import Any

import pytest

from tests.api.client import Client, states, task

GIT = {
    "commit": "a3f9e2b7c1",
    "branch": "feature/improved-model",
    "repository": "https://git.example/ml",
    "author": "john.doe@example.com",
    "message": "Improved model architecture",
}
WHOLE = """query ($id: ID!) { execution(id: $id) {
  id name namespace flowKey kind origin state seq progress startedAt endedAt duration queuedFor createdAt
  inputs outputs properties labels { key value } git { commit branch repository author message }
  flow { id } revision { number } previous { id } next { id } lastSuccess { id }
  taskRuns { key state startedAt endedAt attempts { number state startedAt endedAt exitCode error { code message } }
             task { key type source needs } metrics { name value } artifacts { name version } waitingFor { code }
             stateHistory { state } availableActions { action allowed } }
  graph { nodes { key } edges { from to } } waitingFor { code } failure { code message exitCode taskRun { key } }
  metrics { name value step kind taskKey attempt } events(first: 200) { seq type data }
  artifacts { name version type uri digest size direction taskKey artifact { id version } }
  availableActions { action allowed code reason } } }"""


async def record(client: Client, pipeline: str, **input: Any) -> dict[str, Any]:
    payload = await client.mutate(
        "recordExecution", **{"namespace": "ml", "pipeline": pipeline, "kind": "train", **input}
    )
    assert payload["problems"] == []
    execution: dict[str, Any] = payload["execution"]
    return execution


async def report(client: Client, id: str, name: str, /, **input: Any) -> dict[str, Any]:
    payload = await client.mutate(name, executionId=id, **input)
    assert payload["problems"] == []
    execution: dict[str, Any] = payload["execution"]
    return execution


async def refusal(client: Client, id: str, name: str, /, **input: Any) -> dict[str, Any]:
    """Returns the only problem, after checking that nothing has changed."""
    before = await whole(client, id)
    payload = await client.mutate(name, executionId=id, **input)
    assert await whole(client, id) == before
    (problem,) = payload["problems"]
    found: dict[str, Any] = problem
    return found


async def whole(client: Client, id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.post(WHOLE, id=id))["execution"]
    if found["endedAt"] is None:
        found["duration"] = None
        found["queuedFor"] = found["queuedFor"] if found["startedAt"] else None
    return found


async def test_a_run_is_reported_from_start_to_end(client: Client) -> None:
    made = await record(
        client,
        "mnist",
        name="train_model_a3f9",
        git=GIT,
        inputs={"learning_rate": 0.001},
        properties={"gpu": "T4"},
        labels=[{"key": "team", "value": "vision"}],
        startedAt="2026-01-21T14:23:15Z",
    )
    id = made["id"]
    assert (made["state"], made["name"]) == ("RUNNING", "train_model_a3f9")
    await report(
        client, id, "recordTaskRun", key="fit", state="RUNNING", startedAt="2026-01-21T14:24:00Z"
    )
    await report(
        client, id, "recordTaskRun", key="fit", state="SUCCESS", exitCode=0,
        endedAt="2026-01-21T14:28:00Z", outputs={"accuracy": 0.97},
    )  # fmt: skip
    await report(client, id, "recordMetrics", metrics=[{"name": "loss", "value": 0.2, "step": 3}])
    await report(client, id, "recordProperties", properties={"cuda": "11.7"})
    await report(
        client, id, "finishExecution", state="SUCCESS", endedAt="2026-01-21T14:28:43Z",
        outputs={"model": "m.pkl"},
    )  # fmt: skip
    found = await whole(client, id)
    assert (found["origin"], found["state"], found["progress"]) == ("EXTERNAL", "SUCCESS", 1.0)
    assert (found["namespace"], found["flowKey"], found["kind"]) == ("ml", "mnist", "train")
    assert found["startedAt"] == "2026-01-21T14:23:15.000000Z"
    assert (found["duration"], found["queuedFor"]) == (328.0, 0.0)
    assert found["git"] == GIT
    assert found["inputs"] == {"learning_rate": 0.001}
    assert found["outputs"] == {"model": "m.pkl"}
    assert found["properties"] == {"gpu": "T4", "cuda": "11.7"}
    assert (found["flow"], found["revision"], found["failure"]) == (None, None, None)
    (fit,) = found["taskRuns"]
    (attempt,) = fit["attempts"]
    assert (fit["state"], attempt["state"], attempt["exitCode"]) == ("SUCCESS", "SUCCESS", 0)
    assert attempt["startedAt"] == "2026-01-21T14:24:00.000000Z"
    assert attempt["endedAt"] == fit["endedAt"] == "2026-01-21T14:28:00.000000Z"
    assert fit["task"] == {"key": "fit", "type": "external", "source": "", "needs": []}
    assert found["graph"] == {"nodes": [{"key": "fit"}], "edges": []}
    assert [event["seq"] for event in found["events"]] == list(range(1, found["seq"] + 1))
    assert "_id" not in str([list(event["data"]) for event in found["events"]])


EARLY = "2026-01-21T09:00:00Z"
REPORTS: list[dict[str, Any]] = [
    {"name": "recordTaskRun", "key": "a", "state": "RUNNING", "startedAt": "2026-01-21T10:00:00Z"},
    {"name": "recordTaskRun", "key": "a", "state": "SUCCESS", "endedAt": "2026-01-21T10:05:00Z"},
    {"name": "recordMetrics", "metrics": [{"name": "loss", "value": 0.5, "taskKey": "a"}]},
    {
        "name": "recordArtifacts",
        "artifacts": [{"uri": "s3://b/m", "direction": "OUT", "taskKey": "a"}],
    },
    {"name": "finishExecution", "state": "SUCCESS", "endedAt": "2026-01-21T10:06:00Z"},
]


async def test_reports_in_any_order_have_the_same_result(client: Client) -> None:
    """Sends five reports in every order, each twice."""
    ways = list(itertools.permutations(REPORTS))
    found = await asyncio.gather(*(_reported_in(client, way, n) for n, way in enumerate(ways[::5])))
    assert {str(one) for one in found} == {str(found[0])}
    state, runs, metrics, artifacts = found[0]
    assert (state, runs) == (
        "SUCCESS",
        [
            (
                "a",
                "SUCCESS",
                "2026-01-21T10:00:00.000000Z",
                "2026-01-21T10:05:00.000000Z",
                [(1, "SUCCESS")],
            )
        ],
    )
    assert (metrics, artifacts) == ([("loss", "a")], [("m", "a", ["loss"], 1)])


async def _reported_in(client: Client, way: tuple[dict[str, Any], ...], n: int) -> tuple[Any, ...]:
    id = (await record(client, "orders", startedAt=EARLY, namespace=f"ml.order{n}"))["id"]
    for one in way:
        for _ in range(2):
            input = {key: value for key, value in one.items() if key != "name"}
            await report(client, id, one["name"], **input)
    found = await whole(client, id)
    (run,) = found["taskRuns"]
    numbers = [(one["number"], one["state"]) for one in run["attempts"]]
    return (
        found["state"],
        [(run["key"], run["state"], run["startedAt"], run["endedAt"], numbers)],
        [(one["name"], one["taskKey"]) for one in found["metrics"]],
        [
            (
                one["name"],
                one["taskKey"],
                [m["name"] for m in run["metrics"]],
                len(run["artifacts"]),
            )
            for one in found["artifacts"]
        ],
    )


@pytest.mark.parametrize(
    "call", REPORTS, ids=lambda call: f"{call['name']} {call.get('state', '')}"
)
async def test_the_same_call_twice_changes_nothing(client: Client, call: dict[str, Any]) -> None:
    id = (await record(client, "twice", startedAt=EARLY))["id"]
    input = {key: value for key, value in call.items() if key != "name"}
    await report(client, id, call["name"], **input)
    once = await whole(client, id)
    await report(client, id, call["name"], **input)
    assert await whole(client, id) == once


async def test_one_key_records_one_execution_and_other_input_is_a_conflict(client: Client) -> None:
    made = await asyncio.gather(
        *(record(client, "keyed", idempotencyKey="run-1") for _ in range(5))
    )
    assert len({one["id"] for one in made}) == 1
    payload = await client.mutate(
        "recordExecution", namespace="ml", pipeline="keyed", kind="test", idempotencyKey="run-1"
    )
    assert payload["problems"][0]["code"] == "IDEMPOTENCY_CONFLICT"


async def test_a_batch_of_metrics_with_a_key_counts_once(client: Client) -> None:
    id = (await record(client, "batches"))["id"]
    same = [{"name": "loss", "value": 0.5}] * 3
    for _ in range(2):
        await report(client, id, "recordMetrics", metrics=same, idempotencyKey="b1")
    await report(client, id, "recordMetrics", metrics=same[:1], idempotencyKey="b2")
    assert len((await whole(client, id))["metrics"]) == 4
    problem = await refusal(client, id, "recordMetrics", metrics=same[:2], idempotencyKey="b1")
    assert problem["code"] == "IDEMPOTENCY_CONFLICT"


async def test_an_end_is_not_taken_back(client: Client) -> None:
    id = (await record(client, "ends"))["id"]
    await report(client, id, "recordTaskRun", key="a", state="SUCCESS")
    problem = await refusal(client, id, "recordTaskRun", key="a", state="FAILED")
    assert (problem["code"], problem["path"]) == ("INVALID_STATE", ["state"])
    assert "report its next attempt" in problem["message"]
    await report(client, id, "finishExecution", state="SUCCESS")
    problem = await refusal(client, id, "finishExecution", state="FAILED")
    assert (problem["__typename"], problem["state"]) == ("InvalidState", "SUCCESS")
    assert (await refusal(client, id, "heartbeat"))["code"] == "INVALID_STATE"


@pytest.mark.parametrize(
    ("end", "moves"),
    [
        ("SUCCESS", ["CREATED", "RUNNING", "SUCCESS"]),
        ("WARNING", ["CREATED", "RUNNING", "WARNING"]),
        ("ERROR", ["CREATED", "RUNNING", "ERROR"]),
        ("FAILED", ["CREATED", "RUNNING", "FAILED_FINISHING", "FAILED"]),
        ("REJECTED", ["CREATED", "RUNNING", "FAILED_FINISHING", "REJECTED"]),
        ("KILLED", ["CREATED", "RUNNING", "KILLED"]),
    ],
)
async def test_every_end_is_reached_by_transitions_of_the_table(
    client: Client, end: str, moves: list[str]
) -> None:
    id = (await record(client, "ways"))["id"]
    await report(client, id, "finishExecution", state=end)
    found = await client.post(
        "query ($id: ID!) { execution(id: $id) { stateHistory { state } failure { code } } }", id=id
    )
    assert [one["state"] for one in found["execution"]["stateHistory"]] == moves
    failed = found["execution"]["failure"]
    assert failed == (None if end in ("SUCCESS", "WARNING") else {"code": end})


async def test_only_runs_that_never_started_can_be_cancelled(client: Client) -> None:
    made = await record(client, "pending", started=False)
    assert made["state"] == "CREATED"
    ended = await report(client, made["id"], "finishExecution", state="CANCELLED")
    assert ended["state"] == "CANCELLED"
    id = (await record(client, "pending"))["id"]
    problem = await refusal(client, id, "finishExecution", state="CANCELLED")
    assert problem["message"] == (
        "an execution that is RUNNING cannot end CANCELLED: only one that never started can"
    )
    id = (await record(client, "pending", started=False))["id"]
    assert (await report(client, id, "recordTaskRun", key="a", state="QUEUED"))[
        "state"
    ] == "CREATED"
    assert (await report(client, id, "recordTaskRun", key="a", state="RUNNING"))[
        "state"
    ] == "RUNNING"
    id = (await record(client, "pending", started=False))["id"]
    assert (await report(client, id, "heartbeat"))["state"] == "RUNNING"


async def test_another_attempt_after_a_failure(client: Client) -> None:
    id = (await record(client, "attempts"))["id"]
    error = {"code": "OOM", "message": "out of memory"}
    await report(client, id, "recordTaskRun", key="a", state="FAILED", error=error, exitCode=137)
    failed = await whole(client, id)
    assert failed["failure"] == {**error, "exitCode": 137, "taskRun": {"key": "a"}}
    await report(client, id, "recordTaskRun", key="a", attempt=2, state="RUNNING")
    await report(client, id, "recordTaskRun", key="a", attempt=1, state="FAILED", error=error)
    await report(client, id, "recordTaskRun", key="a", attempt=2, state="SUCCESS")
    await report(client, id, "finishExecution", state="SUCCESS")
    found = await whole(client, id)
    assert found["failure"] is None
    (run,) = found["taskRuns"]
    assert [(one["number"], one["state"], one["exitCode"]) for one in run["attempts"]] == [
        (1, "FAILED", 137),
        (2, "SUCCESS", None),
    ]


async def test_unfinished_task_runs_end_with_their_execution_until_their_end_is_reported(
    client: Client,
) -> None:
    id = (await record(client, "open"))["id"]
    for key, state in (("a", "RUNNING"), ("b", "QUEUED"), ("c", "RUNNING")):
        await report(client, id, "recordTaskRun", key=key, state=state)
    ended = await report(client, id, "finishExecution", state="SUCCESS")
    assert states(ended) == {"a": "KILLED", "b": "CANCELLED", "c": "KILLED"}
    assert task(ended, "a")["error"]["code"] == "UNFINISHED"
    await report(client, id, "recordTaskRun", key="a", state="SUCCESS")
    late = await report(client, id, "recordTaskRun", key="late", state="RUNNING")
    assert states(late) == {"a": "SUCCESS", "b": "CANCELLED", "c": "KILLED", "late": "KILLED"}
    assert task(late, "a")["error"] is None


async def test_a_run_without_heartbeats_ends_in_error_and_one_with_them_continues(
    client: Client,
) -> None:
    silent = (await record(client, "silence", heartbeatTtl=1))["id"]
    alive = (await record(client, "silence", heartbeatTtl=600))["id"]
    ended = await client.until_ended(silent)
    assert ended["state"] == "ERROR"
    assert ended["failure"]["code"] == "SILENT"
    assert ended["failure"]["message"] == "no heartbeat for 1 seconds"
    problem = await refusal(client, silent, "finishExecution", state="SUCCESS")
    assert (problem["code"], problem["state"]) == ("INVALID_STATE", "ERROR")
    assert (await report(client, alive, "heartbeat"))["state"] == "RUNNING"
    await report(client, alive, "finishExecution", state="SUCCESS")


async def test_a_heartbeat_keeps_it_alive(client: Client) -> None:
    """The heartbeat timeout counts from the last report of any kind."""
    id = (await record(client, "alive", heartbeatTtl=2))["id"]
    other = (await record(client, "alive", heartbeatTtl=2))["id"]
    waiting = asyncio.create_task(client.until_ended(other))
    n = 0
    while not waiting.done():
        await report(client, id, "recordMetrics", metrics=[{"name": "n", "value": n}])
        n += 1
        await asyncio.wait([waiting], timeout=0.2)
    assert (await waiting)["state"] == "ERROR"
    assert (await report(client, id, "finishExecution", state="SUCCESS"))["state"] == "SUCCESS"


FLOW = """id: own
namespace: recording
tasks:
  - id: fit
    type: python
    script: |
      import headway
      headway.git(commit="abc123", branch="main")
      headway.artifact(uri="s3://lake/in.csv", type="Dataset", direction="IN")
"""


async def test_an_own_execution_accepts_only_properties_as_reports(client: Client) -> None:
    id = (await client.run(FLOW))["id"]
    await client.until_ended(id)
    for name, input in (
        ("recordTaskRun", {"key": "x", "state": "RUNNING"}),
        ("finishExecution", {"state": "FAILED"}),
        ("heartbeat", {}),
        ("recordMetrics", {"metrics": [{"name": "n", "value": 1}]}),
        ("recordLogs", {"lines": [{"text": "a"}]}),
        ("recordArtifacts", {"artifacts": [{"uri": "a", "direction": "IN"}]}),
    ):
        problem = await refusal(client, id, name, **input)
        assert problem["code"] == "INVALID_STATE"
        assert "recordExecution" in problem["message"]
    await report(client, id, "recordProperties", properties={"best": True}, git={"author": "maria"})
    found = await whole(client, id)
    assert found["properties"] == {"best": True}
    assert found["git"] == {
        "commit": "abc123", "branch": "main", "author": "maria", "repository": None, "message": None,
    }  # fmt: skip
    assert [(one["name"], one["version"]) for one in found["artifacts"]] == [("in.csv", "1")]


async def test_external_runs_are_found_by_origin_code_and_pipeline(client: Client) -> None:
    one = await record(client, "found", git={"commit": "feed01", "branch": "dev"}, kind="prepare")
    two = await record(client, "found", git={"commit": "feed02", "branch": "main"})
    query = "query ($where: ExecutionFilter) { executions(where: $where) { nodes { id } } }"
    for where, ids in (
        ({"commit": {"prefix": "feed"}}, [two["id"], one["id"]]),
        ({"branch": {"eq": "dev"}, "origin": "EXTERNAL"}, [one["id"]]),
        ({"branch": {"eq": "dev"}, "origin": "HEADWAY"}, []),
        ({"flow": {"eq": "found"}, "kind": {"eq": "train"}}, [two["id"]]),
    ):
        found = await client.post(query, where=where)
        assert [node["id"] for node in found["executions"]["nodes"]] == ids
    pipelines = (await client.post("{ pipelines { namespace key kinds executionCount } }"))[
        "pipelines"
    ]
    assert {
        "namespace": "ml",
        "key": "found",
        "kinds": ["prepare", "train"],
        "executionCount": 2,
    } in pipelines
