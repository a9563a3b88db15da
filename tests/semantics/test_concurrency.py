"""A flow's limit: which executions hold a slot, wait, or are cancelled."""

import asyncio

import pytest

from models.states import OCCUPIES_SLOT
from tests.api.client import Client, states, task
from tests.semantics.scene import (
    WAITING,
    acted,
    child_of,
    codes,
    does,
    ended,
    events,
    flow,
    moves,
    read,
)

WAITS = "  - {id: w, type: wait, event: x}\n"
LIMIT = "concurrency: {limit: %d, behavior: %s}\n"


async def several(
    client: Client, id: str, count: int, limit: int = 1, behavior: str = "QUEUE"
) -> list[str]:
    await client.save(flow(id, WAITS, LIMIT % (limit, behavior)))
    return [str((await client.create(f"semantics/{id}"))["id"]) for _ in range(count)]


async def cancel(client: Client, *ids: str) -> None:
    for id in ids:
        await acted(client, "cancelExecution", id=id)


async def state(client: Client, id: str) -> str:
    return str((await client.show(id))["state"])


async def test_queue_is_first_in_first_out_by_creation_and_the_position_is_visible(
    client: Client,
) -> None:
    first, second, third = await several(client, "cc-fifo", 3)
    assert [await state(client, id) for id in (first, second, third)] == [
        "RUNNING",
        "QUEUED",
        "QUEUED",
    ]
    holder = (await client.show(first))["name"]
    for position, id in enumerate((second, third), 1):
        (reason,) = (await read(client, id, WAITING))["waitingFor"]
        assert reason["code"] == "SLOT"
        assert holder in reason["message"] and f"position {position}" in reason["message"]
    await cancel(client, first)
    await client.until(second, state="RUNNING")
    assert await state(client, third) == "QUEUED"
    await cancel(client, second)
    await client.until(third, state="RUNNING")
    await cancel(client, third)


async def test_a_greater_priority_goes_first(client: Client) -> None:
    first, second = await several(client, "cc-priority", 2)
    urgent = (await client.create("semantics/cc-priority", priority=5))["id"]
    await cancel(client, first)
    await client.until(urgent, state="RUNNING")
    assert await state(client, second) == "QUEUED"
    await cancel(client, urgent)
    await client.until(second, state="RUNNING")
    await cancel(client, second)


async def test_cancel_new_drops_the_newcomer(client: Client) -> None:
    first, second = await several(client, "cc-new", 2, behavior="CANCEL_NEW")
    found = await client.show(second)
    assert (found["state"], states(found)) == ("CANCELLED", {"w": "CANCELLED"})
    assert await moves(client, second) == ["CANCELLED"]
    await cancel(client, first)


async def test_fail_fails_the_newcomer(client: Client) -> None:
    first, second = await several(client, "cc-fail", 2, behavior="FAIL")
    found = await client.show(second)
    assert (found["state"], found["failure"]["code"]) == ("FAILED", "CONCURRENCY_LIMIT")
    await cancel(client, first)


async def test_cancel_running_cancels_the_oldest_and_the_newcomer_waits_for_its_end(
    client: Client,
) -> None:
    first, second, third = await several(client, "cc-running", 3, 2, "CANCEL_RUNNING")
    assert (await client.until_ended(first))["state"] == "KILLED"
    await client.until(third, state="RUNNING")
    assert await state(client, second) == "RUNNING"
    assert await moves(client, third) == ["QUEUED", "RUNNING"]
    killings = [event for event in await events(client, first) if event["toState"] == "KILLING"]
    assert (await client.show(third))["name"] in killings[0]["reason"]
    await cancel(client, second, third)


@pytest.mark.parametrize("holding", ["PAUSED", "WAITING_FOR_APPROVAL", "FAILED_FINISHING"])
async def test_each_state_that_holds_a_slot_keeps_the_next_one_waiting(
    client: Client, holding: str
) -> None:
    assert holding in OCCUPIES_SLOT
    tasks = {
        "PAUSED": WAITS,
        "WAITING_FOR_APPROVAL": "  - {id: ok, type: approval}\n",
        "FAILED_FINISHING": WAITS + "  - {id: bad, type: fail}\n",
    }[holding]
    first = await client.run(flow("cc-holds", tasks, LIMIT % (1, "QUEUE")))
    if holding == "PAUSED":
        await acted(client, "pauseExecution", id=first["id"])
    await client.until(first["id"], state=holding)
    second = await client.create("semantics/cc-holds")
    assert second["state"] == "QUEUED"
    await cancel(client, second["id"], first["id"])


def test_no_other_state_holds_a_slot() -> None:
    assert {held.value for held in OCCUPIES_SLOT} == {
        "RUNNING", "PAUSED", "WAITING_FOR_APPROVAL", "FAILED_FINISHING", "KILLING", "RESTARTED",
    }  # fmt: skip


async def test_the_flows_latest_revision_governs_the_limit(client: Client) -> None:
    first, second = await several(client, "cc-latest", 2)
    assert await state(client, second) == "QUEUED"
    await client.save(flow("cc-latest", WAITS, LIMIT % (2, "QUEUE")))
    await client.until(second, state="RUNNING")
    third = await client.create("semantics/cc-latest", revision=1)
    assert third["state"] == "QUEUED"
    await cancel(client, third["id"], first, second)


