"""cancel: what ends at once, what gets a grace period, and what can no longer delay the end."""

import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.ids import new_id, untyped
from models.lifecycle.commands.commands import Cancel, Finish, KillDeadline, Start
from models.lifecycle.commands.outcomes import Succeeded
from tests.api.client import Client, states, task
from tests.api.servers import Served, start_worker
from tests.api.test_frozen_worker import rows
from tests.runner.floor import open_floor
from tests.semantics.scene import (
    Tables,
    acted,
    child_of,
    deaf,
    does,
    ended,
    flow,
    moves,
    read,
    refused,
    until_up,
)

FAILS_LATER = "  - {id: a, type: fail, retry: {max_attempts: 2, delay: 1h}}\n"


async def _created(client: Client) -> str:
    await client.save(flow("cancel-created", "  - {id: a, type: log, message: a}\n"))
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return str((await client.create("semantics/cancel-created", scheduledAt=at))["id"])


async def _queued(client: Client) -> str:
    source = flow(
        "cancel-queued", "  - {id: w, type: wait, event: x}\n", "concurrency: {limit: 1}\n"
    )
    first = await client.run(source)
    second = await client.create("semantics/cancel-queued")
    assert second["state"] == "QUEUED"
    await acted(client, "cancelExecution", id=second["id"])
    assert (await client.show(second["id"]))["state"] == "KILLED"
    return str(first["id"])


async def _retrying(client: Client) -> str:
    id = (await client.run(flow("cancel-retrying", FAILS_LATER)))["id"]
    await client.until(id, a="RETRYING")
    return str(id)


async def _task_queued(client: Client) -> str:
    source = flow("cancel-no-worker", "  - {id: a, type: log, message: a, queue: nobody}\n")
    return str((await client.run(source))["id"])


async def _waiting(client: Client) -> str:
    id = (await client.run(flow("cancel-waiting", "  - {id: ok, type: approval}\n")))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    return str(id)


async def _paused(client: Client) -> str:
    id = await _retrying(client)
    await acted(client, "pauseExecution", id=id)
    return id


@pytest.mark.parametrize("begin", [_created, _queued, _retrying, _task_queued, _waiting, _paused])
async def test_tasks_without_a_worker_end_in_the_same_transaction(
    client: Client, begin: "object"
) -> None:
    assert callable(begin)
    id = await begin(client)
    found = await acted(client, "cancelExecution", id=id)
    assert found["state"] == "KILLED"
    assert set(states(found).values()) <= {"KILLED", "CANCELLED"}
    assert (await moves(client, id))[-2:] == ["KILLING", "KILLED"]


async def test_timers_and_approval_requests_are_cancelled(client: Client) -> None:
    tasks = "  - {id: ok, type: approval, timeout: 1h}\n  - {id: w, type: wait, duration: 1h}\n"
    id = (await client.run(flow("timers", tasks)))["id"]
    await client.until(id, ok="WAITING_FOR_APPROVAL", w="RUNNING")
    found = await acted(client, "cancelExecution", id=id)
    assert states(found) == {"ok": "KILLED", "w": "KILLED"}
    assert task(found, "ok")["approval"]["state"] == "CANCELLED"


async def test_timers_that_come_after_the_end_change_nothing(
    client: Client, tables: Tables
) -> None:
    tasks = "  - {id: ok, type: approval, timeout: 1h}\n  - {id: w, type: wait, duration: 1h}\n"
    id = (await client.run(flow("late-timers", tasks, "timeout: 1h\n")))["id"]
    await client.until(id, ok="WAITING_FOR_APPROVAL", w="RUNNING")
    await acted(client, "cancelExecution", id=id)
    before = await client.show(id)
    for kind in ("ApprovalDue", "WakeUp", "TimeOutExecution"):
        await tables.make_due(id, kind)
    await tables.until_none_pending(id)
    assert await client.show(id) == before


@pytest.mark.parametrize("cascade", [True, False])
async def test_children_of_subflows_are_cancelled_unless_cascade_is_false(
    client: Client, cascade: bool
) -> None:
    await client.save(flow("cascade-child", "  - {id: w, type: wait, event: go}\n"))
    source = flow("cascade", "  - {id: sub, type: subflow, flow: cascade-child}\n")
    id = (await client.run(source))["id"]
    await client.until(id, sub="RUNNING")
    child = await child_of(client, id)
    await client.until(child, w="RUNNING")
    await acted(client, "cancelExecution", id=id, cascade=cascade)
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == ("KILLED", {"sub": "KILLED"})
    if not cascade:
        assert (await client.show(child))["state"] == "RUNNING"
        await acted(client, "cancelExecution", id=child)
    below = await client.until_ended(child)
    assert below["state"] == "KILLED"
    why = [
        one["reason"]
        for one in (await read(client, child, "stateHistory { state reason }"))["stateHistory"]
    ]
    assert any("was stopped" in (reason or "") for reason in why) is cascade


