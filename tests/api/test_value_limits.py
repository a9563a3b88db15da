"""Values from the API: accepted up to the limit in every script and notation, and refused above it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from graphql import GraphQLInputObjectType, build_schema, get_named_type

from models.payloads import MAX_PAYLOAD
from tests.api.client import PROBLEM, Client
from tests.api.test_recording import record

FLOW = """id: values
namespace: limits
inputs: [{id: text, type: STRING}]
tasks:
  - {id: a, type: return, outputs: {a: 1}}
  - {id: b, type: approval, needs: [a], form: [{id: text, type: STRING}]}
  - {id: c, type: wait, needs: [b], event: go}
"""
SCHEMA = build_schema(Path("schema/schema.graphql").read_text())
SCRIPTS = {"ascii": "x", "chinese": "\u4e2d", "cyrillic": "\u0436"}


async def waiting(client: Client) -> dict[str, Any]:
    made = await client.run(FLOW)
    return await client.until(made["id"], b="WAITING_FOR_APPROVAL")


async def recorded(client: Client) -> dict[str, Any]:
    return await record(client, "values")


async def nothing(client: Client) -> dict[str, Any]:
    await client.save(FLOW)
    return {}


def task(execution: Mapping[str, Any], key: str) -> dict[str, Any]:
    return next(task for task in execution["taskRuns"] if task["key"] == key)


async def cancelled(client: Client) -> dict[str, Any]:
    execution = await waiting(client)
    await client.mutate("cancelExecution", id=execution["id"])
    return await client.until_ended(execution["id"])


Before = Callable[[Client], Awaitable[dict[str, Any]]]
Input = Callable[[Mapping[str, Any], Any], dict[str, Any]]
FIELDS: Mapping[str, tuple[Before, Input]] = {
    "CreateExecutionInput.inputs": (
        nothing,
        lambda _, value: {"namespace": "limits", "flow": "values", "inputs": value},
    ),
    "RunTestInput.inputs": (nothing, lambda _, value: {"source": FLOW, "inputs": value}),
    "ReplayExecutionInput.inputs": (cancelled, lambda e, value: {"id": e["id"], "inputs": value}),
    "ChangeTaskRunStateInput.outputs": (
        cancelled,
        lambda e, value: {
            "taskRunId": task(e, "c")["id"],
            "state": "SUCCESS",
            "outputs": value,
            "reason": "r",
        },
    ),
    "SendEventInput.data": (
        waiting,
        lambda e, value: {"executionId": e["id"], "name": "go", "data": value},
    ),
    "DecideInput.form": (
        waiting,
        lambda e, value: {"approvalId": task(e, "b")["approval"]["id"], "form": value},
    ),
    "RecordExecutionInput.inputs": (
        nothing,
        lambda _, value: {"namespace": "ml", "pipeline": "p", "inputs": value},
    ),
    "RecordExecutionInput.properties": (
        nothing,
        lambda _, value: {"namespace": "ml", "pipeline": "p", "properties": value},
    ),
    "RecordTaskRunInput.inputs": (
        recorded,
        lambda e, value: {"executionId": e["id"], "key": "a", "inputs": value},
    ),
    "RecordTaskRunInput.outputs": (
        recorded,
        lambda e, value: {"executionId": e["id"], "key": "a", "outputs": value},
    ),
    "RecordPropertiesInput.properties": (
        recorded,
        lambda e, value: {"executionId": e["id"], "properties": value},
    ),
    "FinishExecutionInput.outputs": (
        recorded,
        lambda e, value: {"executionId": e["id"], "state": "SUCCESS", "outputs": value},
    ),
    "MetricInput.tags": (
        recorded,
        lambda e, value: {
            "executionId": e["id"],
            "metrics": [{"name": "m", "value": 1, "tags": value}],
        },
    ),
    "ArtifactInput.properties": (
        recorded,
        lambda e, value: {
            "executionId": e["id"],
            "artifacts": [
                {"uri": "s3://a", "name": "values", "direction": "IN", "properties": value}
            ],
        },
    ),
    "SaveScheduleInput.inputs": (
        nothing,
        lambda _, value: {
            "namespace": "limits",
            "flow": "values",
            "key": "never",
            "cron": "0 0 1 1 *",
            "inputs": value,
        },
    ),
}
MUTATIONS = {
    "MetricInput.tags": "recordMetrics",
    "ArtifactInput.properties": "recordArtifacts",
    "DecideInput.form": "approve",
}


def mutation_of(field: str) -> tuple[str, str]:
    kind = field.partition(".")[0]
    name = MUTATIONS.get(field, kind[0].lower() + kind.removesuffix("Input")[1:])
    assert SCHEMA.mutation_type
    return name, str(SCHEMA.mutation_type.fields[name].args["input"].type)


def test_every_value_that_the_api_takes_is_tried() -> None:
    found = {
        f"{kind.name}.{name}"
        for kind in SCHEMA.type_map.values()
        if isinstance(kind, GraphQLInputObjectType)
        for name, field in kind.fields.items()
        if get_named_type(field.type).name == "JSON"
    }
    assert {name for name in found if "Filter." not in name} == FIELDS.keys()


async def send(client: Client, field: str, input: Mapping[str, Any], escaped: bool) -> list[Any]:
    name, kind = mutation_of(field)
    query = f"mutation ($input: {kind}) {{ {name}(input: $input) {{ {PROBLEM} }} }}"
    content = json.dumps({"query": query, "variables": {"input": input}}, ensure_ascii=escaped)
    headers = {"authorization": f"Bearer {client.token}", "content-type": "application/json"}
    async with httpx.AsyncClient(timeout=client.timeout, verify=False) as http:
        response = await http.post(
            f"{client.url}/graphql", content=content.encode(), headers=headers
        )
    answer = response.json()
    assert "errors" not in answer, str(answer["errors"])[:500]
    problems: list[Any] = answer["data"][name]["problems"]
    return problems


@pytest.mark.parametrize(
    ("field", "script"),
    [(field, "chinese") for field in FIELDS]
    + [("SendEventInput.data", script) for script in SCRIPTS],
)
async def test_a_value_is_taken_up_to_the_limit_and_refused_beyond(
    client: Client, field: str, script: str
) -> None:
    before, input = FIELDS[field]
    length = len(SCRIPTS[script].encode())
    execution = await before(client)
    for past in (1, 0):
        room = MAX_PAYLOAD + past - len(orjson.dumps({"text": ""}))
        value = {"text": "y" * (room % length) + SCRIPTS[script] * (room // length)}
        problems = await send(client, field, input(execution, value), escaped=script == "chinese")
        if past:
            (problem,) = problems
            assert problem["code"] == "PAYLOAD_TOO_LARGE", problem
            assert f"{MAX_PAYLOAD + 1} bytes" in problem["message"]
            assert f".text; the limit is {MAX_PAYLOAD}" in problem["message"]
        else:
            assert problems == [], str(problems)[:500]


async def test_values_reported_in_parts_count_together(client: Client) -> None:
    execution = await recorded(client)
    about = {"executionId": execution["id"], "key": "a"}
    first = {**about, "outputs": {"first": "x" * 600_000}}
    assert await send(client, "RecordTaskRunInput.outputs", first, escaped=False) == []
    second = {**about, "outputs": {"second": "x" * 600_000}}
    (problem,) = await send(client, "RecordTaskRunInput.outputs", second, escaped=False)
    assert problem["code"] == "PAYLOAD_TOO_LARGE"
    again = {**about, "outputs": {"first": "y" * 600_000}}
    assert await send(client, "RecordTaskRunInput.outputs", again, escaped=False) == []
