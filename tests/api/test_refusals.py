"""Every action in every state: allowed ones are accepted; others are refused with a reason and change nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from models.ids import untyped
from models.lifecycle.actions import Action
from models.states import EXECUTION_ENDS, ExecutionState
from tests.api.client import Client
from tests.api.held import (
    CASES,
    MUTATIONS,
    NAMESPACE,
    PASSED_THROUGH,
    Target,
    act,
    at_rest,
    everything,
    hold,
    let_all_end,
    prepare_flow,
)
from tests.api.servers import Served

AVAILABLE = (
    "query ($id: ID!) { execution(id: $id) { availableActions { action allowed code reason } } }"
)
HARMLESS = (
    Action.SET_LABELS,
    Action.ADD_NOTE,
    Action.PREPARE_EXECUTION,
    Action.REPLAY,
    Action.ARCHIVE,
)
"""Actions that may follow each other on one execution."""


@pytest.fixture
async def pool(served: Served) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture
async def held(client: Client, pool: asyncpg.Pool) -> AsyncIterator[Client]:
    yield client
    await let_all_end(pool, client, NAMESPACE)


def test_every_action_has_its_mutation_here_and_every_state_its_case() -> None:
    assert set(MUTATIONS) == set(Action)
    assert {case.state for case in CASES.values()} | PASSED_THROUGH == set(ExecutionState)


async def available(client: Client, id: str) -> dict[Action, dict[str, Any]]:
    rows = (await client.post(AVAILABLE, id=id))["execution"]["availableActions"]
    return {Action(row["action"]): row for row in rows}


@pytest.mark.parametrize("name", CASES)
async def test_forbidden_actions_are_refused_with_a_reason_and_change_nothing(
    held: Client, pool: asyncpg.Pool, name: str
) -> None:
    case = CASES[name]
    await prepare_flow(held, name)
    id = await hold(held, name)
    key = untyped("exec", id)
    await at_rest(pool, key)
    found = await available(held, id)
    assert {action for action, row in found.items() if row["allowed"]} == case.allowed
    shown = await held.show(id)
    before = await everything(pool, key)
    for action in set(Action) - case.allowed:
        payload = await act(held, action, Target.of(shown))
        (problem,) = payload["problems"]
        if action in (Action.APPROVE, Action.REJECT):
            assert_decided(problem, shown)
        else:
            assert problem["__typename"] == "InvalidState", (action, problem)
            assert problem["code"] == "INVALID_STATE"
            assert problem["state"] == case.state
            assert problem["message"] == said_of(found[action]["reason"], shown)
            assert problem["availableActions"] == list(found.values())
        assert names_the_fix(found[action]["reason"], case.state), found[action]
        assert await everything(pool, key) == before, action
    assert await available(held, id) == found


def assert_decided(problem: dict[str, Any], shown: dict[str, Any]) -> None:
    """The refusal has the state of the approval request, if there ever was one."""
    decided = [task["approval"] for task in shown["taskRuns"] if task["approval"]]
    if not decided:
        assert problem["code"] == "NOT_FOUND"
        return
    assert problem["code"] == "ALREADY_DECIDED"
    assert problem["request"] == {"id": decided[0]["id"], "state": decided[0]["state"]}


def said_of(reason: str, shown: dict[str, Any]) -> str:
    """Returns the expected reason; for an action on one task run it has the state of that task run."""
    if reason != "no task run has ended yet":
        return reason
    return (
        "only the state of a task run that has ended can be changed, while the execution is not KILLING; "
        f"this one is {shown['taskRuns'][0]['state']}"
    )


_STATES = re.compile(r"\b(" + "|".join([*ExecutionState, "ended", "archived"]) + r")\b")


def names_the_fix(reason: str, state: ExecutionState) -> bool:
    """Checks that the sentence names, besides the current state, one in which the action is allowed."""
    without = reason.removesuffix(f"; this one is {state.value}")
    return bool(set(_STATES.findall(without)) - ({state.value} if without != reason else set()))


@pytest.mark.parametrize("name", CASES)
async def test_allowed_actions_are_accepted(held: Client, name: str) -> None:
    case = CASES[name]
    await prepare_flow(held, name)
    alone = sorted(case.allowed - set(HARMLESS))
    ids = await asyncio.gather(*(hold(held, name) for _ in (*alone, None)))
    await asyncio.gather(
        *(accepted(held, id, action) for id, action in zip(ids, alone, strict=False)),
        *[in_turn(held, ids[-1], case.allowed)],
    )


async def accepted(client: Client, id: str, action: Action) -> None:
    payload = await act(client, action, Target.of(await client.show(id)))
    assert payload["problems"] == [], action


async def in_turn(client: Client, id: str, allowed: frozenset[Action]) -> None:
    for action in HARMLESS:
        if action in allowed:
            await accepted(client, id, action)
    if Action.ARCHIVE not in allowed:
        return
    found = await available(client, id)
    assert (found[Action.ARCHIVE]["allowed"], found[Action.UNARCHIVE]["allowed"]) == (False, True)
    again = (await act(client, Action.ARCHIVE, Target.of(await client.show(id))))["problems"]
    assert [problem["message"] for problem in again] == [found[Action.ARCHIVE]["reason"]]
    assert found[Action.ARCHIVE]["reason"].endswith("; this one is archived")
    await accepted(client, id, Action.UNARCHIVE)


async def test_restarted_is_passed_through_within_one_commit(
    held: Client, pool: asyncpg.Pool
) -> None:
    await prepare_flow(held, "failed")
    id = await hold(held, "failed")
    await accepted(held, id, Action.RESTART)
    moves = [event async for event in until_running_again(held, id)]
    (restarted,) = [move for move in moves if move["toState"] == "RESTARTED"]
    assert restarted["fromState"] in EXECUTION_ENDS
    commits = await pool.fetch(
        "select distinct xmin::text from events where execution_id = $1 and seq >= $2 and seq <= $3",
        untyped("exec", id),
        restarted["seq"],
        moves[-1]["seq"],
    )
    assert len(commits) == 1


async def until_running_again(client: Client, id: str) -> AsyncIterator[dict[str, Any]]:
    back = False
    async for event in client.events(id):
        yield event
        back |= event["toState"] == "RESTARTED"
        if back and event["toState"] == "RUNNING" and event["taskRun"] is None:
            return
