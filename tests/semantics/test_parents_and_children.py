"""A parent never ends before its child: real processes and the marks that they write to disk."""

from pathlib import Path

import pytest

from tests.api.client import Client, states, task
from tests.semantics.marks import Marks
from tests.semantics.scene import acted, child_of, does, flow, read, refused

DEPTHS = [1, 3]


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    return Marks(tmp_path)


async def family(
    client: Client,
    marks: Marks,
    depth: int,
    top: str,
    head: str = "",
    task: str = "",
    more: str = "",
) -> tuple[str, list[str]]:
    """Returns the ids of the topmost execution, and of those below it down to the one whose process runs."""
    await client.save(marks.leaf(f"{top}-leaf"))
    below = f"{top}-leaf"
    for source in marks.ancestors(top, below, depth):
        await client.save(source)
    if depth > 1:
        below = f"{top}-1"
    said = f", {task}" if task else ""
    source = flow(top, f"  - {{id: sub, type: subflow, flow: {below}{said}}}\n{more}", head)
    id = (await client.run(source))["id"]
    return id, await children(client, id, depth)


async def children(client: Client, id: str, depth: int) -> list[str]:
    found = []
    for _ in range(depth):
        id = await child_of(client, id)
        found.append(id)
    return found


async def until_stopping(client: Client, marks: Marks, leaf: str) -> None:
    await client.until(leaf, work="KILLING")
    await marks.more()


@pytest.mark.parametrize("depth", DEPTHS)
async def test_finally_waits_for_the_child_of_a_cancelled_parent(
    client: Client, marks: Marks, depth: int
) -> None:
    head = f"finally: [{marks.task('tidy')}]\n"
    id, below = await family(client, marks, depth, f"pc-cancel-{depth}", head)
    await marks.more()
    await acted(client, "cancelExecution", id=id)
    await until_stopping(client, marks, below[-1])
    assert states(await client.show(id)) == {"sub": "KILLING", "tidy": "CREATED"}
    waiting = (await read(client, id, "waitingFor { code message execution { id } }"))["waitingFor"]
    assert (below[0], "which is being cancelled") in [
        ((one["execution"] or {}).get("id"), one["message"].partition(", ")[2][:24])
        for one in waiting
    ]
    await refused(client, "restartExecution", of=id, id=id)
    marks.release()
    assert (await client.until_ended(id))["state"] == "KILLED"
    for each in below:
        assert (await client.show(each))["state"] == "KILLED"
    marks.assert_one_after_another("tidy")


@pytest.mark.parametrize("depth", DEPTHS)
async def test_the_next_attempt_waits_for_the_child_of_a_timed_out_one(
    client: Client, marks: Marks, depth: int
) -> None:
    task_ = "timeout: 1s, retry: {max_attempts: 2, delay: 0s}"
    id, below = await family(client, marks, depth, f"pc-retry-{depth}", "", task_)
    await until_stopping(client, marks, below[-1])
    assert (await client.show(id))["state"] == "RUNNING"
    marks.release()
    ended = await client.until_ended(id)
    assert ended["state"] == "SUCCESS"
    assert [one["state"] for one in task(ended, "sub")["attempts"]] == ["TIMED_OUT", "SUCCESS"]
    marks.assert_one_after_another(workers=2)


@pytest.mark.parametrize("depth", DEPTHS)
async def test_errors_and_finally_wait_for_the_child_of_a_timed_out_parent(
    client: Client, marks: Marks, depth: int
) -> None:
    head = f"timeout: 1s\nerrors: [{marks.task('sorry')}]\nfinally: [{marks.task('tidy')}]\n"
    id, below = await family(client, marks, depth, f"pc-timeout-{depth}", head)
    await until_stopping(client, marks, below[-1])
    assert states(await client.show(id)) == {
        "sub": "KILLING", "sorry": "CREATED", "tidy": "CREATED",
    }  # fmt: skip
    marks.release()
    assert (await client.until_ended(id))["state"] == "FAILED"
    marks.assert_one_after_another("sorry", "tidy")


