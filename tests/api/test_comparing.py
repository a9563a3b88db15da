"""Executions compared, as a client sees them."""

import itertools
from typing import Any

import asyncpg
import pytest

from models.access.viewer import Scope
from models.ids import untyped
from runner.store.execution.history import executions_by_id
from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_recording import record, report

CELL = "value present differs"
COMPARE = f"""query ($ids: [ID!]!, $only: Boolean) {{ compareExecutions(ids: $ids, onlyDifferences: $only) {{
  executions {{ id name }}
  about {{ key differs values {{ {CELL} }} }}
  inputs {{ key differs values {{ {CELL} }} }} outputs {{ key differs values {{ {CELL} }} }}
  properties {{ key differs values {{ {CELL} }} }}
  labels {{ key differs values {{ {CELL} }} }} git {{ key differs values {{ {CELL} }} }}
  durations {{ key differs values {{ value delta percent differs }} }}
  metrics {{ name taskKey tags kind differs values {{
    value delta percent number differs points {{ step value at elapsed }} }} }}
  artifacts {{ name direction differs values {{ versions differs uses {{ uri taskKey }} }} }}
  tasks {{ key differs values {{ taskRuns attempts states duration delta percent differs }} }}
  states {{ differs execution {{ id }} steps {{ state at lasted }} }} }} }}"""
PARTS = [
    *("about", "inputs", "outputs", "properties", "labels", "git"),
    *("durations", "metrics", "artifacts", "tasks"),
]
HOUR = "2026-01-21T14:"


async def compare(client: Client, *ids: str, only: bool | None = None) -> dict[str, Any]:
    found = await client.post(COMPARE, ids=list(ids), only=only)
    comparison: dict[str, Any] = found["compareExecutions"]
    return comparison


def row(rows: list[dict[str, Any]], key: str, name: str = "key") -> dict[str, Any]:
    return next(one for one in rows if one[name] == key)


def values(rows: list[dict[str, Any]], key: str) -> list[Any]:
    return [one["value"] for one in row(rows, key)["values"]]


async def training(client: Client, namespace: str, lr: float, end: str, **more: Any) -> str:
    """Records a run that starts at 14:00, with a task `fit` from 14:01 to 14:`end`."""
    made = await record(
        client,
        "mnist",
        namespace=namespace,
        startedAt=f"{HOUR}00:00Z",
        properties={"lr": lr, "epochs": 2, **more},
        git={"commit": f"c{lr}", "branch": "main"},
    )
    id: str = made["id"]
    times = {"startedAt": f"{HOUR}01:00Z", "endedAt": f"{HOUR}{end}:00Z"}
    await report(client, id, "recordTaskRun", key="fit", state="SUCCESS", **times)
    steps = [
        {"name": "loss", "value": lr * (3 - step), "step": step, "taskKey": "fit",
         "at": f"{HOUR}0{step}:00Z"}
        for step in (2, 1)
    ]  # fmt: skip
    await report(client, id, "recordMetrics", metrics=steps)
    return id


async def pair(client: Client) -> tuple[str, str]:
    """Records one successful run, and one with other parameters that was slower and failed."""
    one = await training(client, "compare.all", 0.5, "11", note=None)
    two = await training(client, "compare.all", 0.25, "31", gpu="T4")
    for id, version in ((one, "1"), (two, "2")):
        for name, direction, used in (("data", "IN", "1"), ("model", "OUT", version)):
            artifact = {
                "name": name,
                "uri": f"s3://b/{name}",
                "direction": direction,
                "version": used,
            }
            await report(client, id, "recordArtifacts", artifacts=[{**artifact, "taskKey": "fit"}])
    await report(
        client, one, "recordTaskRun", key="check", state="SUCCESS", endedAt=f"{HOUR}12:00Z"
    )
    outputs = {"accuracy": 0.9}
    await report(
        client, one, "finishExecution", state="SUCCESS", endedAt=f"{HOUR}12:00Z", outputs=outputs
    )
    error = {"message": "no more memory"}
    await report(
        client, two, "finishExecution", state="FAILED", endedAt=f"{HOUR}32:00Z", error=error
    )
    return one, two


