"""The needs of a live page of one execution: small messages, clear refusals, events from the end, usual durations."""

import json
from base64 import urlsafe_b64decode
from random import Random
from typing import Any

import pytest

from schema.types.paging import encode_cursor
from tests.api.client import Client
from tests.api.followed import VIEW, Followed, Follower, following

LARGE = """id: large
namespace: paged
inputs: [{id: items, type: JSON}]
tasks:
  - id: each
    type: foreach
    items: "{{ inputs.items }}"
    tasks:
      - {id: one, type: log, message: hi, queue: nobody}
      - {id: two, type: log, message: hi, needs: [one]}
"""
SMALL = """id: small
namespace: paged
tasks:
  - {id: first, type: log, message: hi}
  - {id: each, type: foreach, items: [1, 2, 3], tasks: [{id: inner, type: log, message: hi}]}
"""
AFTER = "subscription ($id: ID!, $after: String) { executionChanges(id: $id, after: $after) { reset cursor } }"
EVENTS = """query ($id: ID!, $first: Int, $after: Int, $last: Int, $before: Int, $run: ID) { execution(id: $id) {
  events(first: $first, after: $after, last: $last, before: $before, taskRunId: $run) { seq taskRun { id } } } }"""
USUAL = "query ($id: ID!) { execution(id: $id) { usualTaskDurations { key p50 count } } }"
NOT_THERE = "exec_01aaaaaaaaaaaaaaaaaaaaaaaa"


@pytest.mark.timeout(120)
async def test_messages_stay_small_however_large_the_execution_is(client: Client) -> None:
    await client.save(LARGE)
    execution = await client.create("paged/large", inputs={"items": list(range(600))})
    follower = Follower([client], Random(1), execution["id"], cuts=0.05)
    async with following(follower):
        await follower.catches_up(60)
        await client.mutate("cancelExecution", id=execution["id"])
        await follower.catches_up(60)
    assert follower.resets == 0
    assert len(follower.view.lists["taskRuns"]) == 1201
    assert max(len(json.dumps(message)) for message in follower.messages) <= 20_000
    assert any(message["more"] for message in follower.messages)


async def answer_of(client: Client, query: str, **variables: Any) -> dict[str, Any]:
    """Returns the first message of a subscription, which may be a refusal."""
    async with client.socket() as socket:
        payload = {"query": query, "variables": variables}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        message: dict[str, Any] = json.loads(await socket.recv())
        return message


async def test_a_missing_execution_is_refused(client: Client) -> None:
    same = "subscription ($id: ID!) { execution(id: $id) { id } }"
    (changes,) = (await answer_of(client, AFTER, id=NOT_THERE))["payload"]
    (other,) = (await answer_of(client, same, id=NOT_THERE))["payload"]
    assert changes["extensions"]["code"] == "NOT_FOUND"
    assert (changes["message"], changes["extensions"]) == (other["message"], other["extensions"])


async def test_a_cursor_of_another_list_is_refused_with_the_fix(client: Client) -> None:
    first, second = await client.run(SMALL), await client.run(SMALL)
    query = "query ($id: ID!) { execution(id: $id) { cursor } }"
    foreign = (await client.post(query, id=second["id"]))["execution"]["cursor"]
    for cursor in (foreign, "nonsense", "log:5"):
        (error,) = (await answer_of(client, AFTER, id=first["id"], after=cursor))["payload"]
        assert error["extensions"]["code"] == "VALIDATION"
        assert "does not belong to this" in error["message"]


@pytest.mark.parametrize(
    ("part", "forged"),
    [
        (1, "-1"), (1, "1" * 30), (2, "-1"), (2, "1" * 30), (2, "x"), (3, "nonsense"), (3, ""), (3, "9:5:"),
        (4, "nonsense"), (4, "9:5:"), (5, "secrets"), (6, "x"),
    ],
)  # fmt: skip
async def test_a_forged_cursor_is_refused_with_the_fix(
    client: Client, part: int, forged: str
) -> None:
    execution = await client.run(SMALL)
    query = "query ($id: ID!) { execution(id: $id) { cursor } }"
    cursor = (await client.post(query, id=execution["id"]))["execution"]["cursor"]
    kind, _, key = urlsafe_b64decode(cursor + "==").decode().partition(":")
    parts = key.split("/")
    parts[part] = forged
    if part == 6:
        parts[5] = "metrics"
    after = encode_cursor(kind, "/".join(parts))
    (error,) = (await answer_of(client, AFTER, id=execution["id"], after=after))["payload"]
    assert error["extensions"]["code"] == "VALIDATION"
    assert "does not belong to this execution" in error["message"]


