"""Timeouts of tasks and executions, and the time that counts for neither."""

from pathlib import Path

import pytest

from tests.api.client import Client, states, task
from tests.semantics.scene import acted, does, ended, flow, held, moves

MEANWHILE = flow("meanwhile-1s", "  - {id: w, type: wait, duration: 1s}\n")


async def test_a_tasks_timeout_ends_the_attempt_as_timed_out_which_is_a_failure(
    client: Client, go: Path
) -> None:
    found = await ended(client, flow("task-timeout", held("a", go, "timeout: 200ms")))
    assert (found["state"], states(found)) == ("FAILED", {"a": "FAILED"})
    (attempt,) = task(found, "a")["attempts"]
    assert (attempt["state"], attempt["error"]["code"]) == ("TIMED_OUT", "TIMED_OUT")


async def test_time_that_is_paused_does_not_count_against_a_tasks_timeout(
    client: Client, go: Path
) -> None:
    id = (await client.run(flow("paused-task", held("a", go, "timeout: 800ms"))))["id"]
    await client.until(id, a="RUNNING")
    await acted(client, "pauseExecution", id=id)
    await ended(client, MEANWHILE)
    assert states(await client.show(id)) == {"a": "RUNNING"}
    await acted(client, "resumeExecution", id=id)
    assert states(await client.show(id)) == {"a": "RUNNING"}
    found = await client.until_ended(id)
    assert task(found, "a")["attempts"][0]["state"] == "TIMED_OUT"


async def test_time_that_is_paused_does_not_count_against_engine_tasks(client: Client) -> None:
    source = flow("paused-wait-task", "  - {id: a, type: wait, event: x, timeout: 700ms}\n")
    id = (await client.run(source))["id"]
    await acted(client, "pauseExecution", id=id)
    await ended(client, MEANWHILE)
    assert states(await acted(client, "resumeExecution", id=id)) == {"a": "RUNNING"}
    found = await client.until_ended(id)
    assert task(found, "a")["attempts"][0]["state"] == "TIMED_OUT"


@pytest.mark.parametrize(("on_timeout", "end"), [("FAIL", "FAILED"), ("CANCEL", "KILLED")])
async def test_an_executions_timeout_fails_or_cancels_it(
    client: Client, go: Path, on_timeout: str, end: str
) -> None:
    head = f"timeout: 300ms\non_timeout: {on_timeout}\n"
    tasks = held("a", go) + "  - {id: next, type: log, message: a, needs: [a]}\n"
    found = await ended(client, flow("whole-timeout", tasks, head))
    assert (found["state"], states(found)) == (end, {"a": end, "next": "CANCELLED"})
    assert found["failure"]["code"] == "TIMED_OUT"
    finishing = {"FAIL": "FAILED_FINISHING", "CANCEL": "KILLING"}[on_timeout]
    assert await moves(client, found["id"]) == ["RUNNING", finishing, end]


async def test_after_a_timeout_with_fail_errors_and_finally_run(client: Client, go: Path) -> None:
    tasks = held("a", go) + "errors: [{id: e, type: log, message: a}]\n"
    source = flow(
        "timeout-errors", tasks + "finally: [{id: f, type: log, message: a}]\n", "timeout: 300ms\n"
    )
    found = await ended(client, source)
    assert (found["state"], states(found)) == (
        "FAILED",
        {"a": "FAILED", "e": "SUCCESS", "f": "SUCCESS"},
    )


async def test_time_that_is_paused_or_waits_for_people_does_not_count_against_an_execution(
    client: Client,
) -> None:
    tasks = "  - {id: ok, type: approval}\n  - {id: w, type: wait, event: x, needs: [ok]}\n"
    id = (await client.run(flow("waiting-timeout", tasks, "timeout: 700ms\n")))["id"]
    approval = task(await client.until(id, state="WAITING_FOR_APPROVAL"), "ok")["approval"]["id"]
    await ended(client, MEANWHILE)
    await does(client, "approve", approvalId=approval)
    await client.until(id, w="RUNNING")
    await acted(client, "pauseExecution", id=id)
    await ended(client, MEANWHILE)
    assert (await acted(client, "resumeExecution", id=id))["state"] == "RUNNING"
    assert (await client.until_ended(id))["state"] == "FAILED"


async def test_requeued_tasks_have_their_full_timeout_again_and_running_ones_keep_theirs(
    client: Client, go: Path
) -> None:
    bad = '  - {id: bad, type: shell, run: "test $HEADWAY_ATTEMPT -gt 1"}\n'
    tasks = bad + held("slow", go, "timeout: 900ms") + "  - {id: w, type: wait, duration: 30s}\n"
    id = (
        await client.run(flow("again-timeout", tasks, "timeout: 5s\non_failure: FINISH_POSSIBLE\n"))
    )["id"]
    await client.until(id, state="FAILED_FINISHING", slow="RUNNING")
    await ended(client, flow("half", "  - {id: w, type: wait, duration: 600ms}\n"))
    await acted(client, "retryFailed", id=id)
    found = await client.until(id, slow="FAILED")
    assert task(found, "slow")["attempts"][0]["state"] == "TIMED_OUT"
    assert found["failure"]["taskRun"]["key"] == "slow"
    found = await client.until_ended(id)
    assert found["state"] == "FAILED"
    assert task(found, "w")["error"]["code"] == "TIMED_OUT"
