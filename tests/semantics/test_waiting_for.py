"""waitingFor: the reason why each execution and task run waits."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.api.client import Client
from tests.semantics.scene import WAITING, acted, deaf, ended, flow, read, until_up, waits


async def reasons(client: Client, id: str) -> dict[str | None, dict[str, Any]]:
    """Returns the reasons by the task run that waits, None for the execution itself."""
    found = (await read(client, id, WAITING))["waitingFor"]
    return {(one["taskRun"] or {}).get("key"): one for one in found}


async def test_a_pending_task_waits_for_the_tasks_it_needs(client: Client) -> None:
    tasks = "  - {id: w, type: wait, event: x}\n  - {id: a, type: log, message: a, needs: [w]}\n"
    id = await waits(client, flow("wf-needs", tasks))
    reason = await reasons(client, id)
    assert (reason["a"]["code"], reason["a"]["message"]) == ("TASK", "needs w, which is RUNNING")
    assert (reason["w"]["code"], reason["w"]["message"]) == ("EVENT", "the event x")
    await acted(client, "cancelExecution", id=id)


async def test_no_live_worker_on_its_queue(client: Client) -> None:
    id = (
        await client.run(flow("wf-worker", "  - {id: a, type: log, message: a, queue: nobody}\n"))
    )["id"]
    reason = (await reasons(client, id))["a"]
    assert reason["code"] == "WORKER"
    assert "no live worker on queue nobody" in reason["message"]
    await acted(client, "cancelExecution", id=id)


async def test_a_retry_at_a_time(client: Client) -> None:
    tasks = "  - {id: a, type: fail, retry: {max_attempts: 2, delay: 1h}}\n"
    id = (await client.run(flow("wf-retry", tasks)))["id"]
    await client.until(id, a="RETRYING")
    reason = (await reasons(client, id))["a"]
    retry_at = (await read(client, id, 'task(key: "a") { retryAt }'))["task"]["retryAt"]
    assert (reason["code"], reason["until"]) == ("RETRY", retry_at)
    await acted(client, "cancelExecution", id=id)


async def test_not_before_a_time(client: Client) -> None:
    id = await waits(client, flow("wf-time", "  - {id: w, type: wait, duration: 1h}\n"))
    reason = (await reasons(client, id))["w"]
    assert reason["code"] == "TIME"
    assert datetime.fromisoformat(reason["until"]) > datetime.now(UTC) + timedelta(minutes=59)
    await acted(client, "cancelExecution", id=id)
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    id = (await client.create("semantics/wf-time", scheduledAt=at))["id"]
    reason = (await reasons(client, id))[None]
    assert reason["code"] == "TIME"
    assert datetime.fromisoformat(reason["until"]) == datetime.fromisoformat(at)
    await acted(client, "cancelExecution", id=id)


async def test_an_approval_by_roles_k_of_n_given(client: Client) -> None:
    tasks = "  - {id: ok, type: approval, required: 2, roles: [admin, approver]}\n"
    id = (await client.run(flow("wf-approval", tasks)))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    reason = (await reasons(client, id))["ok"]
    assert (reason["code"], reason["message"]) == (
        "APPROVAL",
        "approval by role admin, role approver, 0 of 2 given",
    )
    await acted(client, "cancelExecution", id=id)


async def test_paused_by_someone_since_a_time(client: Client) -> None:
    tasks = "  - {id: a, type: log, message: a, queue: nobody}\n"
    id = (await client.run(flow("wf-paused", tasks)))["id"]
    await acted(client, "pauseExecution", id=id)
    reason = await reasons(client, id)
    assert {key: one["code"] for key, one in reason.items()} == {None: "PAUSED", "a": "PAUSED"}
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert reason[None]["message"].startswith(f"paused by admin since {today}")
    await acted(client, "cancelExecution", id=id)


GRACE = timedelta(seconds=20 + 6)
"""Seconds of the task's grace period and two heartbeats."""


async def test_killing_until_a_time(client: Client, go: Path) -> None:
    id = (await client.run(flow("wf-killing", deaf("a", go, "kill_grace: 20s"))))["id"]
    await until_up(go)
    before = datetime.now(UTC)
    await acted(client, "cancelExecution", id=id)
    reason = await reasons(client, id)
    assert {key: one["code"] for key, one in reason.items()} == {None: "KILLING", "a": "KILLING"}
    until = datetime.fromisoformat(reason[None]["until"])
    assert before + GRACE <= until <= datetime.now(UTC) + GRACE
    assert reason["a"]["until"] == reason[None]["until"]
    await acted(client, "cancelExecution", id=id)
    assert (await client.until_ended(id))["state"] == "KILLED"


async def test_the_end_of_another_execution(client: Client) -> None:
    child = flow("wf-child", "  - {id: w, type: wait, event: x}\n")
    await client.save(child)
    id = (await client.run(flow("wf-parent", "  - {id: sub, type: subflow, flow: wf-child}\n")))[
        "id"
    ]
    query = "subscription ($id: ID!) { execution(id: $id) { children { id } } }"
    async with client.subscribe(query, id=id) as messages:
        async for data in messages:
            if below := data["execution"]["children"]:
                break
    reason = (await reasons(client, id))["sub"]
    name = (await read(client, below[0]["id"], "name"))["name"]
    assert (reason["code"], reason["message"]) == (
        "EXECUTION",
        f"the end of the execution that it started: {name}",
    )
    await acted(client, "cancelExecution", id=id)
    await client.until_ended(below[0]["id"])


async def test_the_turn_of_an_iteration_and_of_errors_and_finally(client: Client) -> None:
    tasks = """
  - id: each
    type: foreach
    items: [1, 2]
    max_parallel: 1
    tasks: [{id: w, type: wait, event: x}]
errors: [{id: e, type: log, message: a}]
finally: [{id: f, type: log, message: a}]
"""
    id = await waits(client, flow("wf-turn", tasks), "each[0].w")
    reason = await reasons(client, id)
    assert reason["each[1].w"]["message"] == "iteration 1 of each starts when max_parallel allows"
    assert reason["e"]["message"] == "errors tasks run after all others"
    assert reason["f"]["message"] == "finally tasks run after all others"
    await acted(client, "cancelExecution", id=id)


async def test_ended_executions_wait_for_nothing(client: Client) -> None:
    found = await ended(client, flow("wf-ended", "  - {id: a, type: log, message: a}\n"))
    assert await reasons(client, found["id"]) == {}
