"""Following an execution by its changes: the folded state equals that of a query after any changes."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
from graphql import get_named_type, is_leaf_type

from models.lifecycle.actions import Action
from schema import build_schema
from tests.api.client import PROBLEM, Client
from tests.api.followed import CHANGES, VIEW, Follower, following
from tests.api.held import Target, act
from tests.api.servers import Served

ROUNDS = int(os.environ.get("HEADWAY_ROUNDS", "25"))
CHILD = """id: child
namespace: followed
tasks: [{id: held, type: wait, event: go}]
"""
MIXED = """id: mixed
namespace: followed
on_failure: FINISH_POSSIBLE
tasks:
  - id: each
    type: foreach
    items: [{n: 1}, {n: 2}, {n: 3}]
    max_parallel: 2
    tasks:
      - {id: say, type: return, outputs: {n: "{{ item.n }}"}}
      - {id: flaky, type: fail, when: "{{ index == 1 }}", needs: [say], retry: {max_attempts: 2, delay: 50ms}}
  - id: tells
    type: shell
    run: |
      echo model > model.pkl
      echo '{"metric": {"name": "loss", "value": 0.5, "step": 1}, "progress": 0.5}' >> "$HEADWAY_FILE"
      echo '{"artifact": {"path": "model.pkl"}, "property": {"rate": 1}}' >> "$HEADWAY_FILE"
      exit 1
  - {id: down, type: subflow, flow: child}
  - {id: held, type: wait, event: go}
  - {id: ok, type: approval, required: 2, needs: [held]}
  - {id: end, type: log, message: done, needs: [each, down, ok]}
