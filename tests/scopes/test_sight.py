"""Attacks by a viewer who sees a parent in `acme.a`, and not the executions that its subflows started in `acme.b`:
every way to read the parent is tried, and no answer contains anything of the children."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from models.access.viewer import EVERYWHERE, Scope
from models.ids import typed
from models.lifecycle.commands.commands import Cancel
from tests.runner.floor import PERSON
from tests.scopes.stage import MARK, OURS, Stage, exec_id, open_stage
from tests.server.test_export_routes import export_client
from tests.server.test_reports import text_of

GIVES: Final = f"""
id: gives
namespace: acme.b
tasks: [{{id: t, type: log, message: {MARK}}}]
outputs: {{key: {MARK}-output}}
"""
FAILS: Final = f"""
id: fails
namespace: acme.b
tasks: [{{id: t, type: fail, message: {MARK}-failure}}]
"""
WAITS: Final = f"""
id: waits
namespace: acme.b
tasks: [{{id: t, type: approval, message: {MARK}-request}}]
"""
ALL: Final = """
id: all
namespace: acme.a
tasks:
  - {id: sub, type: subflow, namespace: acme.b, flow: gives}
  - id: each
    type: foreach
    items: [1, 2]
    tasks:
      - {id: inner, type: subflow, namespace: acme.b, flow: gives}
      - id: deeper
        type: foreach
        items: [1]
        tasks: [{id: down, type: subflow, namespace: acme.b, flow: gives}]
      - {id: own, type: return, outputs: {n: ours}}
  - {id: bad, type: subflow, namespace: acme.b, flow: fails, needs: [sub, each]}