async def test_properties_and_results_are_compared(client: Client) -> None:
    one, two = await pair(client)
    found = await compare(client, one, two)
    assert [execution["id"] for execution in found["executions"]] == [one, two]
    assert values(found["about"], "state") == ["SUCCESS", "FAILED"]
    assert values(found["about"], "failure") == [None, "no more memory"]
    assert row(found["about"], "flowKey")["differs"] is False
    assert [(one["key"], one["differs"]) for one in found["properties"]] == [
        ("epochs", False), ("gpu", True), ("lr", True), ("note", True),
    ]  # fmt: skip
    assert row(found["properties"], "note")["values"] == [
        {"value": None, "present": True, "differs": False},
        {"value": None, "present": False, "differs": True},
    ]
    assert values(found["properties"], "lr") == [0.5, 0.25]
    assert values(found["outputs"], "accuracy") == [0.9, None]
    assert [(one["key"], one["differs"]) for one in found["git"]] == [
        ("branch", False), ("commit", True),
    ]  # fmt: skip
    total = row(found["durations"], "total")
    assert total["values"] == [
        {"value": 720, "delta": 0, "percent": 0, "differs": False},
        {"value": 1920, "delta": 1200, "percent": pytest.approx(166.666666), "differs": True},
    ]


async def test_metrics_and_artifacts_are_compared(client: Client) -> None:
    found = await compare(client, *await pair(client))
    (loss,) = found["metrics"]
    assert (loss["name"], loss["taskKey"], loss["kind"]) == ("loss", "fit", "GAUGE")
    assert [cell.pop("points") for cell in loss["values"]] == [
        [
            {"step": 1, "value": 2 * lr, "at": f"{HOUR}01:00.000000Z", "elapsed": 60},
            {"step": 2, "value": lr, "at": f"{HOUR}02:00.000000Z", "elapsed": 120},
        ]
        for lr in (0.5, 0.25)
    ]
    assert loss["values"] == [
        {"value": 0.5, "delta": 0, "percent": 0, "number": 2, "differs": False},
        {"value": 0.25, "delta": -0.25, "percent": -50, "number": 2, "differs": True},
    ]
    assert [
        (
            one["direction"],
            one["name"],
            one["differs"],
            [cell["versions"] for cell in one["values"]],
        )
        for one in found["artifacts"]
    ] == [("IN", "data", False, [["1"], ["1"]]), ("OUT", "model", True, [["1"], ["2"]])]
    assert found["artifacts"][1]["values"][1]["uses"] == [{"uri": "s3://b/model", "taskKey": "fit"}]


async def test_states_and_durations_are_compared(client: Client) -> None:
    one, two = await pair(client)
    found = await compare(client, one, two)
    assert row(found["tasks"], "fit")["values"] == [
        {"taskRuns": 1, "attempts": 1, "states": ["SUCCESS"], "duration": 600, "delta": 0,
         "percent": 0, "differs": False},
        {"taskRuns": 1, "attempts": 1, "states": ["SUCCESS"], "duration": 1800, "delta": 1200,
         "percent": 200, "differs": True},
    ]  # fmt: skip
    gone = {"taskRuns": 0, "attempts": 0, "states": [], "duration": None}
    assert row(found["tasks"], "check")["values"][1] == {
        **gone, "delta": None, "percent": None, "differs": True,
    }  # fmt: skip
    paths = [[step["state"] for step in one["steps"]] for one in found["states"]]
    assert paths == [
        ["CREATED", "RUNNING", "SUCCESS"],
        ["CREATED", "RUNNING", "FAILED_FINISHING", "FAILED"],
    ]
    assert [one["differs"] for one in found["states"]] == [False, True]
    assert [one["execution"]["id"] for one in found["states"]] == [one, two]
    for path in found["states"]:
        assert [step["lasted"] is None for step in path["steps"]][-1]
        assert all(step["lasted"] >= 0 for step in path["steps"][:-1])


