"""Events through the API, and values that no table can store: refused as data, with nothing changed."""

from importlib import import_module
from json import loads
from typing import Any
from uuid import UUID

import pytest

from models.ids import untyped
from tests.api.client import PROBLEM, Client
from tests.semantics.scene import Tables, acted, ended, events, flow, read, refused, waits

QUEUED = import_module("models.migrations.0020_queued_events").QUEUED
BIG = 10**23
WAITS = "  - {id: w, type: wait, event: go}\n"
LOGS = "  - {id: w, type: log, message: m}\n"


async def send(client: Client, what: str) -> Any:
    """Returns the only problem of `sendEvent` with this input, as a literal."""
    query = f"mutation {{ sendEvent(input: {{{what}}}) {{ {PROBLEM} }} }}"
    (problem,) = (await client.post(query))["sendEvent"]["problems"]
    return problem


async def refused_literal(client: Client, mutation: str, what: str) -> None:
    """Nothing is executed: the document itself contains an invalid value."""
    query = f"mutation {{ {mutation}(input: {{{what}}}) {{ {PROBLEM} }} }}"
    (error,) = (await client.answer(query))["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error["message"] == f"a is {BIG}, a whole number beyond 64 bits; write it as text"


async def test_an_event_to_an_ended_execution_is_refused_with_allowed_actions(
    client: Client,
) -> None:
    before = await ended(client, flow("events-ended", LOGS))
    problem = await send(client, f'executionId: "{before["id"]}", name: "go"')
    assert problem["code"] == "INVALID_STATE"
    assert "SUCCESS" in problem["message"]
    assert await client.show(before["id"]) == before


@pytest.mark.parametrize("name", ["a b", "x" * 101], ids=["blank", "long"])
async def test_an_event_that_cannot_be_kept_is_refused(client: Client, name: str) -> None:
    id = await waits(client, flow("events-wrong", WAITS))
    before = await client.show(id)
    for whom in (f'executionId: "{id}"', 'namespace: "nowhere"'):
        assert (await send(client, f'{whom}, name: "{name}"'))["code"] == "VALIDATION"
    assert await client.show(id) == before
    await acted(client, "cancelExecution", id=id)


async def test_an_event_with_a_number_beyond_64_bits_is_refused(client: Client) -> None:
    id = await waits(client, flow("events-beyond", WAITS))
    before = await client.show(id)
    await refused_literal(
        client, "sendEvent", f'executionId: "{id}", name: "go", data: {{a: {BIG}}}'
    )
    assert await client.show(id) == before
    await acted(client, "cancelExecution", id=id)


QUEUE = """  - {id: w, type: wait, event: begin}
  - {id: a, type: wait, event: go, needs: [w]}
  - {id: b, type: wait, event: go, needs: [a]}
"""
TAKEN = "taskRuns { key outputs }"


async def sent(client: Client, id: str, name: str, data: Any = None) -> None:
    query = f"mutation ($input: SendEventInput!) {{ sendEvent(input: $input) {{ {PROBLEM} }} }}"
    result = await client.post(query, input={"executionId": id, "name": name, "data": data})
    assert result["sendEvent"]["problems"] == []


async def test_early_events_queue_up_and_each_wait_takes_one(
    client: Client, tables: Tables
) -> None:
    id = await waits(client, flow("events-queue", QUEUE))
    for data in ("first", "second", "third"):
        await sent(client, id, "go", data)
    await sent(client, id, "begin")
    await client.until_ended(id)
    runs = (await read(client, id, TAKEN))["taskRuns"]
    taken = {run["key"]: run["outputs"]["data"] for run in runs}
    assert taken == {"w": None, "a": "first", "b": "second"}
    queued = [event["data"]["queued"] for event in await events(client, id, "SIGNAL_RECEIVED")]
    assert queued == [True, True, True, False, False, False]
    key = untyped("exec", id)
    assert await kept(tables, key) == {"go": ["third"]}
    await tables.connection.execute(
        "update executions set signals = $2 where id = $1", key, '{"go": "third"}'
    )
    await tables.connection.execute(f"{QUEUED[:-2]} and id = '{key}'")
    assert await kept(tables, key) == {"go": ["third"]}


async def kept(tables: Tables, key: UUID) -> Any:
    (row,) = await tables.rows("select signals from executions where id = $1", key)
    return loads(row["signals"])


async def test_one_event_ends_one_of_several_waits(client: Client) -> None:
    two = (
        WAITS
        + "  - {id: v, type: wait, event: go, needs: [w]}\n  - {id: u, type: wait, event: go}\n"
    )
    id = await waits(client, flow("events-one", two), "u")
    for number, key in enumerate(("w", "u", "v")):
        await sent(client, id, "go", number)
        await client.until(id, **{key: "SUCCESS"})
    runs = (await read(client, id, TAKEN))["taskRuns"]
    assert {run["key"]: run["outputs"]["data"] for run in runs} == {"w": 0, "u": 1, "v": 2}


async def test_outputs_that_cannot_be_stored_are_refused(client: Client) -> None:
    before = await ended(client, flow("events-outputs", LOGS))
    (run,) = (await read(client, before["id"], "taskRuns { id }"))["taskRuns"]
    outputs = f"outputs: {{a: {BIG}}}"
    changed = f'taskRunId: "{run["id"]}", state: FAILED, reason: "r", {outputs}'
    await refused_literal(client, "changeTaskRunState", changed)
    assert await client.show(before["id"]) == before


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z"])
async def test_a_wait_beyond_the_latest_time_ends_in_error(client: Client, until: str) -> None:
    found = await ended(
        client, flow("events-until", f"  - {{id: w, type: wait, until: '{until}'}}\n")
    )
    assert found["state"] == "ERROR"
    (run,) = (await read(client, found["id"], "taskRuns { error { code message } }"))["taskRuns"]
    assert run["error"]["code"] == "EXPRESSION"
    assert "must be a time within 100 years" in run["error"]["message"]


async def test_an_execution_is_not_scheduled_for_the_end_of_time(client: Client) -> None:
    await ended(client, flow("events-late", LOGS))
    problem = await refused(
        client,
        "createExecution",
        namespace="semantics",
        flow="events-late",
        scheduledAt="9999-12-31T23:59:59-14:00",
    )
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["scheduledAt"])


async def test_the_message_of_an_approval_may_contain_nul(client: Client) -> None:
    tasks = """  - {id: w, type: approval, message: '{{ "a\\\\x00b" }}', timeout: 1s, on_timeout: FAIL}\n"""
    found = await ended(client, flow("events-nul", tasks))
    assert found["state"] == "FAILED"
