"""Attempts: their stored results, retries, lost workers, workers that stop."""

import signal
import sys
from datetime import datetime
from pathlib import Path

import pytest

from models.events.events import ENGINE
from models.ids import new_id, untyped
from models.lifecycle.commands.commands import Start
from models.retry import delay_before
from models.spec import RetrySpec
from models.states import AttemptState
from tests.api.client import Client, states, task
from tests.api.servers import Served, start_worker
from tests.models.lifecycle.stage import Stage
from tests.semantics.scene import (
    Tables,
    acted,
    deaf,
    ended,
    events,
    flow,
    held,
    moves,
    read,
    until_up,
)


async def test_attempts_are_numbered_from_1_and_keep_their_results(client: Client) -> None:
    run = f"echo I am $HEADWAY_ATTEMPT; {sys.executable} -c 'x = chr(88) * 900_000_000'; exit $((7 + HEADWAY_ATTEMPT))"
    tasks = f'  - {{id: a, type: shell, run: "{run}", retry: {{max_attempts: 2, delay: 10ms}}}}\n'
    found = await ended(client, flow("at-kept", tasks))
    what = """task(key: "a") { attempts { number state worker startedAt endedAt exitCode error { code }
      resources { maxRssBytes cpuSeconds } } one: logs(attempt: 1) { nodes { text } }
      two: logs(attempt: 2) { nodes { text } } }"""
    task_run = (await read(client, found["id"], what))["task"]
    attempts = task_run["attempts"]
    assert [(one["number"], one["state"], one["exitCode"]) for one in attempts] == [
        (1, "FAILED", 8), (2, "FAILED", 9),
    ]  # fmt: skip
    for one in attempts:
        assert one["worker"] and one["startedAt"] < one["endedAt"]
        assert one["error"] == {"code": "EXIT_CODE"}
        assert int(one["resources"]["maxRssBytes"]) > 900_000_000
        assert one["resources"]["cpuSeconds"] > 0
    assert [task_run["one"]["nodes"][0]["text"], task_run["two"]["nodes"][0]["text"]] == [
        "I am 1",
        "I am 2",
    ]


SIGNALLED = """  - {id: own, type: shell, run: "kill -KILL $$", allow_failure: true}
  - {id: shell, type: shell, run: "(kill -KILL $BASHPID); exit $?", allow_failure: true}
  - {id: timed, type: shell, run: sleep 60, timeout: 500ms, allow_failure: true}
  - {id: python, type: python, script: "import os; os.abort()", allow_failure: true}
"""


async def test_the_exit_code_of_a_signal_is_negative_from_any_sender(
    client: Client, go: Path
) -> None:
    found = await ended(client, flow("at-signalled", SIGNALLED))
    codes = {run["key"]: run["attempts"][0]["exitCode"] for run in found["taskRuns"]}
    assert codes == {"own": -9, "shell": 137, "timed": -15, "python": -6}
    tasks = held("gentle", go) + deaf("deaf", go, "kill_grace: 200ms")
    id = str((await client.run(flow("at-killed", tasks)))["id"])
    await client.until(id, gentle="RUNNING", deaf="RUNNING")
    await until_up(go)
    await acted(client, "cancelExecution", id=id)
    found = await client.until_ended(id)
    codes = {run["key"]: run["attempts"][0]["exitCode"] for run in found["taskRuns"]}
    assert codes == {"gentle": -15, "deaf": -9}


async def test_an_attempt_is_never_rewritten(client: Client, go: Path) -> None:
    bad = '  - {id: a, type: shell, run: "test -e $GO", env: {GO: "%s"}}\n'
    found = await ended(client, flow("at-rewritten", bad % go))
    before = task(found, "a")["attempts"]
    go.touch()
    await acted(client, "restartExecution", id=found["id"])
    after = task(await client.until_ended(found["id"]), "a")["attempts"]
    assert (after[0], after[1]["state"]) == (before[0], "SUCCESS")


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [("constant", [2, 2, 2]), ("linear", [2, 4, 6]), ("exponential", [2, 4, 7])],
)
def test_backoff_is_constant_linear_or_exponential_up_to_max_delay(
    backoff: str, delays: list[float]
) -> None:
    spec = RetrySpec.model_validate(
        {"max_attempts": 4, "backoff": backoff, "delay": "2s", "max_delay": "7s"}
    )
    assert [delay_before(spec, used, lambda: 0.9) for used in (1, 2, 3)] == delays
    jittered = spec.model_copy(update={"jitter": True})
    assert (delay_before(jittered, 1, lambda: 0.0), delay_before(jittered, 1, lambda: 0.5)) == (
        2,
        1.5,
    )