"""
THROUGH: Final = """
id: through
namespace: acme.a
tasks: [{id: sub, type: subflow, namespace: acme.a.x, flow: middle}]
"""
MIDDLE: Final = """
id: middle
namespace: acme.a.x
tasks: [{id: bad, type: subflow, namespace: acme.b, flow: fails}]
"""
HELD: Final = """
id: held
namespace: acme.a
tasks: [{id: sub, type: subflow, namespace: acme.b, flow: waits}]
"""
ERROR: Final = "error { code message exitCode }"
RUN: Final = f"""
id key state progress message inputs outputs {ERROR} child {{ id name state }} cachedFrom {{ id }}
stateHistory {{ state reason }} attempts {{ state outputs properties message {ERROR} }} task {{ key source }}
waitingFor {{ message execution {{ name }} }} logs {{ nodes {{ text }} }} metrics {{ name }} artifacts {{ uri }}
approval {{ message }} availableActions {{ reason }}
"""
EVENT: Final = "id seq type fromState toState reason data actor { name } taskRun { key outputs }"
EXECUTION: Final = f"""
id name state outputs inputs progress properties labels {{ key value }}
taskRuns {{ {RUN} }} graph {{ nodes {{ {RUN} }} }} events(first: 500) {{ {EVENT} }}
failure {{ message code fingerprint taskRun {{ {RUN} }} skipped {{ key outputs }} }} stateHistory {{ state reason }}
children {{ id name outputs }} dependencies {{ nodes {{ id name }} edges {{ from to }} }} approvals {{ message }}
waitingFor {{ message execution {{ name }} taskRun {{ key }} }} logs {{ nodes {{ text }} }}
columns(names: ["output.key", "failureMessage"])
"""


@pytest.fixture
async def stage(database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(database_url, tmp_path) as stage:
        for source in (GIVES, FAILS, WAITS, MIDDLE, ALL, THROUGH, HELD):
            await stage.save(source)
        yield stage


def assert_nothing_of(answer: Any, stage: Stage, names: list[str]) -> None:
    text = answer if isinstance(answer, str) else json.dumps(answer, default=str)
    assert "ours" in text or "sub" in text  # something was read
    for name in (MARK, *names):
        assert name not in text, f"{name} in {text[max(0, text.find(name) - 300) :][:600]}"


async def hidden_names(stage: Stage) -> list[str]:
    """Returns the names and ids of all executions in `acme.b`."""
    rows = await stage.pool.fetch("select id, name from executions where namespace = 'acme.b'")
    assert rows
    return [name for row in rows for name in (row["name"], exec_id(row["id"]), str(row["id"]))]


async def ran(stage: Stage, key: str = "all") -> tuple[UUID, list[str]]:
    """Runs the flow as people who see all of it; returns the id, and the hidden names."""
    id = await stage.ended(f"acme.a/{key}")
    return id, await hidden_names(stage)


@pytest.mark.parametrize("key", ["all", "through"])
async def test_an_execution_reveals_nothing_of_it(stage: Stage, key: str) -> None:
    id, names = await ran(stage, key)
    query = f"query ($id: ID!) {{ execution(id: $id) {{ {EXECUTION} }} }}"
    answer = await stage.by(OURS, query, id=exec_id(id))
    assert_nothing_of(answer, stage, names)
    everything = json.dumps(await stage.by(EVERYWHERE, query, id=exec_id(id)))
    if key == "all":
        assert f"{MARK}-failure" in everything  # shown to those who may see it
        assert f"{MARK}-output" in everything
        (each,) = (run for run in answer["execution"]["taskRuns"] if run["key"] == "each")
        assert each["outputs"]["own"] == [{"n": "ours"}] * 2
        assert each["outputs"]["inner"] == [{}, {}]
        assert each["outputs"]["deeper"] == [{"down": [{}]}] * 2


async def test_its_past_reveals_nothing(stage: Stage) -> None:
    id, names = await ran(stage)
    query = f"query ($id: ID!, $at: Int) {{ execution(id: $id, at: $at) {{ {EXECUTION} }} }}"
    last = await stage.pool.fetchval("select seq from executions where id = $1", id)
    for at in range(1, last + 1):
        assert_nothing_of(await stage.by(OURS, query, id=exec_id(id), at=at), stage, names)
    assert MARK in json.dumps(await stage.by(EVERYWHERE, query, id=exec_id(id), at=last))


async def test_its_subscriptions_reveal_nothing(stage: Stage) -> None:
    id, names = await ran(stage)
    events = f"subscription ($id: ID!) {{ executionEvents(id: $id) {{ {EVENT} }} }}"
    messages = [each async for each in stage.follow(events, OURS, id=exec_id(id))]
    assert len(messages) > 10
    assert_nothing_of(messages, stage, names)
    one = f"subscription ($id: ID!) {{ execution(id: $id) {{ {EXECUTION} }} }}"
    async for each in stage.follow(one, OURS, id=exec_id(id)):
        assert_nothing_of(each, stage, names)
        break
    page = f"subscription {{ executionList {{ enter {{ node {{ {EXECUTION} }} }} }} }}"
    async for each in stage.follow(page, OURS):
        assert_nothing_of(each, stage, names)
        break


async def test_its_changes_reveal_nothing(stage: Stage) -> None:
    id = await stage.start("acme.a/all")
    cursor = "query ($id: ID!) { execution(id: $id) { cursor } }"
    after = (await stage.by(OURS, cursor, id=exec_id(id)))["execution"]["cursor"]
    await stage.floor.until_ended(id)
    names = await hidden_names(stage)
    changes = f"""subscription ($id: ID!, $after: String) {{ executionChanges(id: $id, after: $after) {{
      reset more seq events {{ {EVENT} }} taskRuns {{ {RUN} }} children {{ name }} execution {{ id }} }} }}"""
    messages = []
    async for each in stage.follow(changes, OURS, id=exec_id(id), after=after):
        messages.append(each)
        if not each["executionChanges"]["more"]:
            break
    assert messages[-1]["executionChanges"]["seq"] > 10
    assert_nothing_of(messages, stage, names)


async def test_its_nodes_reveal_nothing(stage: Stage) -> None:
    id, names = await ran(stage)
    tables = {"run": "task_runs", "att": "attempts", "evt": "events"}
    for prefix, table in tables.items():
        rows = await stage.pool.fetch(f"select id from {table} where execution_id = $1", id)
        ids = [typed(prefix, row["id"]) for row in rows]  # type: ignore[arg-type]
        query = f"""query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename id
          ... on TaskRun {{ {RUN} }} ... on ExecutionEvent {{ {EVENT} }}
          ... on Attempt {{ number outputs properties message {ERROR} }} }} }}"""
        for start in range(0, len(ids), 200):
            answer = await stage.by(OURS, query, ids=ids[start : start + 200])
            assert all(answer["nodes"])
            assert_nothing_of(["sub", answer], stage, names)


TRIED: Final = [
    "outputs.sub", "outputs.sub.key", "outputs", "outputs.each", "outputs.each.inner", "outputs['sub']",
    "outputs | string", "outputs.each.deeper", "outputs.values() | list",
]  # fmt: skip


@pytest.mark.parametrize("tried", TRIED)
async def test_debugged_expressions_reveal_nothing(stage: Stage, tried: str) -> None:
    id, names = await ran(stage)
    query = """query ($run: ID!, $expression: String!) {
      debugExpression(taskRunId: $run, expression: $expression) { value error { message } } }"""
    for path, run in (await stage.floor.look(id)).tasks.items():
        answer = await stage.by(OURS, query, run=typed("run", run.id), expression=tried)
        assert_nothing_of([f"sub {path}", answer], stage, names)


async def test_exports_and_reports_reveal_nothing(stage: Stage) -> None:
    id, names = await ran(stage)
    async with export_client(stage.parts.database, scope=OURS) as http:
        for path in ("record.json?logs=true", "logs.txt"):
            answer = await http.get(f"/executions/{exec_id(id)}/{path}")
            assert answer.status_code == 200
            assert_nothing_of(f"sub {answer.text}", stage, names)
        report = await http.get(f"/executions/{exec_id(id)}/report.pdf")
        assert_nothing_of(f"sub {text_of(report.content)}", stage, names)
        for ending in ("csv", "json"):
            table = await http.get(f"/executions/export.{ending}")
            assert table.status_code == 200
            assert_nothing_of(f"sub {table.text}", stage, names)
    async with export_client(stage.parts.database) as http:
        assert MARK in (await http.get(f"/executions/{exec_id(id)}/record.json")).text


async def test_searches_reveal_nothing(stage: Stage) -> None:
    """Neither text, nor fingerprints, nor counts find it."""
    for key in ("all", "through"):
        await ran(stage, key)
    query = "query ($search: String) { executions(search: $search) { totalCount { value } } }"
    name = await stage.pool.fetchval("select name from executions where namespace = 'acme.b'")
    for word in (f"{MARK}-failure", MARK, name):
        found = await stage.by(OURS, query, search=f'"{word}"')
        assert found["executions"]["totalCount"]["value"] == 0, word
    facets = "query { facets(field: ERROR) { value key search } }"
    found_facets = (await stage.by(OURS, facets))["facets"]
    assert found_facets
    assert MARK not in json.dumps(found_facets)


async def test_a_waiting_or_stopped_child_reveals_nothing(stage: Stage) -> None:
    id = await stage.start("acme.a/held")
    child = await stage.child_of(id)
    await stage.until(child, lambda one: one.tasks["t"].approval is not None)
    await stage.until(id, lambda one: one.tasks["sub"].standing is not None)
    names = await hidden_names(stage)
    query = f"query ($id: ID!) {{ execution(id: $id) {{ {EXECUTION} }} }}"
    assert_nothing_of(await stage.by(OURS, query, id=exec_id(id)), stage, names)
    await stage.parts.engine.execute(child, Cancel(), PERSON)
    await stage.floor.until_ended(id)
    assert_nothing_of(await stage.by(OURS, query, id=exec_id(id)), stage, names)


async def test_a_replay_that_reuses_its_outputs_reveals_nothing(stage: Stage) -> None:
    id, _ = await ran(stage)
    replayed = await stage.made(
        await stage.mutate("replayExecution", scope=OURS, id=exec_id(id), fromTask="bad")
    )
    names = await hidden_names(stage)
    query = f"query ($id: ID!) {{ execution(id: $id) {{ {EXECUTION} }} }}"
    assert_nothing_of(await stage.by(OURS, query, id=exec_id(replayed)), stage, names)
    assert (await stage.floor.look(replayed)).tasks["sub"].results == {"key": f"{MARK}-output"}


async def test_a_child_reveals_nothing_of_a_hidden_parent(stage: Stage) -> None:
    id = await stage.start("acme.a/held")
    child = await stage.child_of(id)
    name = (await stage.floor.look(id)).name
    await stage.parts.engine.execute(id, Cancel(), replace(PERSON, reason="because of 0xPARENT"))
    await stage.floor.until_ended(child)
    theirs = Scope(("acme.b",))
    query = f"query ($id: ID!) {{ execution(id: $id) {{ parent {{ id }} {EXECUTION} }} }}"
    answer = json.dumps(await stage.by(theirs, query, id=exec_id(child)))
    for word in (name, exec_id(id), "0xPARENT", "acme.a", "held"):
        assert word not in answer, word