@pytest.mark.parametrize("depth", DEPTHS)
async def test_finally_waits_for_the_child_when_a_failure_cancels_all(
    client: Client, marks: Marks, depth: int
) -> None:
    head = f"on_failure: CANCEL_ALL\nfinally: [{marks.task('tidy')}]\n"
    more = (
        "  - {id: w, type: wait, event: go}\n  - {id: bad, type: fail, message: no, needs: [w]}\n"
    )
    id, below = await family(client, marks, depth, f"pc-all-{depth}", head, "", more)
    await marks.more()
    send = 'mutation ($id: ID!) { sendEvent(input: {executionId: $id, name: "go"}) { problems { message } } }'
    assert (await client.post(send, id=id))["sendEvent"]["problems"] == []
    await until_stopping(client, marks, below[-1])
    assert (await client.show(id))["state"] == "KILLING"
    marks.release()
    assert (await client.until_ended(id))["state"] == "KILLED"
    marks.assert_one_after_another("tidy")


@pytest.mark.parametrize("depth", DEPTHS)
async def test_a_newcomer_waits_for_the_child_of_the_one_that_makes_room_for_it(
    client: Client, marks: Marks, depth: int
) -> None:
    top = f"pc-room-{depth}"
    head = "concurrency: {limit: 1, behavior: CANCEL_RUNNING}\n"
    id, below = await family(client, marks, depth, top, head)
    await marks.more()
    other = (await client.create(f"semantics/{top}"))["id"]
    await until_stopping(client, marks, below[-1])
    assert (await client.show(other))["state"] == "QUEUED"
    marks.release()
    assert (await client.until_ended(id))["state"] == "KILLED"
    assert (await client.until_ended(other))["state"] == "SUCCESS"
    marks.assert_one_after_another(workers=2)


@pytest.mark.parametrize("depth", DEPTHS)
async def test_a_restart_waits_for_the_child_and_continues_with_it(
    client: Client, marks: Marks, depth: int
) -> None:
    id, below = await family(client, marks, depth, f"pc-restart-{depth}")
    await marks.more()
    await acted(client, "cancelExecution", id=id)
    await until_stopping(client, marks, below[-1])
    marks.release()
    await client.until_ended(id)
    await acted(client, "restartExecution", id=id)
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    assert await children(client, id, depth) == below
    for each in below:
        assert (await client.show(each))["state"] == "SUCCESS"
    marks.assert_one_after_another(workers=2)


async def test_a_restart_with_restart_child_new_starts_another(
    client: Client, marks: Marks
) -> None:
    id, below = await family(client, marks, 1, "pc-new", task="restart_child: new")
    await marks.more()
    await acted(client, "cancelExecution", id=id)
    marks.release()
    await client.until_ended(id)
    await acted(client, "restartExecution", id=id)
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    assert await child_of(client, id, but=1) > below[0]
    assert (await client.show(below[0]))["state"] == "KILLED"


async def test_a_new_child_is_started_for_other_inputs(client: Client) -> None:
    """The inputs from a correction of the subflow must not be lost to the child's earlier run."""
    child = '  - {id: bad, type: fail, message: no, when: "{{ inputs.n < 2 }}"}\n'
    await client.save(flow("pc-inputs", child, "inputs: [{id: n, type: INT}]\n"))
    tasks = """
  - {id: one, type: return, outputs: {n: 1}}
  - {id: sub, type: subflow, flow: pc-inputs, needs: [one], inputs: {n: "{{ outputs.one.n }}"}}
"""
    ended = await client.until_ended((await client.run(flow("pc-caller", tasks)))["id"])
    assert ended["state"] == "FAILED"
    id = ended["id"]
    first = await child_of(client, id)
    await does(
        client, "changeTaskRunState", taskRunId=task(ended, "one")["id"], state="SUCCESS",
        reason="two", outputs={"n": 2},
    )  # fmt: skip
    await client.until_ended(id)
    await acted(client, "restartExecution", id=id)
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    assert await child_of(client, id, but=1) > first


# -- people -----------------------------------------------------------------------------------------------------------

GATE = '  - {id: ok, type: approval, message: "go?", roles: [admin]}\n'


async def gate(client: Client, top: str, depth: int, task_: str = "") -> tuple[str, list[str]]:
    await client.save(flow(f"{top}-leaf", GATE))
    marks = Marks.__new__(Marks)
    for source in marks.ancestors(top, f"{top}-leaf", depth):
        await client.save(source)
    below = f"{top}-leaf" if depth == 1 else f"{top}-1"
    said = f", {task_}" if task_ else ""
    source = flow(top, f"  - {{id: sub, type: subflow, flow: {below}{said}}}\n")
    id = (await client.run(source))["id"]
    return id, await children(client, id, depth)


