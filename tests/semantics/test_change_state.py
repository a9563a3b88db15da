"""changeState, changeTaskRunState and setLabels: corrections by people."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.client import Client, states, task
from tests.semantics.scene import (
    RUN,
    act,
    acted,
    deaf,
    does,
    ended,
    events,
    flow,
    held,
    moves,
    refused,
    until_up,
    waits,
)

FAILING = """
  - {id: bad, type: fail}
  - {id: after, type: return, needs: [bad], outputs: {n: "{{ outputs.bad.n }}"}}
"""


@pytest.mark.parametrize("state", ["WARNING", "FAILED", "KILLED", "CANCELLED"])
async def test_an_ended_one_is_given_another_end_and_only_its_state_changes(
    client: Client, state: str
) -> None:
    before = await ended(client, flow("cs-ends", "  - {id: a, type: log, message: a}\n"))
    after = await acted(client, "changeState", id=before["id"], state=state, reason="seen by eye")
    failure = after.pop("failure")
    del before["failure"]
    assert after == {**before, "state": state, "seq": before["seq"] + 1}
    by_hand = failure and (failure["code"], failure["message"])
    said = ("CHANGE_STATE", "set from SUCCESS to FAILED by admin: seen by eye")
    assert by_hand == (said if state == "FAILED" else None), "nothing in it failed"
    assert (await events(client, before["id"]))[-1]["reason"] == "seen by eye"
    back = await acted(
        client, "changeState", id=before["id"], state="SUCCESS", reason="it was right"
    )
    assert back["state"] == "SUCCESS"


@pytest.mark.parametrize("state", ["RUNNING", "REJECTED", "ERROR", "CACHED", "CREATED"])
async def test_no_other_state_can_be_given(client: Client, state: str) -> None:
    found = await ended(client, flow("cs-other", "  - {id: a, type: log, message: a}\n"))
    problem = await refused(client, "changeState", id=found["id"], state=state, reason="why not")
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["state"])


async def test_a_reason_is_required(client: Client) -> None:
    found = await ended(client, flow("cs-reason", "  - {id: a, type: log, message: a}\n"))
    problem = await refused(client, "changeState", id=found["id"], state="FAILED", reason=" ")
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["reason"])
    problem = await refused(
        client,
        "changeTaskRunState",
        of=found["id"],
        taskRunId=task(found, "a")["id"],
        state="FAILED",
        reason="",
    )
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["reason"])


async def test_running_executions_keep_their_state(client: Client) -> None:
    id = await waits(client, flow("cs-early", "  - {id: w, type: wait, event: x}\n"))
    problem = await refused(client, "changeState", id=id, state="FAILED", reason="now")
    assert (problem["code"], problem["state"]) == ("INVALID_STATE", "RUNNING")
    run = task(await client.show(id), "w")["id"]
    problem = await refused(
        client, "changeTaskRunState", of=id, taskRunId=run, state="SUCCESS", reason="now"
    )
    assert problem["code"] == "INVALID_STATE"
    await acted(client, "cancelExecution", id=id)


async def _corrected(
    client: Client, run: dict[str, Any], state: str, **input: Any
) -> dict[str, Any]:
    return await acted(
        client,
        "changeTaskRunState",
        taskRunId=run["id"],
        state=state,
        reason="seen by eye",
        **input,
    )


async def test_in_an_ended_execution_cancelled_task_runs_after_it_run_through_restarted(
    client: Client,
) -> None:
    found = await ended(client, flow("ct-ended", FAILING))
    assert states(found) == {"bad": "FAILED", "after": "CANCELLED"}
    await _corrected(client, task(found, "bad"), "SUCCESS", outputs={"n": 3})
    found = await client.until_ended(found["id"])
    assert (found["state"], states(found)) == ("SUCCESS", {"bad": "SUCCESS", "after": "SUCCESS"})
    assert task(found, "after")["outputs"] == {"n": 3}, "outputs may be supplied"
    assert await moves(client, found["id"]) == [
        "RUNNING", "FAILED_FINISHING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS",
    ]  # fmt: skip
    assert await moves(client, found["id"], "after") == [
        "CANCELLED",
        "CREATED",
        "QUEUED",
        "RUNNING",
        "SUCCESS",
    ]


async def test_ended_task_runs_after_it_stay(client: Client) -> None:
    tasks = "  - {id: a, type: log, message: a}\n  - {id: b, type: log, message: b, needs: [a]}\n"
    before = await ended(client, flow("ct-stay", tasks))
    await _corrected(client, task(before, "a"), "WARNING")
    after = await client.until_ended(before["id"])
    assert (after["state"], states(after)) == ("WARNING", {"a": "WARNING", "b": "SUCCESS"})
    assert task(after, "b") == task(before, "b")


@pytest.mark.parametrize(
    ("state", "end"), [("WARNING", "WARNING"), ("FAILED", "FAILED"), ("SKIPPED", "SUCCESS")]
)
async def test_a_task_run_is_given_another_end(client: Client, state: str, end: str) -> None:
    found = await ended(client, flow("ct-ends", "  - {id: a, type: log, message: a}\n"))
    await _corrected(client, task(found, "a"), state)
    after = await client.until_ended(found["id"])
    assert (after["state"], states(after)) == (end, {"a": state})


async def test_a_failed_finishing_execution_is_evaluated_again(client: Client, go: Path) -> None:
    id = (await client.run(flow("ct-finishing", FAILING + held("slow", go))))["id"]
    found = await client.until(id, state="FAILED_FINISHING", slow="RUNNING")
    again = await _corrected(client, task(found, "bad"), "SUCCESS", outputs={"n": 1})
    assert (again["state"], again["failure"]) == ("RUNNING", None)
    go.touch()
    assert (await client.until_ended(id))["state"] == "SUCCESS"


async def test_while_killing_it_is_refused(client: Client, go: Path) -> None:
    tasks = "  - {id: a, type: log, message: a}\n" + deaf("slow", go)
    id = (await client.run(flow("ct-killing", tasks)))["id"]
    found = await client.until(id, a="SUCCESS", slow="RUNNING")
    await until_up(go)
    assert (await acted(client, "cancelExecution", id=id))["state"] == "KILLING"
    payload = await act(
        client,
        "changeTaskRunState",
        RUN,
        taskRunId=task(found, "a")["id"],
        state="FAILED",
        reason="x",
    )
    assert [(one["code"], one["state"]) for one in payload["problems"]] == [
        ("INVALID_STATE", "KILLING")
    ]
    await acted(client, "cancelExecution", id=id)
    assert states(await client.until_ended(id))["a"] == "SUCCESS"


async def test_labels_are_merged_replaced_or_removed_in_every_state(client: Client) -> None:
    id = await waits(client, flow("labels", "  - {id: w, type: wait, event: x}\n"))

    async def labels(mode: str, *pairs: tuple[str, str]) -> list[tuple[str, str]]:
        given = [{"key": key, "value": value} for key, value in pairs]
        found = await acted(client, "setLabels", id=id, labels=given, mode=mode)
        return [(one["key"], one["value"]) for one in found["labels"]]

    assert await labels("MERGE", ("a", "1"), ("b", "2")) == [("a", "1"), ("b", "2")]
    assert await labels("MERGE", ("b", "3")) == [("a", "1"), ("b", "3")]
    assert await labels("REMOVE", ("a", "")) == [("b", "3")]
    await acted(client, "cancelExecution", id=id)
    assert await labels("REPLACE", ("c", "4")) == [("c", "4")]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("A", "1"),
        ("a b", "1"),
        ("", "1"),
        ("a" * 64, "1"),
        ("a", "x" * 256),
        ("system.x", "1"),
        ("system.correlationId", "1"),
    ],
)
async def test_other_keys_and_longer_values_and_system_labels_are_refused(
    client: Client, key: str, value: str
) -> None:
    found = await ended(client, flow("labels-wrong", "  - {id: a, type: log, message: a}\n"))
    problem = await refused(
        client, "setLabels", id=found["id"], labels=[{"key": key, "value": value}]
    )
    assert problem["code"] == "VALIDATION"


async def test_a_correlation_id_is_given_at_creation(client: Client) -> None:
    await client.save(flow("correlated", "  - {id: a, type: log, message: a}\n"))
    label = {"key": "system.correlationId", "value": "order-7"}
    found = await client.create("semantics/correlated", labels=[label])
    assert label in found["labels"]
    payload = await act(
        client,
        "createExecution",
        namespace="semantics",
        flow="correlated",
        labels=[{"key": "system.replay", "value": "1"}],
    )
    assert payload["problems"][0]["code"] == "VALIDATION"
    await does(client, "setLabels", id=found["id"], labels=[{"key": "team", "value": "x"}])
    await client.until_ended(found["id"])