async def test_only_differences_are_returned(client: Client) -> None:
    one, two = await pair(client)
    found = await compare(client, one, two)
    only = await compare(client, one, two, only=True)
    for part in PARTS:
        assert only[part] == [one for one in found[part] if one["differs"]], part
    assert only["states"] == found["states"]
    turned = await compare(client, two, one, only=True)
    assert [execution["id"] for execution in turned["executions"]] == [two, one]
    assert turned["metrics"][0]["values"][1]["percent"] == 100


async def test_an_execution_and_its_twin_do_not_differ(client: Client) -> None:
    ids = [await training(client, "compare.twins", 0.5, "11") for _ in range(5)]
    for id in ids:
        await report(client, id, "finishExecution", state="SUCCESS", endedAt=f"{HOUR}12:00Z")
    found = await compare(client, *ids)
    assert len(found["executions"]) == 5
    assert [len(one["values"]) for one in found["metrics"]] == [5]
    assert [one["differs"] for one in found["states"]] == [False] * 5
    only = await compare(client, *ids, only=True)
    assert {part: rows for part, rows in only.items() if rows and part != "executions"} == {}


async def test_a_retry_counts_by_its_newest_attempt_and_counters_add_up(client: Client) -> None:
    ids = [(await record(client, "retried", namespace="compare.retry"))["id"] for _ in range(2)]
    for id, attempts in zip(ids, ([1], [1, 2]), strict=True):
        for attempt in attempts:
            origin = {"taskKey": "load", "attempt": attempt}
            at = f"{HOUR}0{attempt}:00Z"
            metrics = [
                *({"name": "rows", "value": n, "kind": "COUNTER", "step": n} for n in (3, 4)),
                *({"name": "gap", "value": n, "step": n} for n in (7, 2, 5)),
            ]
            await report(
                client,
                id,
                "recordMetrics",
                metrics=[{**one, **origin, "at": at} for one in metrics],
            )
            artifact = {"uri": f"s3://b/{attempt}", "name": "out", "direction": "OUT", **origin}
            await report(
                client, id, "recordArtifacts", artifacts=[{**artifact, "version": f"v{attempt}"}]
            )
            state = "RETRYING" if attempts[-1] != attempt else "SUCCESS"
            await report(client, id, "recordTaskRun", key="load", attempt=attempt, state=state)
    found = await compare(client, *ids)
    assert {
        one["name"]: [(cell["value"], cell["number"], cell["differs"]) for cell in one["values"]]
        for one in found["metrics"]
    } == {"rows": [(7, 2, False)] * 2, "gap": [(7, 3, False)] * 2}
    assert [cell["versions"] for cell in found["artifacts"][0]["values"]] == [["v1"], ["v2"]]
    (load,) = found["tasks"]
    assert [(cell["attempts"], cell["differs"]) for cell in load["values"]] == [
        (1, False), (2, True),
    ]  # fmt: skip


async def test_metrics_are_distinguished_by_task_and_tags(client: Client) -> None:
    ids = [(await record(client, "tagged", namespace="compare.tags"))["id"] for _ in range(2)]
    recorded = [
        {"name": "rows", "value": 1, "tags": {"part": "train"}},
        {"name": "rows", "value": 2, "tags": {"part": "test"}},
        {"name": "rows", "value": 3, "taskKey": "load"},
    ]
    await report(client, ids[0], "recordMetrics", metrics=recorded)
    await report(client, ids[1], "recordMetrics", metrics=recorded[1:])
    found = (await compare(client, *ids))["metrics"]
    assert [
        (one["taskKey"], one["tags"], [cell["value"] for cell in one["values"]], one["differs"])
        for one in found
    ] == [
        (None, {"part": "test"}, [2, 2], False),
        (None, {"part": "train"}, [1, None], True),
        ("load", {}, [3, 3], False),
    ]
    assert [cell["number"] for cell in found[1]["values"]] == [1, 0]
    assert found[1]["values"][1]["points"] == []