@pytest.mark.parametrize("depth", DEPTHS)
async def test_a_parent_waits_for_the_person_that_its_child_waits_for_and_names_the_request(
    client: Client, depth: int
) -> None:
    id, below = await gate(client, f"pc-gate-{depth}", depth)
    await client.until(id, state="WAITING_FOR_APPROVAL")
    leaf = await read(client, below[-1], "name approvals { id }")
    found = (
        await read(
            client,
            id,
            "waitingFor { code message execution { id } approval { id } taskRun { key } }",
        )
    )["waitingFor"]
    (approval,) = [one for one in found if one["code"] == "APPROVAL"]
    assert approval["taskRun"]["key"] == "sub"
    assert approval["execution"]["id"] == below[-1]
    assert approval["approval"]["id"] == leaf["approvals"][0]["id"]
    assert f"role admin, 0 of 1 given ({leaf['name']}: ok)" in approval["message"]
    await does(client, "approve", approvalId=approval["approval"]["id"])
    assert (await client.until_ended(id))["state"] == "SUCCESS"


async def test_a_rejected_request_of_a_child_is_not_made_again(client: Client) -> None:
    id, below = await gate(client, "pc-rejected", 1, "retry: {max_attempts: 3, delay: 0s}")
    await client.until(id, state="WAITING_FOR_APPROVAL")
    approval = (await read(client, below[0], "approvals { id }"))["approvals"][0]["id"]
    await does(client, "reject", approvalId=approval, comment="not today")
    ended = await client.until_ended(id)
    assert (ended["state"], states(ended)) == ("REJECTED", {"sub": "REJECTED"})
    assert "not today" in task(ended, "sub")["error"]["message"]
    assert len((await read(client, id, "children { id }"))["children"]) == 1


@pytest.mark.parametrize("depth", DEPTHS)
async def test_pause_and_resume_reach_every_child(client: Client, marks: Marks, depth: int) -> None:
    id, below = await family(client, marks, depth, f"pc-pause-{depth}")
    await marks.more()
    paused = await acted(client, "pauseExecution", id=id, reason="the disk is full")
    for each in below:
        await client.until(each, state="PAUSED")
    why = (await read(client, below[0], "stateHistory { state reason }"))["stateHistory"][-1]
    assert why["state"] == "PAUSED"
    assert f"{paused['name']}, which started it, was paused by admin (its event " in why["reason"]
    assert why["reason"].endswith("): the disk is full")
    await acted(client, "resumeExecution", id=id)
    for each in below:
        await client.until(each, state="RUNNING")
    marks.release()
    assert (await client.until_ended(id))["state"] == "SUCCESS"


async def test_without_cascade_a_pause_is_of_the_parent_alone(client: Client, marks: Marks) -> None:
    id, below = await family(client, marks, 1, "pc-alone")
    await acted(client, "pauseExecution", id=id, cascade=False)
    marks.release()
    assert (await client.until_ended(below[0]))["state"] == "SUCCESS"
    await acted(client, "resumeExecution", id=id)
    assert (await client.until_ended(id))["state"] == "SUCCESS"


async def test_the_time_in_which_a_child_is_paused_counts_for_no_timeout_above_it(
    client: Client, marks: Marks
) -> None:
    head, task_ = "timeout: 3s\n", "timeout: 3s"
    id, below = await family(client, marks, 3, "pc-clock", head, task_)
    await acted(client, "pauseExecution", id=below[-1])
    held = await client.until(id, sub="RUNNING")
    assert held["state"] == "RUNNING"
    # The child of another flow waits for longer than both timeouts: a clock that real time drives.
    clock = (await client.run(flow("pc-seconds", "  - {id: w, type: wait, duration: 4s}\n")))["id"]
    await client.until_ended(clock)
    assert (await client.show(id))["state"] == "RUNNING"
    await acted(client, "resumeExecution", id=below[-1])
    marks.release()
    assert (await client.until_ended(id))["state"] == "SUCCESS"
