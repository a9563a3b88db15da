"""A task run in each of its states: the states that a person may set, and the refusals, which change nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from models.ids import untyped
from models.states import TASK_RUN_ENDS, TaskRunState
from tests.api.client import PROBLEM, Client, task
from tests.api.held import at_rest, everything, let_all_end
from tests.api.servers import Served

NAMESPACE = "held.task-runs"
CHANGED_TO = {"SUCCESS", "WARNING", "FAILED", "SKIPPED"}
GATE = "{id: gate, type: approval}"


@dataclass(frozen=True)
class Case:
    """The tasks of a flow in which `it` is held in the state, and the actions on its execution that lead there."""

    tasks: str
    step: str = ""


S = TaskRunState
CASES: Mapping[TaskRunState, Case] = {
    S.CREATED: Case(f"[{GATE}, {{id: it, type: log, message: x, needs: [gate]}}]"),
    S.QUEUED: Case("[{id: it, type: log, message: x, queue: nobody}]"),
    S.RUNNING: Case("[{id: it, type: wait, event: go}]"),
    S.RETRYING: Case("[{id: it, type: fail, retry: {max_attempts: 2, delay: 1h}}]"),
    S.WAITING_FOR_APPROVAL: Case("[{id: it, type: approval}]"),
    S.KILLING: Case(
        """[{id: it, type: shell, kill_grace: 1h, run: "trap '' TERM; touch GO; while :; do sleep 0.02; done"}]""",
        "cancel once it runs",
    ),
    S.SUCCESS: Case(f"[{GATE}, {{id: it, type: log, message: x}}]"),
    S.WARNING: Case(f"[{GATE}, {{id: it, type: fail, allow_failure: true}}]"),
    S.FAILED: Case(f"[{GATE}, {{id: it, type: fail}}]"),
    S.ERROR: Case(f'[{GATE}, {{id: it, type: log, message: "{{{{ 1 // 0 }}}}"}}]'),
    S.KILLED: Case("[{id: it, type: wait, event: go}]", "cancel"),
    S.CANCELLED: Case(f"[{GATE}, {{id: it, type: log, message: x, needs: [gate]}}]", "cancel"),
    S.SKIPPED: Case(f"[{GATE}, {{id: it, type: log, message: x, disabled: true}}]"),
    S.REJECTED: Case("[{id: it, type: approval}]", "reject"),
    S.CACHED: Case(f"[{GATE}, {{id: it, type: log, message: x, cache: {{ttl: 1h}}}}]", "again"),
}
AVAILABLE = """query ($id: ID!) { execution(id: $id) { task(key: "it") {
  id approval { id } availableActions { action allowed code reason } } } }"""


@pytest.fixture
async def pool(served: Served) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture
async def held(client: Client, pool: asyncpg.Pool) -> AsyncIterator[Client]:
    yield client
    await let_all_end(pool, client, NAMESPACE)


def test_every_state_has_its_case() -> None:
    assert set(CASES) == set(TaskRunState)


async def hold(client: Client, state: TaskRunState, tmp_path: Path) -> str:
    case = CASES[state]
    go = tmp_path / "go"
    name = state.value.lower()
    tasks = case.tasks.replace("GO", str(go))
    await client.save(f"id: {name}\nnamespace: {NAMESPACE}\ntasks: {tasks}\n")
    if case.step == "again":
        first = (await client.create(f"{NAMESPACE}/{name}"))["id"]
        await client.until(first, it="SUCCESS")
    id: str = (await client.create(f"{NAMESPACE}/{name}"))["id"]
    if case.step.startswith("cancel"):
        await client.until(id, it="CREATED" if state is S.CANCELLED else "RUNNING")
        if state is S.KILLING:
            await at_work(client, id, go)
        await client.mutate("cancelExecution", id=id)
    elif case.step == "reject":
        waiting = await client.until(id, it="WAITING_FOR_APPROVAL")
        await client.mutate("reject", approvalId=task(waiting, "it")["approval"]["id"])
    await client.until(id, it=state)
    return id


async def at_work(client: Client, id: str, go: Path) -> None:
    """Waits until the task's program runs and its worker has reported the inputs, so that no more reports follow."""
    query = 'query ($id: ID!) { execution(id: $id) { task(key: "it") { inputs } } }'
    async with asyncio.timeout(20):
        while not (await client.post(query, id=id))["execution"]["task"]["inputs"]:
            await asyncio.sleep(0)
        while not go.exists():
            await asyncio.sleep(0)


async def change(client: Client, task_run: str, state: str, reason: str = "seen") -> dict[str, Any]:
    data = await client.post(
        "mutation ($input: ChangeTaskRunStateInput!) { changeTaskRunState(input: $input) {"
        f" taskRun {{ state }} {PROBLEM} }} }}",
        input={"taskRunId": task_run, "state": state, "reason": reason},
    )
    payload: dict[str, Any] = data["changeTaskRunState"]
    return payload


@pytest.mark.parametrize("state", CASES)
async def test_states_that_a_person_may_set(
    held: Client, pool: asyncpg.Pool, tmp_path: Path, state: TaskRunState
) -> None:
    id = await hold(held, state, tmp_path)
    key = untyped("exec", id)
    await at_rest(pool, key)
    found = (await held.post(AVAILABLE, id=id))["execution"]["task"]
    actions = {row["action"]: row for row in found["availableActions"]}
    ended, waits = state in TASK_RUN_ENDS, state is S.WAITING_FOR_APPROVAL
    assert {name: row["allowed"] for name, row in actions.items()} == {
        "APPROVE": waits,
        "REJECT": waits,
        "REPLAY": (await held.show(id))["state"] in ("KILLED", "REJECTED"),
        "CHANGE_TASK_RUN_STATE": ended,
    }
    before = await everything(pool, key)
    for other in TaskRunState:
        if not ended or other not in CHANGED_TO:
            (problem,) = (await change(held, found["id"], other))["problems"]
            expected = "VALIDATION" if ended else "INVALID_STATE"
            assert problem["code"] == expected
            if not ended:
                assert problem["message"] == actions["CHANGE_TASK_RUN_STATE"]["reason"]
                assert state in problem["message"]
    (problem,) = (await change(held, found["id"], "SUCCESS", " "))["problems"]
    assert problem["path"] == (["reason"] if ended else None)
    if found["approval"] and not waits:
        for vote in ("approve", "reject"):
            (problem,) = (await held.mutate(vote, approvalId=found["approval"]["id"]))["problems"]
            assert (problem["code"], problem["request"]["state"]) == ("ALREADY_DECIDED", state)
    assert await everything(pool, key) == before
    if ended:
        await into_each(held, id, found["id"])


async def into_each(client: Client, id: str, task_run: str) -> None:
    """A task run with any terminal state can get each of the four; tasks that wait elsewhere keep their states."""
    for other in sorted(CHANGED_TO):
        changed = await change(client, task_run, other)
        assert (changed["problems"], changed["taskRun"]["state"]) == ([], other)
    reasons = [event["reason"] async for event in until_changed(client, id, task_run)]
    assert reasons[-1] == "seen"


async def until_changed(client: Client, id: str, task_run: str) -> AsyncIterator[dict[str, Any]]:
    async for event in client.events(id):
        yield event
        if event["type"] == "TASK_RUN_STATE_CHANGED" and event["toState"] == "WARNING":
            return