async def test_a_long_series_is_thinned_evenly(client: Client) -> None:
    ids = [(await record(client, "long", namespace="compare.long"))["id"] for _ in range(2)]
    for id, number in zip(ids, (500, 1000), strict=True):
        metrics = [{"name": "loss", "value": n, "step": n} for n in range(number)]
        await report(client, id, "recordMetrics", metrics=metrics)
    (loss,) = (await compare(client, *ids))["metrics"]
    short, long = ([point["step"] for point in cell["points"]] for cell in loss["values"])
    assert short == list(range(500))
    assert (len(long), long[0], long[-1]) == (500, 0, 999)
    gaps = {later - one for one, later in itertools.pairwise(long)}
    assert gaps <= {1, 2, 3} and [cell["value"] for cell in loss["values"]] == [499, 999]
    assert [cell["number"] for cell in loss["values"]] == [500, 1000]


FOREACH = """id: each
namespace: compare.each
inputs: [{id: n, type: JSON}, {id: key, type: SECRET}]
tasks:
  - id: all
    type: foreach
    items: "{{ inputs.n }}"
    tasks:
      - {id: say, type: log, message: "{{ item }}"}
"""


async def test_iterations_are_one_task_and_secrets_are_masked(client: Client) -> None:
    one = await client.run(FOREACH, inputs={"n": [1, 2], "key": "first secret"})
    two = await client.run(FOREACH, inputs={"n": [1, 2, 3], "key": "other secret"})
    for execution in (one, two):
        assert (await client.until_ended(execution["id"]))["state"] == "SUCCESS"
    found = await compare(client, one["id"], two["id"])
    assert [task["key"] for task in found["tasks"]] == ["all", "all[].say"]
    say = row(found["tasks"], "all[].say")
    assert [(cell["taskRuns"], cell["states"]) for cell in say["values"]] == [
        (2, ["SUCCESS"]), (3, ["SUCCESS"]),
    ]  # fmt: skip
    assert say["differs"]
    assert values(found["inputs"], "n") == [[1, 2], [1, 2, 3]]
    secret = row(found["inputs"], "key")
    assert (secret["differs"], values(found["inputs"], "key")) == (False, ["****", "****"])
    assert "secret" not in str(found["inputs"])
    assert row(found["about"], "revision")["differs"] is False


async def test_invalid_comparisons_are_refused(client: Client) -> None:
    ids = [(await record(client, "few", namespace="compare.few"))["id"] for _ in range(11)]
    gone = f"{ids[0][:-4]}0000"
    for query, code, path, words in (
        ([], "VALIDATION", ["ids"], "2 to 5 executions can be compared; got 0"),
        (ids[:1], "VALIDATION", ["ids"], "2 to 5 executions can be compared; got 1"),
        (ids[:6], "VALIDATION", ["ids"], "2 to 5 executions can be compared; got 6"),
        (ids, "VALIDATION", ["ids"], "2 to 5 executions can be compared; got 11"),
        (
            [ids[0], ids[1], ids[0]],
            "VALIDATION",
            ["ids", "2"],
            "execution 3 is the same as execution 1; give each once",
        ),
        ([ids[0], gone], "NOT_FOUND", ["ids", "1"], f"no execution {gone}"),
        (
            [ids[0], "exec_none", ids[1], "run_1"],
            "NOT_FOUND",
            ["ids", "1"],
            "no execution exec_none; no execution run_1",
        ),
    ):
        answer = await client.answer(COMPARE, ids=query)
        (error,) = answer["errors"]
        assert (answer["data"], error["message"]) == (None, words)
        assert (error["extensions"]["code"], error["extensions"]["path"]) == (code, path)


async def test_hidden_executions_do_not_exist(served: Served, client: Client) -> None:
    """Rows and their details are read by one function, which respects the viewer's scope."""
    id = (await record(client, "hidden", namespace="compare.hidden"))["id"]
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=1) as pool:
        key = untyped("exec", id)
        assert await executions_by_id(pool, Scope(("other",)), [key]) == {}
        assert list(await executions_by_id(pool, Scope(("compare",)), [key])) == [key]