async def test_the_next_attempt_waits_as_retrying_until_retry_at(client: Client) -> None:
    tasks = "  - {id: a, type: fail, retry: {max_attempts: 2, delay: 1h}}\n"
    id = (await client.run(flow("at-retrying", tasks)))["id"]
    await client.until(id, a="RETRYING")
    run = (await read(client, id, 'task(key: "a") { state retryAt attempts { endedAt } }'))["task"]
    waits = datetime.fromisoformat(run["retryAt"]) - datetime.fromisoformat(
        run["attempts"][0]["endedAt"]
    )
    assert waits.total_seconds() == pytest.approx(3600, abs=1)
    await acted(client, "cancelExecution", id=id)


@pytest.mark.parametrize(("on", "attempts"), [("[TIMED_OUT]", 2), ("[FAILED, LOST]", 1)])
async def test_only_the_ends_named_by_on_are_retried(
    client: Client, go: Path, on: str, attempts: int
) -> None:
    retry = f"timeout: 100ms, retry: {{max_attempts: 2, delay: 10ms, on: {on}}}"
    found = await ended(client, flow("at-on", held("a", go, retry)))
    assert [one["state"] for one in task(found, "a")["attempts"]] == ["TIMED_OUT"] * attempts


@pytest.mark.parametrize(("rule", "end"), [("retry", "SUCCESS"), ("fail", "ERROR")])
async def test_a_lease_that_expires_makes_the_attempt_lost_and_on_worker_lost_decides(
    client: Client, served: Served, tables: Tables, rule: str, end: str
) -> None:
    run = 'run: "test $HEADWAY_ATTEMPT -gt 1 || sleep 60"'
    source = flow(
        "at-lost", f"  - {{id: a, type: shell, queue: lost, on_worker_lost: {rule}, {run}}}\n"
    )
    id = (await client.run(source))["id"]
    worker = start_worker(served.data_dir, "--queue", "lost")
    try:
        await client.until(id, a="RUNNING")
        worker.send_signal(signal.SIGSTOP)
        await tables.rows(
            "update attempts set lease_expires_at = clock_timestamp() where state = 'RUNNING' and lease is not null"
        )
        await client.until(id, a="QUEUED" if rule == "retry" else "ERROR")
    finally:
        worker.send_signal(signal.SIGCONT)
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == (end, {"a": end})
    lost, *others = task(found, "a")["attempts"]
    assert (lost["state"], lost["error"]["code"]) == ("LOST", "WORKER_LOST")
    assert [one["state"] for one in others] == ["SUCCESS"] * (rule == "retry")
    worker.terminate()
    assert worker.wait(30) == 0


async def test_max_lost_ends_a_task_when_its_workers_are_killed(
    client: Client, served: Served, go: Path, tables: Tables
) -> None:
    id = (await client.run(flow("at-max-lost", held("a", go, "queue: killed, max_lost: 2"))))["id"]
    for next_state in ("QUEUED", "ERROR"):
        worker = start_worker(served.data_dir, "--queue", "killed")
        await client.until(id, a="RUNNING")
        worker.kill()
        worker.wait()
        await tables.rows(EXPIRE, untyped("exec", id))
        await client.until(id, a=next_state)
    found = await client.until_ended(id)
    assert found["state"] == "ERROR"
    assert [one["error"]["code"] for one in task(found, "a")["attempts"]] == ["WORKER_LOST"] * 2
    assert "the last of 2 attempts that may be lost" in task(found, "a")["error"]["message"]


EXPIRE = """update attempts set lease_expires_at = clock_timestamp()
where execution_id = $1 and state = 'RUNNING' and lease is not null"""


async def test_a_drained_worker_hands_its_attempt_back_as_lost_with_reason_drained(
    client: Client, served: Served, go: Path
) -> None:
    id = (await client.run(flow("at-drained", held("a", go, "queue: drained"))))["id"]
    worker = start_worker(served.data_dir, "--queue", "drained", "--drain-timeout", "0")
    await client.until(id, a="RUNNING")
    worker.send_signal(signal.SIGTERM)
    found = await client.until(id, a="QUEUED")
    assert worker.wait(30) == 0
    assert [one["state"] for one in task(found, "a")["attempts"]] == ["LOST"]
    (run,) = await events(client, id, "ATTEMPT_ENDED")
    assert run["reason"] == "drained" or run["data"].get("reason") == "drained"
    assert await moves(client, id, "a") == ["QUEUED", "RUNNING", "QUEUED"]
    await acted(client, "cancelExecution", id=id)


async def test_a_job_of_a_task_run_that_is_not_queued_is_dropped_without_an_event() -> None:
    stage = Stage(flow("at-dropped", "  - {id: a, type: log, message: a}\n"))
    stage.run("a", AttemptState.SUCCESS)
    before = stage.execution
    late = stage.submit(Start("a", 1, new_id(), "worker:w2", new_id()), ENGINE)
    assert late.refused and not late.events
    assert stage.execution == before