async def test_sigterm_comes_first_and_the_task_may_end_well_within_its_grace(
    client: Client, tmp_path: Path
) -> None:
    ready = tmp_path / "go.up"
    run = f"trap 'echo bye; exit 0' TERM; touch {ready}; while true; do sleep 0.02; done"
    source = flow("polite", f'  - {{id: a, type: shell, run: "{run}"}}\n')
    id = (await client.run(source))["id"]
    await until_up(tmp_path / "go")
    await acted(client, "cancelExecution", id=id)
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == ("KILLED", {"a": "KILLED"})
    logs = (await read(client, id, "logs { nodes { text stream } }"))["logs"]["nodes"]
    assert "bye" in [line["text"] for line in logs if line["stream"] == "STDOUT"]


async def test_force_leaves_no_grace_and_no_finally(client: Client, go: Path) -> None:
    tasks = deaf("a", go, "kill_grace: 1m")
    source = flow("forced", tasks + "finally: [{id: last, type: log, message: a}]\n")
    id = (await client.run(source))["id"]
    await until_up(go)
    await acted(client, "cancelExecution", id=id, force=True)
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == ("KILLED", {"a": "KILLED", "last": "CANCELLED"})


async def test_an_ended_one_cannot_be_cancelled(client: Client) -> None:
    found = await ended(client, flow("has-ended", "  - {id: a, type: log, message: a}\n"))
    problem = await refused(client, "cancelExecution", id=found["id"])
    assert (problem["code"], problem["state"]) == ("INVALID_STATE", "SUCCESS")


@pytest.fixture
def frozen(served: Served) -> "Iterator[subprocess.Popen[bytes]]":
    """A worker of the queue `frozen`."""
    worker = start_worker(served.data_dir, "--queue", "frozen")
    yield worker
    worker.send_signal(signal.SIGCONT)
    worker.terminate()
    assert worker.wait(40) == 0


KILLING_UNTIL = "execution { id stateHistory { state at } waitingFor { code until } }"
NOISE = timedelta(seconds=10)
"""Seconds by which the servers of a busy machine may be late."""
LEASES_LAST = "update attempts set lease_expires_at = clock_timestamp() + interval '1h' where execution_id = $1"
"""Long enough that the deadline ends the attempt."""


async def test_killing_ends_at_its_deadline_though_the_worker_is_frozen_and_the_task_ignores_sigterm(
    served: Served, client: Client, frozen: "subprocess.Popen[bytes]", go: Path
) -> None:
    tasks = deaf("deaf", go, "queue: frozen, kill_grace: 200ms")
    source = flow("deaf", tasks + "finally: [{id: last, type: log, message: a}]\n")
    id = (await client.run(source))["id"]
    await until_up(go)
    frozen.send_signal(signal.SIGSTOP)
    await rows(served.database_url, LEASES_LAST, untyped("exec", id))
    execution = (await does(client, "cancelExecution", KILLING_UNTIL, id=id))["execution"]
    killing = execution["stateHistory"][-1]
    assert killing["state"] == "KILLING"
    waiting = [one for one in execution["waitingFor"] if one["code"] == "KILLING"]
    until = {datetime.fromisoformat(one["until"]) for one in waiting}
    deadline = datetime.fromisoformat(killing["at"]) + timedelta(seconds=0.2 + 6)
    assert until == {deadline}, "the grace and two heartbeats"
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == ("KILLED", {"deaf": "KILLED", "last": "SUCCESS"})
    assert [one["state"] for one in task(found, "deaf")["attempts"]] == ["LOST"]
    attempt = (await read(client, id, 'task(key: "deaf") { endedAt }'))["task"]
    assert deadline <= datetime.fromisoformat(attempt["endedAt"]) <= deadline + NOISE


async def test_a_result_that_arrives_after_the_fence_is_refused_and_recorded_as_late_result(
    database_url: str, data_dir: Path
) -> None:
    async with open_floor(database_url, data_dir) as floor:
        id = await floor.begin(
            "  - {id: a, type: log, message: a, queue: nobody, kill_grace: 0s}\n"
        )
        engine, lease = floor.parts.engine, new_id()
        await engine.execute(id, Start("a", 1, new_id(), "worker:gone", lease))
        await floor.submit(id, Cancel())
        await engine.execute(id, KillDeadline((("a", 1),)))
        assert (await floor.look(id)).state == "KILLED"
        late = await engine.execute(id, Finish("a", lease, 1, Succeeded()))
        assert late.refused and late.refused.code == "CONFLICT"
        found = await floor.look(id)
        assert (found.state, found.tasks["a"].state) == ("KILLED", "KILLED")
        row = await floor.parts.database.pool.fetchrow(
            "select type, path, attempt, actor, data::jsonb ->> 'worker' as worker from events order by seq desc"
        )
        assert row and dict(row) == {
            "type": "LATE_RESULT", "path": "a", "attempt": 1, "actor": "engine", "worker": "worker:gone",
        }  # fmt: skip
