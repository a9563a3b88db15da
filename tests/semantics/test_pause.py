"""pause and resume."""

from pathlib import Path

from tests.api.client import Client, states, task
from tests.semantics.scene import (
    Tables,
    acted,
    does,
    ended,
    events,
    flow,
    held,
    moves,
    refused,
    waits,
)


async def test_running_tasks_continue_and_nothing_new_starts_including_retries(
    client: Client, go: Path
) -> None:
    again = '  - {id: again, type: shell, run: "test $HEADWAY_ATTEMPT -gt 1", retry: {max_attempts: 2, delay: 300ms}}\n'
    next = "  - {id: next, type: log, message: a, needs: [slow]}\n"
    id = (await client.run(flow("held-back", held("slow", go) + again + next)))["id"]
    await client.until(id, slow="RUNNING", again="RETRYING")
    await acted(client, "pauseExecution", id=id)
    await ended(client, flow("meanwhile", "  - {id: w, type: wait, duration: 400ms}\n"))
    go.touch()
    found = await client.until(id, slow="SUCCESS")
    assert (found["state"], states(found)) == (
        "PAUSED",
        {"slow": "SUCCESS", "again": "RETRYING", "next": "CREATED"},
    )
    await acted(client, "resumeExecution", id=id)
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == (
        "SUCCESS",
        {"slow": "SUCCESS", "again": "SUCCESS", "next": "SUCCESS"},
    )


async def test_pausing_while_failed_finishing_and_resuming_continues_finishing(
    client: Client, go: Path
) -> None:
    id = (
        await client.run(flow("paused-failing", "  - {id: bad, type: fail}\n" + held("slow", go)))
    )["id"]
    await client.until(id, state="FAILED_FINISHING", slow="RUNNING")
    assert (await acted(client, "pauseExecution", id=id))["state"] == "PAUSED"
    assert (await acted(client, "resumeExecution", id=id))["state"] == "FAILED_FINISHING"
    go.touch()
    assert (await client.until_ended(id))["state"] == "FAILED"


async def test_pausing_while_waiting_for_approval_and_resuming_waits_again(client: Client) -> None:
    id = (await client.run(flow("paused-waiting", "  - {id: ok, type: approval}\n")))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    assert (await acted(client, "pauseExecution", id=id))["state"] == "PAUSED"
    assert (await acted(client, "resumeExecution", id=id))["state"] == "WAITING_FOR_APPROVAL"
    await acted(client, "cancelExecution", id=id)


async def test_resume_ends_it_when_everything_has_ended_meanwhile(client: Client, go: Path) -> None:
    id = (await client.run(flow("ended-paused", held("slow", go))))["id"]
    await client.until(id, slow="RUNNING")
    await acted(client, "pauseExecution", id=id)
    go.touch()
    assert (await client.until(id, slow="SUCCESS"))["state"] == "PAUSED"
    assert (await acted(client, "resumeExecution", id=id))["state"] == "SUCCESS"
    assert (await moves(client, id))[:2] == ["RUNNING", "PAUSED"]


async def test_votes_while_paused_are_recorded_and_their_effect_waits(client: Client) -> None:
    id = (await client.run(flow("paused-votes", "  - {id: ok, type: approval}\n")))["id"]
    approval = task(await client.until(id, state="WAITING_FOR_APPROVAL"), "ok")["approval"]["id"]
    await acted(client, "pauseExecution", id=id)
    await does(client, "approve", approvalId=approval)
    found = await client.show(id)
    assert (found["state"], states(found)) == ("PAUSED", {"ok": "WAITING_FOR_APPROVAL"})
    assert [one["data"]["decision"] for one in await events(client, id, "APPROVAL_VOTED")] == [
        "APPROVE"
    ]
    problem = await refused(client, "approve", of=id, approvalId=approval)
    assert problem["code"] == "ALREADY_DECIDED"
    assert (await acted(client, "resumeExecution", id=id))["state"] == "SUCCESS"


async def test_approval_clocks_run_on_while_paused_and_their_effect_waits(
    client: Client, tables: Tables
) -> None:
    tasks = "  - {id: ok, type: approval, timeout: 1h}\n"
    id = (await client.run(flow("paused-clocks", tasks)))["id"]
    await client.until(id, state="WAITING_FOR_APPROVAL")
    await acted(client, "pauseExecution", id=id)
    await tables.make_due(id, "ApprovalDue", "TIMEOUT")
    async with client.subscribe(
        "subscription ($id: ID!) { execution(id: $id) { state taskRuns { approval { state } } } }",
        id=id,
    ) as messages:
        async for data in messages:
            assert data["execution"]["state"] == "PAUSED"
            if data["execution"]["taskRuns"][0]["approval"]["state"] == "EXPIRED":
                break
    assert (await acted(client, "resumeExecution", id=id))["state"] == "REJECTED"


async def test_only_paused_executions_can_be_resumed_and_not_paused_again(client: Client) -> None:
    id = await waits(client, flow("pause-twice", "  - {id: w, type: wait, event: x}\n"))
    problem = await refused(client, "resumeExecution", id=id)
    assert (problem["code"], problem["state"]) == ("INVALID_STATE", "RUNNING")
    await acted(client, "pauseExecution", id=id)
    problem = await refused(client, "pauseExecution", id=id)
    assert (problem["code"], problem["state"]) == ("INVALID_STATE", "PAUSED")
    await acted(client, "cancelExecution", id=id)


async def test_a_wait_that_ends_while_paused_starts_no_dependents(client: Client) -> None:
    tasks = (
        "  - {id: w, type: wait, duration: 200ms}\n  - {id: a, type: log, message: a, needs: [w]}\n"
    )
    id = (await client.run(flow("paused-wait", tasks)))["id"]
    await acted(client, "pauseExecution", id=id)
    found = await client.until(id, w="SUCCESS")
    assert (found["state"], states(found)["a"]) == ("PAUSED", "CREATED")
    await acted(client, "resumeExecution", id=id)
    assert (await client.until_ended(id))["state"] == "SUCCESS"