async def test_without_a_cursor_or_with_one_of_a_list_a_new_snapshot_begins(client: Client) -> None:
    execution = await client.run(SMALL)
    await client.until_ended(execution["id"])
    listed = (await client.post("{ executions(first: 1) { nodes { cursor id } } }"))["executions"]
    (row,) = listed["nodes"]
    for id, after in ((execution["id"], None), (row["id"], row["cursor"])):
        message = await answer_of(client, AFTER, id=id, after=after)
        assert message["payload"]["data"]["executionChanges"]["reset"]


async def test_events_are_paged_from_both_ends_and_by_task_run(client: Client) -> None:
    execution = await client.run(SMALL)
    ended = await client.until_ended(execution["id"])
    id, last = execution["id"], ended["seq"]

    async def seqs(**arguments: Any) -> list[int]:
        found = await client.post(EVENTS, id=id, **arguments)
        return [event["seq"] for event in found["execution"]["events"]]

    assert await seqs(first=1000) == list(range(1, last + 1))
    assert await seqs(first=2, after=3) == [4, 5]
    assert await seqs(last=3) == [last - 2, last - 1, last]
    assert await seqs(last=2, before=5) == [3, 4]
    assert await seqs(last=5, before=1) == []
    run = ended["taskRuns"][0]["id"]
    mine = (await client.post(EVENTS, id=id, first=1000, run=run))["execution"]["events"]
    assert {event["taskRun"]["id"] for event in mine} == {run}
    assert await seqs(last=1, run=run) == [mine[-1]["seq"]]
    refused = await client.answer(EVENTS, id=id, last=1, after=3)
    assert "use first/after or last/before" in refused["errors"][0]["message"]
    refused = await client.answer(EVENTS, id=id, first=1001)
    assert "first must be between 1 and 1000; got 1001" in refused["errors"][0]["message"]


async def test_usual_task_durations_come_from_successful_executions(client: Client) -> None:
    source = SMALL.replace("id: small", "id: usual")
    first = await client.run(source)
    assert (await client.post(USUAL, id=first["id"]))["execution"]["usualTaskDurations"] == []
    took = {}
    for id in (first["id"], (await client.run(source))["id"]):
        await client.until_ended(id)
        query = 'query ($id: ID!) { execution(id: $id) { task(key: "first") { duration } } }'
        took[id] = (await client.post(query, id=id))["execution"]["task"]["duration"]
    found = (await client.post(USUAL, id=first["id"]))["execution"]["usualTaskDurations"]
    assert [(one["key"], one["count"]) for one in found] == [
        ("each", 2),
        ("first", 2),
        ("inner", 6),
    ]
    assert found[1]["p50"] == pytest.approx(sum(took.values()) / 2)


async def test_usual_durations_of_many_flows_at_once_are_refused(client: Client) -> None:
    ids = [(await client.run(SMALL.replace("small", f"small{n}")))["id"] for n in range(6)]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Execution { usualTaskDurations { key } } } }"
    found = await client.post(query, ids=[*ids[:5], ids[0]])
    assert len(found["nodes"]) == 6
    refused = await client.answer(query, ids=ids)
    assert "at most 5 flows at once; these executions are of 6" in refused["errors"][0]["message"]
    assert refused["errors"][0]["extensions"]["code"] == "VALIDATION"


async def test_a_view_of_the_last_moment_is_the_view_of_now(client: Client) -> None:
    execution = await client.run(SMALL)
    ended = await client.until_ended(execution["id"])
    now = (await client.post(VIEW, id=execution["id"]))["execution"]
    then = (await client.post(VIEW, id=execution["id"], at=ended["seq"]))["execution"]
    assert Followed.of(then) == Followed.of(now)
    (first, *_) = (await client.post(VIEW, id=execution["id"], at=2))["execution"]["taskRuns"]
    assert first["attempts"] == []
