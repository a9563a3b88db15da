"""The effects of a failure, and the tasks that still run after it."""

from pathlib import Path

import pytest

from tests.api.client import Client, states, task
from tests.semantics.scene import acted, child_of, ended, events, flow, held, moves

AFTER = """
  - {id: bad, type: fail}
  - {id: after, type: log, message: a, needs: [bad]}
"""


async def test_a_failed_attempt_is_retried_first_and_fails_only_when_attempts_are_used_up(
    client: Client,
) -> None:
    tasks = "  - {id: bad, type: fail, retry: {max_attempts: 3, delay: 10ms}}\n"
    found = await ended(client, flow("used-up", tasks))
    assert [one["state"] for one in task(found, "bad")["attempts"]] == ["FAILED"] * 3
    assert await moves(client, found["id"], "bad") == [
        "QUEUED", "RUNNING", "RETRYING", "RUNNING", "RETRYING", "RUNNING", "FAILED",
    ]  # fmt: skip
    assert await moves(client, found["id"]) == ["RUNNING", "FAILED_FINISHING", "FAILED"]


async def test_both_events_are_recorded_even_when_nothing_was_left_to_finish(
    client: Client,
) -> None:
    found = await ended(client, flow("alone", "  - {id: bad, type: fail}\n"))
    assert await moves(client, found["id"]) == ["RUNNING", "FAILED_FINISHING", "FAILED"]


@pytest.mark.parametrize(
    ("bad", "end"),
    [
        ('{id: bad, type: log, message: "{{ 1 / 0 }}"}', "ERROR"),
        ("{id: bad, type: approval, timeout: 50ms, on_timeout: REJECT}", "REJECTED"),
    ],
)
async def test_error_and_rejected_act_as_a_failure_does(
    client: Client, go: Path, bad: str, end: str
) -> None:
    tasks = f"  - {bad}\n{held('slow', go)}  - {{id: next, type: log, message: a, needs: [slow]}}\n"
    id = (await client.run(flow("act-alike", tasks)))["id"]
    finishing = await client.until(id, state="FAILED_FINISHING", slow="RUNNING")
    assert (states(finishing)["bad"], states(finishing)["next"]) == (end, "CANCELLED")
    go.touch()
    assert (await client.until_ended(id))["state"] == end


async def test_a_failure_while_paused_is_recorded_and_acted_on_at_resume(
    client: Client, go: Path
) -> None:
    bad = held("bad", go).replace("done", "done; exit 1")
    id = (await client.run(flow("fails-paused", bad + "  - {id: w, type: wait, event: x}\n")))["id"]
    await client.until(id, bad="RUNNING", w="RUNNING")
    await acted(client, "pauseExecution", id=id)
    go.touch()
    paused = await client.until(id, bad="FAILED")
    assert paused["state"] == "PAUSED"
    assert paused["failure"]["taskRun"]["key"] == "bad"
    assert (await acted(client, "resumeExecution", id=id))["state"] == "FAILED_FINISHING"
    await acted(client, "cancelExecution", id=id)


async def test_under_cancel_all_a_failure_kills_at_once_even_while_paused(
    client: Client, go: Path
) -> None:
    bad = held("bad", go).replace("done", "done; exit 1")
    source = flow(
        "kills-paused", bad + "  - {id: w, type: wait, event: x}\n", "on_failure: CANCEL_ALL\n"
    )
    id = (await client.run(source))["id"]
    await client.until(id, bad="RUNNING", w="RUNNING")
    await acted(client, "pauseExecution", id=id)
    go.touch()
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == ("KILLED", {"bad": "FAILED", "w": "KILLED"})


FOR_FAILURES = """
  - {id: rescue, type: log, message: a, needs: [bad], run_if: failed}
  - {id: tidy, type: log, message: a, needs: [bad], run_if: always}
errors:
  - {id: notified, type: log, message: "failed"}
finally:
  - {id: last, type: log, message: "the end"}
"""


async def test_run_if_failed_and_always_and_errors_still_run_after_a_failure(
    client: Client,
) -> None:
    found = await ended(client, flow("still-run", "  - {id: bad, type: fail}" + FOR_FAILURES))
    assert found["state"] == "FAILED"
    assert states(found) == {
        "bad": "FAILED", "rescue": "SUCCESS", "tidy": "SUCCESS", "notified": "SUCCESS", "last": "SUCCESS",
    }  # fmt: skip