async def test_a_child_of_the_same_flow_shares_its_parents_slot(client: Client) -> None:
    tasks = """
  - id: again
    type: subflow
    flow: cc-child
    when: "{{ inputs.depth > 0 }}"
    inputs: {depth: "{{ inputs.depth - 1 }}"}
"""
    head = "inputs: [{id: depth, type: INT, default: 2}]\n" + LIMIT % (1, "QUEUE")
    found = await ended(client, flow("cc-child", tasks, head))
    assert found["state"] == "SUCCESS"
    (child,) = (
        await read(client, found["id"], "children(first: 9) { id children(first: 9) { id } }")
    )["children"]
    assert len(child["children"]) == 1
    assert await moves(client, child["id"]) == ["RUNNING", "SUCCESS"]


async def test_freeing_a_slot_starts_the_next_however_it_was_freed(client: Client) -> None:
    tasks = "  - {id: ok, type: approval}\n"
    source = flow("cc-freed", tasks, LIMIT % (1, "QUEUE"))
    first = (await client.run(source))["id"]
    second = (await client.create("semantics/cc-freed"))["id"]
    approval = task(await client.until(first, state="WAITING_FOR_APPROVAL"), "ok")["approval"]["id"]
    await does(client, "reject", approvalId=approval)
    await client.until(second, state="WAITING_FOR_APPROVAL")
    assert codes(await read(client, second, WAITING)) == [("APPROVAL", "ok")]
    await cancel(client, second)


async def test_many_concurrent_executions_never_exceed_the_limit_and_all_run(
    client: Client,
) -> None:
    tasks = "  - {id: a, type: log, message: a}\n  - {id: b, type: log, message: b, needs: [a]}\n"
    await client.save(flow("cc-many", tasks, LIMIT % (2, "QUEUE")))
    made = await asyncio.gather(*(client.create("semantics/cc-many") for _ in range(12)))
    found = [await client.until_ended(one["id"]) for one in made]
    assert {one["state"] for one in found} == {"SUCCESS"}
    spans = [await read(client, one["id"], "startedAt endedAt") for one in found]
    begun = sorted((one["startedAt"], 1) for one in spans)
    over = sorted((one["endedAt"], -1) for one in spans)
    at_once = most = 0
    for _, change in sorted(begun + over, key=lambda moment: (moment[0], moment[1])):
        at_once += change
        most = max(most, at_once)
    assert most <= 2


SELF = """
  - {id: again, type: subflow, flow: %s, when: "{{ inputs.depth > 0 }}", inputs: {depth: 0}}
  - {id: w, type: wait, event: x, when: "{{ inputs.depth == 0 }}"}
"""
DEPTH = "inputs: [{id: depth, type: INT, default: 0}]\n"


async def parent_and_child(client: Client, id: str) -> tuple[str, str]:
    """A flow that starts itself, with one slot; the child waits for an event."""
    await client.save(flow(id, SELF % id, DEPTH + LIMIT % (1, "QUEUE")))
    parent = (await client.create(f"semantics/{id}", inputs={"depth": 1}))["id"]
    child = await child_of(client, parent)
    assert await state(client, child) == "RUNNING"
    return parent, child


async def test_a_restarted_child_needs_a_slot_of_its_own(client: Client) -> None:
    parent, child = await parent_and_child(client, "cc-returned")
    await cancel(client, child)
    assert (await client.until_ended(parent))["state"] == "KILLED"
    other = (await client.create("semantics/cc-returned"))["id"]
    assert await state(client, other) == "RUNNING"
    await acted(client, "restartExecution", id=child)
    assert await state(client, child) == "QUEUED"
    await cancel(client, other)
    await client.until(child, state="RUNNING")
    await cancel(client, child)


async def test_a_child_of_a_task_run_corrected_later_needs_its_own_slot(client: Client) -> None:
    parent, child = await parent_and_child(client, "cc-corrected")
    await cancel(client, child)
    await client.until_ended(parent)
    other = (await client.create("semantics/cc-corrected"))["id"]
    waits = task(await client.show(child), "w")["id"]
    await does(client, "changeTaskRunState", taskRunId=waits, state="SUCCESS", reason="seen")
    assert await state(client, child) == "QUEUED"
    await cancel(client, other)
    assert (await client.until_ended(child))["state"] == "SUCCESS"


async def test_a_child_that_outlives_its_parent_holds_the_slot(client: Client) -> None:
    parent, child = await parent_and_child(client, "cc-heir")
    await acted(client, "cancelExecution", id=parent, cascade=False)
    await client.until_ended(parent)
    other = (await client.create("semantics/cc-heir"))["id"]
    assert (await state(client, child), await state(client, other)) == ("RUNNING", "QUEUED")
    (reason,) = (await read(client, other, WAITING))["waitingFor"]
    assert (await client.show(child))["name"] in reason["message"]
    await acted(client, "restartExecution", id=parent)
    assert await state(client, parent) == "QUEUED"
    await cancel(client, parent, child)
    await client.until(other, state="RUNNING")
    await cancel(client, other)
