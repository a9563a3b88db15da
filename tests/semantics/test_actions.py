"""availableActions, and refusals."""

from dataclasses import replace

import pytest

from models.lifecycle.actions import Action, availability
from models.states import EXECUTION_ENDS, ExecutionState, TaskRunState
from tests.api.client import Client
from tests.models.lifecycle.stage import Stage
from tests.semantics.scene import acted, ended, flow, read, refused, waits

ACTIONS = "state availableActions { action allowed code reason }"
ALIVE = frozenset(ExecutionState) - EXECUTION_ENDS
S = ExecutionState
TABLE = {
    Action.CANCEL: ALIVE,
    Action.PAUSE: {S.RUNNING, S.FAILED_FINISHING, S.WAITING_FOR_APPROVAL},
    Action.RESUME: {S.PAUSED},
    Action.RETRY_FAILED: {S.FAILED_FINISHING, S.PAUSED},
    Action.RESTART: {S.FAILED, S.KILLED, S.REJECTED, S.ERROR, S.CANCELLED},
    Action.REPLAY: EXECUTION_ENDS,
    Action.PREPARE_EXECUTION: EXECUTION_ENDS,
    Action.FORCE_RUN: {S.CREATED, S.QUEUED, S.PAUSED, S.RESTARTED, S.RUNNING},
    Action.CHANGE_STATE: EXECUTION_ENDS,
    Action.SET_LABELS: frozenset(ExecutionState),
    Action.ADD_NOTE: frozenset(ExecutionState),
    Action.ARCHIVE: EXECUTION_ENDS,
    Action.DELETE: EXECUTION_ENDS,
}


@pytest.mark.parametrize("action", TABLE)
def test_each_action_is_allowed_in_the_states_of_its_row_and_no_other(action: Action) -> None:
    stage = Stage(
        flow("rows", "  - {id: a, type: log, message: a}\n  - {id: b, type: log, message: b}\n")
    )
    tasks = dict(stage.execution.tasks)
    tasks["a"] = replace(tasks["a"], state=TaskRunState.FAILED)
    found = {
        state
        for state in ExecutionState
        if availability(replace(stage.execution, state=state, tasks=tasks), action).allowed
    }
    assert found == TABLE[action]


async def test_every_action_is_listed_and_forbidden_ones_name_an_allowing_state(
    client: Client,
) -> None:
    id = await waits(client, flow("actions-listed", "  - {id: w, type: wait, event: x}\n"))
    found = await read(client, id, ACTIONS)
    assert [one["action"] for one in found["availableActions"]] == [each.value for each in Action]
    for one in found["availableActions"]:
        assert (one["code"] is None) is (one["reason"] is None) is one["allowed"]
    reasons = {one["action"]: one["reason"] for one in found["availableActions"]}
    assert reasons["RESUME"] == "only a PAUSED execution can be resumed; this one is RUNNING"
    await acted(client, "cancelExecution", id=id)


async def test_a_refusal_changes_nothing_and_has_the_state_and_available_actions(
    client: Client,
) -> None:
    found = await ended(client, flow("actions-refused", "  - {id: a, type: log, message: a}\n"))
    listed = (await read(client, found["id"], ACTIONS))["availableActions"]
    for name in (
        "cancelExecution",
        "pauseExecution",
        "resumeExecution",
        "retryFailed",
        "restartExecution",
        "forceRun",
    ):
        problem = await refused(client, name, id=found["id"])
        assert (problem["code"], problem["state"]) == ("INVALID_STATE", "SUCCESS")
        assert problem["availableActions"] == listed


async def test_each_action_takes_a_reason_which_its_events_keep(client: Client) -> None:
    id = await waits(client, flow("actions-reason", "  - {id: w, type: wait, event: x}\n"))
    await acted(client, "pauseExecution", id=id, reason="lunch")
    await acted(client, "resumeExecution", id=id, reason="back")
    await acted(client, "cancelExecution", id=id, reason="enough")
    await acted(client, "restartExecution", id=id, reason="after all")
    await acted(client, "cancelExecution", id=id, reason="no")
    history = (await read(client, id, "stateHistory { state reason }"))["stateHistory"]
    ends = {(one["state"], one["reason"]) for one in history}
    assert ends >= {
        ("PAUSED", "lunch"), ("RUNNING", "back"), ("KILLING", "enough"), ("RESTARTED", "after all"), ("KILLING", "no"),
    }  # fmt: skip