async def test_run_if_failed_and_always_and_errors_do_not_run_on_a_kill_and_finally_does(
    client: Client, go: Path
) -> None:
    id = (await client.run(flow("not-on-a-kill", held("bad", go) + FOR_FAILURES)))["id"]
    await client.until(id, bad="RUNNING")
    await acted(client, "cancelExecution", id=id)
    found = await client.until_ended(id)
    assert found["state"] == "KILLED"
    assert states(found) == {
        "bad": "KILLED", "rescue": "CANCELLED", "tidy": "CANCELLED", "notified": "CANCELLED", "last": "SUCCESS",
    }  # fmt: skip


async def test_errors_are_skipped_when_nothing_failed_and_finally_always_runs_last(
    client: Client,
) -> None:
    tasks = "  - {id: a, type: log, message: a}\nerrors: [{id: notified, type: log, message: a}]\n"
    source = flow("finally", tasks + "finally: [{id: last, type: log, message: a}]\n")
    found = await ended(client, source)
    assert (found["state"], states(found)) == (
        "SUCCESS",
        {"a": "SUCCESS", "notified": "SKIPPED", "last": "SUCCESS"},
    )
    failing = source.replace("{id: a, type: log, message: a}", "{id: a, type: fail}")
    found = await ended(client, failing)
    begun = [
        event["taskRun"]["key"] for event in await events(client, found["id"], "ATTEMPT_STARTED")
    ]
    assert begun == ["a", "notified", "last"]


async def test_on_a_kill_finally_runs_while_killing_after_all_attempts_have_ended(
    client: Client, go: Path, tmp_path: Path
) -> None:
    last = held("last", tmp_path / "last").replace("  - ", "")
    id = (await client.run(flow("finally-kill", held("a", go) + f"finally:\n  - {last}")))["id"]
    await client.until(id, a="RUNNING")
    await acted(client, "cancelExecution", id=id)
    found = await client.until(id, last="RUNNING")
    assert (found["state"], states(found)["a"]) == ("KILLING", "KILLED")
    (tmp_path / "last").touch()
    found = await client.until_ended(id)
    assert (found["state"], states(found)["last"]) == ("KILLED", "SUCCESS")


async def test_on_a_kill_finally_is_capped_by_finally_timeout(client: Client, go: Path) -> None:
    tasks = held("a", go) + "finally:\n" + held("last", go / "never", "kill_grace: 0s")
    id = (await client.run(flow("finally-cap", tasks, "finally_timeout: 300ms\n")))["id"]
    await client.until(id, a="RUNNING")
    await acted(client, "cancelExecution", id=id)
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == ("KILLED", {"a": "KILLED", "last": "KILLED"})


async def test_a_task_of_finally_keeps_its_own_timeout_on_a_kill(client: Client, go: Path) -> None:
    tasks = held("a", go) + "finally:\n" + held("last", go / "never", "timeout: 300ms")
    id = (await client.run(flow("finally-timeout", tasks)))["id"]
    await client.until(id, a="RUNNING")
    await acted(client, "cancelExecution", id=id)
    found = await client.until_ended(id)
    assert (found["state"], task(found, "last")["error"]["code"]) == ("KILLED", "TIMED_OUT")


async def test_a_second_cancel_skips_finally(client: Client, go: Path) -> None:
    tasks = held("a", go) + "finally:\n" + held("last", go / "never")
    id = (await client.run(flow("finally-skipped", tasks)))["id"]
    await client.until(id, a="RUNNING")
    await acted(client, "cancelExecution", id=id)
    await client.until(id, last="RUNNING")
    await acted(client, "cancelExecution", id=id)
    found = await client.until_ended(id)
    assert (found["state"], states(found)["last"]) == ("KILLED", "KILLED")


async def test_task_runs_of_a_cancelled_subflow_or_foreach_are_cancelled_too(
    client: Client,
) -> None:
    await client.save(
        flow(
            "child",
            "  - {id: w, type: wait, event: go}\n  - {id: n, type: log, message: a, needs: [w]}\n",
        )
    )
    tasks = """
  - {id: sub, type: subflow, flow: child}
  - id: each
    type: foreach
    items: [1, 2]
    max_parallel: 1
    tasks:
      - {id: w, type: wait, event: go}
      - {id: n, type: log, message: a, needs: [w]}
"""
    id = (await client.run(flow("parent", tasks)))["id"]
    await client.until(id, sub="RUNNING", **{"each[0].w": "RUNNING"})
    child = await child_of(client, id)
    await client.until(child, w="RUNNING")
    await acted(client, "cancelExecution", id=id)
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == (
        "KILLED",
        {
            "sub": "KILLED", "each": "KILLED", "each[0].w": "KILLED", "each[0].n": "CANCELLED",
            "each[1].w": "CANCELLED", "each[1].n": "CANCELLED",
        },
    )  # fmt: skip
    below = await client.until_ended(child)
    assert (below["state"], states(below)) == ("KILLED", {"w": "KILLED", "n": "CANCELLED"})
