"""retryFailed, while the execution runs."""

from pathlib import Path
from typing import Any

from tests.api.client import Client, states, task
from tests.semantics.scene import PLAN, acted, does, ended, flow, held, moves, refused, waits

SECOND_TIME = '"test $HEADWAY_ATTEMPT -gt 1"'
MIXED = f"""
  - {{id: good, type: log, message: a}}
  - {{id: off, type: log, message: a, disabled: true}}
  - {{id: bad, type: shell, run: {SECOND_TIME}}}
  - {{id: after, type: log, message: a, needs: [bad]}}
"""


async def test_failed_ones_get_a_new_attempt_cancelled_ones_go_back_and_the_rest_stays(
    client: Client, go: Path
) -> None:
    id = (await client.run(flow("retry-mixed", MIXED + held("slow", go))))["id"]
    before = await client.until(
        id, state="FAILED_FINISHING", slow="RUNNING", good="SUCCESS", after="CANCELLED"
    )
    assert (await acted(client, "retryFailed", id=id))["state"] == "RUNNING"
    go.touch()
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == (
        "SUCCESS",
        {
            "good": "SUCCESS",
            "off": "SKIPPED",
            "bad": "SUCCESS",
            "after": "SUCCESS",
            "slow": "SUCCESS",
        },
    )
    attempts = {one["key"]: len(one["attempts"]) for one in found["taskRuns"]}
    assert attempts == {"good": 1, "off": 0, "bad": 2, "after": 1, "slow": 1}
    assert task(found, "good") == task(before, "good")
    assert await moves(client, id, "after") == [
        "CANCELLED",
        "CREATED",
        "QUEUED",
        "RUNNING",
        "SUCCESS",
    ]
    assert await moves(client, id) == ["RUNNING", "FAILED_FINISHING", "RUNNING", "SUCCESS"]


async def test_an_errored_one_gets_a_new_attempt_too(client: Client, go: Path) -> None:
    bad = '  - {id: bad, type: return, outputs: {n: "{{ 1 / (task.attempt - 1) }}"}}\n'
    id = (await client.run(flow("retry-error", bad + held("slow", go))))["id"]
    await client.until(id, bad="ERROR", slow="RUNNING")
    await acted(client, "retryFailed", id=id)
    go.touch()
    found = await client.until_ended(id)
    assert (found["state"], task(found, "bad")["outputs"]) == ("SUCCESS", {"n": 1.0})


async def test_paused_and_holding_a_failure_it_resumes(client: Client, go: Path) -> None:
    id = (await client.run(flow("retry-paused", MIXED + held("slow", go))))["id"]
    await client.until(id, state="FAILED_FINISHING", slow="RUNNING")
    await acted(client, "pauseExecution", id=id)
    assert (await acted(client, "retryFailed", id=id))["state"] == "RUNNING"
    go.touch()
    assert (await client.until_ended(id))["state"] == "SUCCESS"


async def test_paused_without_a_failure_it_is_refused(client: Client) -> None:
    id = await waits(client, flow("retry-nothing", "  - {id: w, type: wait, event: x}\n"))
    await acted(client, "pauseExecution", id=id)
    problem = await refused(client, "retryFailed", id=id)
    assert (problem["code"], problem["state"]) == ("INVALID_STATE", "PAUSED")
    assert "nothing to retry" in problem["message"]
    await acted(client, "cancelExecution", id=id)


async def test_retry_failed_does_not_use_up_the_automatic_retries(client: Client, go: Path) -> None:
    bad = "  - {id: bad, type: fail, retry: {max_attempts: 2, delay: 10ms}}\n"
    id = (await client.run(flow("retry-retries", bad + held("slow", go))))["id"]
    await client.until(id, state="FAILED_FINISHING", slow="RUNNING")
    await acted(client, "retryFailed", id=id)
    found = await client.until(id, state="FAILED_FINISHING", bad="FAILED")
    assert [one["number"] for one in task(found, "bad")["attempts"]] == [1, 2, 3, 4]
    go.touch()
    assert (await client.until_ended(id))["state"] == "FAILED"


_SAYS_UP = """echo '{\\"message\\": \\"up\\"}' >&$HEADWAY_FD; until ["""


async def _until_up(client: Client, id: str, key: str) -> dict[str, Any]:
    """Returns the execution once the worker has reported everything that it reports before the end of the task."""
    query = (
        f'subscription ($id: ID!) {{ execution(id: $id) {{ task(key: "{key}") {{ message }} }} }}'
    )
    async with client.subscribe(query, id=id) as messages:
        async for data in messages:
            if data["execution"]["task"]["message"] == "up":
                break
    return await client.show(id)


async def test_a_plan_is_shown_and_nothing_changes(client: Client, go: Path) -> None:
    id = (
        await client.run(
            flow("retry-planned", MIXED + held("slow", go).replace("until [", _SAYS_UP))
        )
    )["id"]
    await client.until(id, state="FAILED_FINISHING", slow="RUNNING", good="SUCCESS")
    before = await _until_up(client, id, "slow")
    planned = await does(client, "retryFailed", PLAN, id=id, plan=True)
    assert {one["key"]: one["plan"] for one in planned["plan"]["tasks"]} == {
        "good": "REUSE", "off": "REUSE", "bad": "RUN", "after": "RUN", "slow": "RUN",
    }  # fmt: skip
    assert await client.show(id) == before
    go.touch()
    await client.until_ended(id)


async def test_once_it_has_ended_it_is_refused(client: Client) -> None:
    found = await ended(client, flow("retry-late", "  - {id: bad, type: fail}\n"))
    problem = await refused(client, "retryFailed", id=found["id"])
    assert (problem["code"], problem["state"]) == ("INVALID_STATE", "FAILED")
    allowed = {one["action"] for one in problem["availableActions"] if one["allowed"]}
    assert "RESTART" in allowed
