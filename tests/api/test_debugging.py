"""Expressions evaluated with the context of a task run."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from models.ids import typed, untyped
from tests.api.client import Client, task
from tests.api.people import person
from tests.api.servers import Served
from tests.api.test_cli import headway
from tests.api.test_recording import record, report

DEBUG = """query ($id: ID!, $expression: String!) {
  debugExpression(taskRunId: $id, expression: $expression) { value type error { message line column } } }"""
FLOW = """id: looked-at
namespace: debugging
inputs:
  - {id: day, type: STRING, default: monday}
  - {id: password, type: SECRET}
tasks:
  - {id: extract, type: return, outputs: {rows: 3, names: [a, b], half: 0.5}}
  - id: each
    type: foreach
    needs: [extract]
    items: "{{ outputs.extract.names }}"
    tasks: [{id: say, type: return, outputs: {said: "{{ item }}{{ index }}"}}]
  - {id: last, type: return, needs: [each], outputs: {done: true}}
  - {id: approved, type: approval, needs: [last], message: go}
"""


async def tried(client: Client, id: str, expression: str) -> dict[str, Any]:
    found = await client.post(DEBUG, id=id, expression=expression)
    result: dict[str, Any] = found["debugExpression"]
    return result


async def value(client: Client, id: str, expression: str) -> tuple[Any, str]:
    found = await tried(client, id, expression)
    assert found["error"] is None
    return found["value"], found["type"]


async def wrong(client: Client, id: str, expression: str) -> tuple[str, int | None, int | None]:
    found = await tried(client, id, expression)
    assert (found["value"], found["type"]) == (None, None)
    error = found["error"]
    return error["message"], error["line"], error["column"]


@pytest.fixture
async def execution(client: Client) -> dict[str, Any]:
    begun = await client.run(FLOW, inputs={"password": "hunter2 hunter2"})
    return await client.until(begun["id"], state="WAITING_FOR_APPROVAL")


async def test_a_value_keeps_its_type(client: Client, execution: dict[str, Any]) -> None:
    last = task(execution, "last")["id"]
    for expression, expected in (
        ("outputs.extract.rows", (3, "INT")),
        ("{{ outputs.extract.rows }}", (3, "INT")),
        ("rows: {{ outputs.extract.rows }}", ("rows: 3", "STRING")),
        ("outputs.extract.half", (0.5, "FLOAT")),
        ("outputs.extract", ({"rows": 3, "names": ["a", "b"], "half": 0.5}, "OBJECT")),
        ("outputs.extract.names", (["a", "b"], "ARRAY")),
        ("outputs.extract.rows > 2", (True, "BOOL")),
        ("none", (None, "NULL")),
        ('{"a": {"b": inputs.day}}', ({"a": {"b": "monday"}}, "OBJECT")),
        ("task.id ~ execution.flow", ("lastlooked-at", "STRING")),
        ("{% if true %}yes{% endif %}", ("yes", "STRING")),
    ):
        assert await value(client, last, expression) == expected


async def test_each_task_run_has_its_context(client: Client, execution: dict[str, Any]) -> None:
    second = task(execution, "each[1].say")["id"]
    assert await value(client, second, "{{ item }}{{ index }}") == ("b1", "STRING")
    assert await value(client, second, "outputs.say.said") == ("b1", "STRING")
    first = task(execution, "extract")["id"]
    assert await value(client, first, "outputs") == (
        {"extract": {"rows": 3, "names": ["a", "b"], "half": 0.5}},
        "OBJECT",
    )
    sentence, *_ = await wrong(client, first, "outputs.last.done")
    assert sentence.endswith("outputs has no 'last'; it has: extract")
    run = task(execution, "approved")["id"]
    assert (await value(client, run, "outputs.last.done")) == (True, "BOOL")


async def test_errors_are_reported_with_their_position(
    client: Client, execution: dict[str, Any]
) -> None:
    last = task(execution, "last")["id"]
    for expression, column in (("1 +\n  rows", 3), ("{{ 1 +\n rows }}", 2)):
        sentence, *place = await wrong(client, last, expression)
        assert sentence.startswith("`rows` is not defined; available names: ")
        assert place == [2, column]
    assert (await wrong(client, last, "outputs.extract.row"))[1:] == (1, 17)
    assert (await wrong(client, last, "outputs['extra']"))[1:] == (1, 10)
    assert (await wrong(client, last, "day | uper"))[1:] == (1, 7)
    for unreadable in ("", "1 +", "{{ 1 + }}", "{{", "a b"):
        sentence, *place = await wrong(client, last, unreadable)
        assert sentence.startswith("this expression cannot be read")
        assert place == [1, 1]
    sentence, *place = await wrong(client, last, "1 / 0")
    assert ("division by zero" in sentence, place) == (True, [None, None])
    sentence, *_ = await wrong(client, last, "'a' * 100000000")
    assert "64 MB" in sentence or "1 MiB" in sentence
    assert "64 KiB" in (await wrong(client, last, "1" * 70_000))[0]


async def test_an_endless_expression_is_stopped_and_blocks_nobody(
    client: Client, execution: dict[str, Any]
) -> None:
    last = task(execution, "last")["id"]
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    stopped, found, ran = await asyncio.gather(
        wrong(client, last, endless),
        value(client, last, "1 + 1"),
        client.run(
            "id: neighbour\nnamespace: debugging\ntasks: [{id: a, type: log, message: hi}]\n"
        ),
    )
    assert stopped == ("the expression took longer than 1 s", None, None)
    assert found == (2, "INT")
    assert (await client.until_ended(ran["id"]))["state"] == "SUCCESS"


async def test_secrets_are_not_shown(client: Client, execution: dict[str, Any]) -> None:
    last = task(execution, "last")["id"]
    await client.post(
        """mutation { saveSecret(input: {namespace: "debugging", name: "KEY", value: "hunter3 hunter3"}) {
             problems { message } } }"""
    )
    for expression, expected in (
        ("secrets.KEY", "****"),
        ("secrets['KEY'] | length", 4),
        ("secrets.NO_SUCH", "****"),
        ("secrets", {}),
        ("inputs.password", "****"),
        ("inputs", {"day": "monday", "password": "****"}),
        ("secrets.KEY.__class__ is defined", False),
    ):
        assert (await value(client, last, expression))[0] == expected
    sentence, *_ = await wrong(client, last, "secrets.KEY + 1")
    assert "hunter" not in sentence


async def test_hidden_executions_are_not_found(
    client: Client, served: Served, execution: dict[str, Any]
) -> None:
    last = task(execution, "last")["id"]
    strange = typed("run", untyped("exec", execution["id"]))
    for id, code in (
        (strange, "NOT_FOUND"),
        ("run_nonsense", "VALIDATION"),
        (execution["id"], "VALIDATION"),
    ):
        (error,) = (await client.answer(DEBUG, id=id, expression="1"))["errors"]
        assert error["extensions"]["code"] in (code, "NOT_FOUND")
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=1) as pool:
        approver = await person(pool, client)
    assert await value(approver, last, "inputs.day") == ("monday", "STRING")


async def test_the_command(client: Client, served: Served, execution: dict[str, Any]) -> None:
    last = task(execution, "last")["id"]
    assert await headway(served, "debug", last, "inputs.day") == (0, "monday\n", "")
    code, output, _ = await headway(served, "debug", last, "{{ outputs.extract.names }}")
    assert (code, json.loads(output)) == (0, ["a", "b"])
    code, output, errors = await headway(served, "debug", last, "outputs.extract.row")
    assert (code, output) == (1, "")
    assert "1:17: " in errors and "has no 'row'" in errors
    code, output, _ = await headway(served, "debug", last, "none", "--json")
    assert (code, json.loads(output)) == (0, {"value": None, "type": "NULL", "error": None})


async def test_external_runs_can_be_debugged(client: Client) -> None:
    id = (await record(client, "debugged", inputs={"epochs": 3}))["id"]
    ran = await report(
        client, id, "recordTaskRun", key="train", state="SUCCESS", outputs={"loss": 0.5}
    )
    train = task(ran, "train")["id"]
    assert await value(client, train, "outputs.train.loss") == (0.5, "FLOAT")
    assert await value(client, train, "execution.flow") == ("debugged", "STRING")
