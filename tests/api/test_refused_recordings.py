"""Invalid reports about external runs are refused, and change nothing."""

from typing import Any

import pytest

from tests.api.client import Client
from tests.api.test_recording import record, refusal, whole


@pytest.mark.parametrize(
    ("input", "path"),
    [
        ({"pipeline": "My Pipeline"}, "pipeline"),
        ({"namespace": "a b"}, "namespace"),
        ({"kind": "Train!"}, "kind"),
        ({"heartbeatTtl": 0}, "heartbeatTtl"),
        ({"inputs": [1]}, "inputs"),
        ({"started": False, "startedAt": "2026-01-01T00:00:00Z"}, "started"),
        ({"labels": [{"key": "system.x", "value": "1"}]}, "labels"),
        ({"name": "a\nb"}, "name"),
    ],
)
async def test_unrecordable_reports_are_refused(
    client: Client, input: dict[str, Any], path: str
) -> None:
    count = "{ executions { totalCount { value } } }"
    before = await client.post(count)
    payload = await client.mutate(
        "recordExecution", **{"namespace": "ml", "pipeline": "p", **input}
    )
    (problem,) = payload["problems"]
    assert (problem["code"], problem["path"][0]) == ("VALIDATION", path)
    assert await client.post(count) == before


@pytest.mark.parametrize(
    ("name", "input", "path"),
    [
        ("recordTaskRun", {"key": "A B"}, "key"),
        ("recordTaskRun", {"key": "a", "state": "WAITING_FOR_APPROVAL"}, "state"),
        ("recordTaskRun", {"key": "a", "attempt": 0}, "attempt"),
        ("recordTaskRun", {"key": "a", "progress": 2}, "progress"),
        ("finishExecution", {"state": "RUNNING"}, "state"),
        ("finishExecution", {"state": "SUCCESS", "endedAt": "2001-01-01T00:00:00Z"}, "endedAt"),
        ("recordMetrics", {"metrics": [{"name": "", "value": 1}]}, "name"),
        ("recordArtifacts", {"artifacts": [{"uri": "", "direction": "IN"}]}, "uri"),
        (
            "recordTaskRun",
            {
                "key": "a",
                "state": "SUCCESS",
                "startedAt": "2026-01-02T00:00:00Z",
                "endedAt": "2026-01-01T00:00:00Z",
            },
            "endedAt",
        ),
    ],
)
async def test_invalid_reports_are_refused(
    client: Client, name: str, input: dict[str, Any], path: str
) -> None:
    id = (await record(client, "refusals"))["id"]
    problem = await refusal(client, id, name, **input)
    assert (problem["code"], problem["path"]) == ("VALIDATION", [path])


async def test_a_start_after_the_end_is_refused_with_the_next_attempt(client: Client) -> None:
    id = (await record(client, "refusals"))["id"]
    ended = {"key": "load", "state": "SUCCESS", "endedAt": "2026-01-01T00:00:00Z"}
    await client.mutate("recordTaskRun", executionId=id, **ended)
    late = {"key": "load", "state": "RUNNING", "startedAt": "2026-01-02T00:00:00Z"}
    problem = await refusal(client, id, "recordTaskRun", **late)
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["startedAt"])
    assert problem["message"] == (
        "startedAt is after the end of load (2026-01-01T00:00:00+00:00); "
        "if it ran again, report its next attempt, 2"
    )
    again = await client.mutate("recordTaskRun", executionId=id, **late, attempt=2)
    assert again["problems"] == []


NEED_A_RUNNER = {
    "cancelExecution": "CancelExecutionInput",
    "pauseExecution": "ActionInput",
    "resumeExecution": "ActionInput",
    "retryFailed": "RetryFailedInput",
    "restartExecution": "RestartExecutionInput",
    "replayExecution": "ReplayExecutionInput",
    "prepareExecution": "PrepareExecutionInput",
    "forceRun": "ActionInput",
}


async def test_actions_that_need_a_runner_say_that_there_is_none(client: Client) -> None:
    id = (await record(client, "acting"))["id"]
    found = await whole(client, id)
    actions = {one["action"]: one for one in found["availableActions"]}
    assert actions["SET_LABELS"]["allowed"]
    for action in ("PAUSE", "RESUME", "RETRY_FAILED", "RESTART", "REPLAY", "FORCE_RUN"):
        assert actions[action] == {
            "action": action,
            "allowed": False,
            "code": "INVALID_STATE",
            "reason": "it runs elsewhere and is only recorded here; use the system that runs it",
        }
    for mutation, kind in NEED_A_RUNNER.items():
        data = await client.post(
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ problems {{ code message }} }} }}",
            input={"id": id},
        )
        (problem,) = data[mutation]["problems"]
        action = "CANCEL" if mutation == "cancelExecution" else "PAUSE"
        assert problem == {"code": "INVALID_STATE", "message": actions[action]["reason"]}
    assert await whole(client, id) == found
    event = 'mutation ($id: ID!) { sendEvent(input: {executionId: $id, name: "go"}) { problems { code } } }'
    await client.post(event, id=id)
    assert (await whole(client, id))["state"] == "RUNNING"
    payload = await client.mutate("setLabels", id=id, labels=[{"key": "tag", "value": "best"}])
    assert payload["execution"]["labels"] == [{"key": "tag", "value": "best"}]