"""
"""A person who does what is allowed, and sometimes what is not."""
ANSWER = "query ($id: ID!) { execution(id: $id) { id state taskRuns { id approval { id state } } children { id } } }"


async def mutate(client: Client, name: str, kind: str, /, **input: Any) -> Any:
    query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {PROBLEM} }} }}"
    return (await client.post(query, input=input))[name]["problems"]


ACTIONS = (
    Action.PAUSE,
    Action.RESUME,
    Action.CANCEL,
    Action.RESTART,
    Action.RETRY_FAILED,
    Action.SET_LABELS,
    Action.ADD_NOTE,
    Action.APPROVE,
    Action.REJECT,
    Action.CHANGE_TASK_RUN_STATE,
    Action.CHANGE_STATE,
    Action.ARCHIVE,
    Action.UNARCHIVE,
)


async def happens(random: Random, client: Client, id: str) -> str:
    """Does something at random to an execution that runs here."""
    shown = (await client.post(ANSWER, id=id))["execution"]
    if random.random() < 0.2:
        await mutate(client, "sendEvent", "SendEventInput", name="go", executionId=id)
        return "event"
    child = shown["children"] and random.choice(shown["children"])["id"]
    if child and random.random() < 0.3:
        labels = [{"key": "n", "value": str(random.randrange(9))}]
        await mutate(client, "setLabels", "SetLabelsInput", id=child, labels=labels)
        await mutate(client, "sendEvent", "SendEventInput", name="go", executionId=child)
        return "child"
    action = random.choice(ACTIONS)
    run = random.choice(shown["taskRuns"])["id"]
    requests = [one["approval"]["id"] for one in shown["taskRuns"] if one["approval"]]
    more = {"outputs": {"set": random.random()}} if action is Action.CHANGE_TASK_RUN_STATE else {}
    if requests or action not in (Action.APPROVE, Action.REJECT):
        await act(client, action, Target(id, run, requests[-1] if requests else ""), **more)
    return action.value


async def is_reported(random: Random, client: Client, id: str) -> str:
    """Reports something at random about an external run."""
    key, number = random.choice(("load", "train", "test")), random.randrange(100)
    states = ("RUNNING", "SUCCESS", "FAILED")
    reports: dict[str, Callable[[], Awaitable[Any]]] = {
        "task run": lambda: mutate(
            client,
            "recordTaskRun",
            "RecordTaskRunInput",
            executionId=id,
            key=key,
            state=random.choice(states),
            attempt=1 + number % 3,
            outputs={"n": number},
        ),
        "metric": lambda: mutate(
            client,
            "recordMetrics",
            "RecordMetricsInput",
            executionId=id,
            metrics=[{"name": "loss", "value": number, "taskKey": key, "step": number}],
        ),
        "artifact": lambda: mutate(
            client,
            "recordArtifacts",
            "RecordArtifactsInput",
            executionId=id,
            artifacts=[{"uri": f"s3://x/{number % 4}", "direction": "OUT", "taskKey": key}],
        ),
        "properties": lambda: mutate(
            client,
            "recordProperties",
            "RecordPropertiesInput",
            executionId=id,
            properties={"n": number},
        ),
    }
    what = random.choice(list(reports))
    await reports[what]()
    return what


async def follow_through(
    doors: list[Client], id: str, act_on: Callable[[Random, Client, str], Awaitable[str]]
) -> None:
    seed = int(os.environ.get("HEADWAY_SEED", time.time_ns() % 10**9))
    random = Random(seed)
    followers = [Follower(doors, Random(seed + n), id, cuts) for n, cuts in enumerate((0, 0.3, 1))]
    acts: list[str] = []
    try:
        async with following(*followers):
            for _ in range(ROUNDS):
                acts.append(await act_on(random, random.choice(doors), id))
                for follower in followers:
                    await follower.catches_up()
    except BaseException:
        print(f"HEADWAY_SEED={seed}", acts)
        raise
    assert not any(follower.resets for follower in followers)
    assert followers[2].resumed


@pytest.mark.timeout(180)
async def test_folded_changes_equal_a_query(client: Client, second_server: Served) -> None:
    await client.save(CHILD)
    execution = await client.run(MIXED)
    await follow_through([client, second_server.client], execution["id"], happens)


@pytest.mark.timeout(180)
async def test_folded_reports_equal_a_query(client: Client, second_server: Served) -> None:
    recorded = await client.post(
        f"""mutation ($input: RecordExecutionInput!) {{
          recordExecution(input: $input) {{ execution {{ id }} {PROBLEM} }} }}""",
        input={"namespace": "followed", "pipeline": "elsewhere"},
    )
    id = recorded["recordExecution"]["execution"]["id"]
    await follow_through([client, second_server.client], id, is_reported)


BELOW = """id: below
namespace: followed
tasks: [{id: say, type: log, message: hello}]
"""
ABOVE = """id: above
namespace: followed
tasks: [{id: held, type: wait, event: go}, {id: down, type: subflow, flow: below, needs: [held]}]
"""
GIVEN = {
    "Execution.columns": '(names: ["git", "properties", "outputs", "schedule"])',
    "Execution.task": '(key: "say")',
}


def fields_of(kind: str) -> list[str]:
    """Each field, queried alone."""
    fields = build_schema()._schema.type_map[kind].fields  # type: ignore[attr-defined]
    leaves = {name for name, field in fields.items() if is_leaf_type(get_named_type(field.type))}
    return [
        name + GIVEN.get(f"{kind}.{name}", "") + ("" if name in leaves else " { __typename }")
        for name in fields
    ]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [("children", "Execution"), ("taskRuns", "TaskRun"), ("events", "ExecutionEvent")],
)
async def test_each_field_is_sent_when_it_is_the_only_one_requested(
    client: Client, rows: str, kind: str
) -> None:
    await client.save(BELOW)
    id = (await client.run(ABOVE))["id"]
    after = (await client.post(VIEW, id=id))["execution"]["cursor"]
    await mutate(client, "sendEvent", "SendEventInput", name="go", executionId=id)
    await client.until_ended(id)

    async def is_reported(field: str) -> None:
        changes = f"""subscription ($id: ID!, $after: String) {{
          executionChanges(id: $id, after: $after) {{ {rows} {{ {field} }} }} }}"""
        async with client.subscribe(changes, id=id, after=after) as messages:
            assert (await anext(messages))["executionChanges"][rows], field

    fields = fields_of(kind)
    for start in range(0, len(fields), 8):
        await asyncio.gather(*map(is_reported, fields[start : start + 8]))


async def test_following_from_a_past_view_resets_the_client(client: Client) -> None:
    id = (await client.run(ABOVE))["id"]
    for at, anew in ((1, True), (None, False)):
        after = (await client.post(VIEW, id=id, at=at))["execution"]["cursor"]
        await mutate(client, "addNote", "AddNoteInput", id=id, text="something new")
        async with client.subscribe(CHANGES, id=id, after=after) as messages:
            assert (await anext(messages))["executionChanges"]["reset"] is anew
