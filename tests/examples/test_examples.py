"""The examples are valid, and run on a server as users run them."""

import ast
import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.spec import FlowSpec, PythonTask, parse_flow
from tests.api.client import Client, states
from tests.api.servers import HEADWAY, Served, serving

FOLDER = Path(__file__).parents[2] / "examples"
FILES = sorted(FOLDER.glob("*.yaml"))
EXAMPLES = {
    "broken.yaml": "flaky-branches",
    "etl.yaml": "orders-etl",
    "hello.yaml": "hello",
    "quarter.yaml": "quarter-close",
    "regions.yaml": "regional-sales",
    "release.yaml": "release-runbook",
    "training.yaml": "digits-training",
}
METRICS = """query ($id: ID!) { execution(id: $id) {
  metrics { name value kind step taskKey } artifacts { name type direction size taskRunId } properties } }"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("examples")
    apart = {"HEADWAY_TASK_ISOLATION": "auto"}
    with serving(folder / "data", "--flows", str(FOLDER), env=apart) as served:
        yield served


@pytest.fixture
def examples(server: Served) -> Client:
    return server.client


def read(file: str) -> FlowSpec:
    return parse_flow((FOLDER / file).read_text())


def test_all_examples_are_tested() -> None:
    assert {path.name: read(path.name).id for path in FILES} == EXAMPLES


@pytest.mark.parametrize("file", EXAMPLES)
def test_each_has_a_description_and_runs_without_inputs(file: str) -> None:
    flow = read(file)
    assert flow.namespace == "examples"
    assert flow.description
    assert [one.id for one in flow.inputs if one.required or one.default is None] == []


@pytest.mark.parametrize("file", EXAMPLES)
def test_each_script_is_python(file: str) -> None:
    for task in read(file).tasks:
        if isinstance(task, PythonTask) and task.script:
            ast.parse(task.script, filename=f"{file}:{task.id}")


async def test_hello(examples: Client) -> None:
    execution = await ended(examples, "hello", name="Ada")
    assert execution["state"] == "SUCCESS"
    lines = await examples.post(
        "query ($id: ID!) { execution(id: $id) { logs { nodes { text } } } }", id=execution["id"]
    )
    assert {"text": "Hello, Ada!"} in lines["execution"]["logs"]["nodes"]


async def test_orders_are_counted_and_none_is_lost(examples: Client) -> None:
    execution = await ended(examples, "orders-etl", rows=3000, region="eu")
    assert execution["state"] == "SUCCESS", execution["failure"]
    extract = outputs(execution, "extract")
    assert extract["accepted"] + extract["rejected"] + extract["elsewhere"] == 3000
    assert min(extract["accepted"], extract["rejected"], extract["elsewhere"]) > 0
    assert execution["outputs"]["rows"] == extract["accepted"]
    assert execution["outputs"]["revenue"] > 0
    details = await of(examples, execution)
    rows = {one["name"]: one["value"] for one in details["metrics"]}
    assert rows["rows.loaded"] == extract["accepted"]
    made = {one["name"]: one["type"] for one in details["artifacts"]}
    assert made["orders.csv"] == "Dataset"
    assert made["orders.duckdb"] == "Database"
    assert made["report.md"] == "Report"


async def test_orders_of_a_seed_are_the_same_each_time(examples: Client) -> None:
    one = await ended(examples, "orders-etl", rows=500, seed=11)
    other = await ended(examples, "orders-etl", rows=500, seed=11)
    assert one["outputs"]["revenue"] == other["outputs"]["revenue"]


async def test_training_reports_every_epoch(examples: Client) -> None:
    execution = await ended(examples, "digits-training", epochs=5)
    assert execution["state"] == "SUCCESS", execution["failure"]
    assert execution["outputs"]["accuracy"] > 0.8
    details = await of(examples, execution)
    loss = {one["step"]: one["value"] for one in details["metrics"] if one["name"] == "loss"}
    assert sorted(loss) == [1, 2, 3, 4, 5]
    assert loss[5] < loss[1]
    models = [one for one in details["artifacts"] if one["type"] == "Model"]
    assert sorted(one["direction"] for one in models) == ["IN", "OUT"]
    assert details["properties"]["accuracy"] == execution["outputs"]["accuracy"]


async def test_a_release_is_deployed_once_it_is_approved(examples: Client) -> None:
    execution = await examples.create("examples/release-runbook", inputs={"environment": "staging"})
    waiting = await examples.until(execution["id"], state="WAITING_FOR_APPROVAL")
    approval = next(task["approval"] for task in waiting["taskRuns"] if task["approval"])
    assert approval["message"] == "Deploy greeter 1.4.0 to staging? 3 tests passed."
    refused = await examples.mutate("reject", approvalId=approval["id"])
    assert [problem["code"] for problem in refused["problems"]] == ["VALIDATION"]
    approved = await examples.mutate("approve", approvalId=approval["id"])
    assert approved["problems"] == []
    deployed = await examples.until_ended(execution["id"])
    assert deployed["state"] == "SUCCESS", deployed["failure"]
    assert deployed["outputs"]["approved_by"] == ["user:admin"]
    program = Path(deployed["outputs"]["path"]) / "greet.sh"
    assert program.is_file()


async def test_a_failed_task_succeeds_when_it_is_retried_while_the_rest_runs(
    examples: Client,
) -> None:
    execution = await examples.create("examples/flaky-branches", inputs={"batches": 8})
    failing = await examples.until(execution["id"], state="FAILED_FINISHING", verify="CANCELLED")
    assert failing["failure"]["message"].endswith("connection to db-2 refused")
    retried = await examples.mutate("retryFailed", id=execution["id"])
    assert retried["problems"] == []
    done = await examples.until_ended(execution["id"])
    assert done["state"] == "SUCCESS"
    primary = next(task for task in done["taskRuns"] if task["key"] == "primary")
    assert [attempt["state"] for attempt in primary["attempts"]] == ["FAILED", "SUCCESS"]


async def test_a_failing_region_stops_the_total_only(examples: Client) -> None:
    execution = await ended(examples, "regional-sales")
    assert (execution["state"], states(execution)) == (
        "FAILED",
        {
            "each": "FAILED", "each[0].fetch": "SUCCESS", "each[0].note": "SUCCESS",
            "each[1].fetch": "SUCCESS", "each[1].note": "SUCCESS", "each[2].fetch": "SUCCESS",
            "each[2].note": "SUCCESS", "each[3].fetch": "FAILED", "each[3].note": "CANCELLED",
            "total": "CANCELLED", "report": "SUCCESS", "done": "SUCCESS",
        },
    )  # fmt: skip
    assert "no office on the moon" in execution["failure"]["message"]
    fetch = next(run for run in execution["taskRuns"] if run["key"] == "each[3].fetch")
    change = {"taskRunId": fetch["id"], "state": "SUCCESS", "outputs": {"sales": 0}}
    payload = await examples.mutate("changeTaskRunState", **change, reason="sold nothing")
    assert payload["problems"] == []
    fixed = await examples.until_ended(execution["id"])
    assert (fixed["state"], fixed["outputs"]) == ("SUCCESS", {"sales": 8003})
    fewer = {"id": execution["id"], "inputs": {"regions": ["eu", "us"]}}
    replayed = (await examples.mutate("replayExecution", **fewer))["execution"]
    assert (await examples.until_ended(replayed["id"]))["outputs"] == {"sales": 4002}


async def test_a_quarter_is_closed_once_both_groups_have_signed(
    examples: Client, server: Served
) -> None:
    execution = await examples.create("examples/quarter-close")
    waiting = await examples.until(execution["id"], state="WAITING_FOR_APPROVAL")
    approval = next(task["approval"] for task in waiting["taskRuns"] if task["approval"])
    assert approval["message"] == "Close the quarter with sales of 24018?"
    unfilled = await examples.mutate("approve", approvalId=approval["id"])
    assert [problem["code"] for problem in unfilled["problems"]] == ["VALIDATION"]
    signed = {"approvalId": approval["id"], "form": {"forecast": 30000}}
    assert (await examples.mutate("approve", **signed))["problems"] == []
    assert (await examples.show(execution["id"]))["state"] == "WAITING_FOR_APPROVAL"
    assert (await (await an_auditor(server)).mutate("approve", **signed))["problems"] == []
    closed = await examples.until_ended(execution["id"])
    assert closed["state"] == "SUCCESS", closed["failure"]
    assert closed["outputs"]["signed_by"] == ["user:admin", "user:auditor"]
    assert (closed["outputs"]["sales"], closed["outputs"]["forecast"]) == (24018, 30000)
    query = "query ($id: ID!) { execution(id: $id) { children { state flow { key } } } }"
    children = (await examples.post(query, id=execution["id"]))["execution"]["children"]
    assert children == [{"state": "SUCCESS", "flow": {"key": "regional-sales"}}] * 3


async def an_auditor(server: Served) -> Client:
    process = await asyncio.create_subprocess_exec(
        HEADWAY, "token", "create", "auditor", "--for", "user:auditor", "--role", "approver",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "HEADWAY_DATA_DIR": str(server.data_dir)},
    )  # fmt: skip
    output, _ = await process.communicate()
    return Client(server.url, output.decode().strip())


async def ended(client: Client, flow: str, **inputs: Any) -> dict[str, Any]:
    execution = await client.create(f"examples/{flow}", inputs=inputs)
    return await client.until_ended(execution["id"])


async def of(client: Client, execution: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await client.post(METRICS, id=execution["id"]))["execution"]
    return found


def outputs(execution: dict[str, Any], task: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        run["outputs"] for run in execution["taskRuns"] if run["key"] == task
    )
    return found
