"""Who may override an approval, and which decisions another execution reuses."""

from typing import Any

import pytest

from tests.api.client import Client, states, task
from tests.semantics.bypassing import (
    DRAFT,
    FAILS,
    HEAD,
    LOAD,
    TASKS,
    Scene,
    creation,
    is_refused,
    refusal,
    request_of,
)
from tests.semantics.scene import People, Tables, acted, child_of, does, events, flow, read


async def marks(client: Client, id: str) -> list[tuple[Any, ...]]:
    return [
        (one["data"]["tasks"], one["reason"])
        for one in await events(client, id, "APPROVAL_OVERRIDDEN")
    ]


async def test_an_override_with_permission_and_reason_is_marked(scene: Scene) -> None:
    source = await scene.approved()
    await scene.rejected()
    attempts = (
        ("createExecution", creation(scene, disabledTasks=["ask"])),
        ("createExecution", creation(
            scene, rerunOf=source, disabledTasks=["extract", "ask"], inputs={"day": "x"})),
        ("replayExecution", {
            "id": source, "fromTask": "load", "inputs": {"day": "x"}, "overrideApprovals": True}),
    )  # fmt: skip
    for ran, (name, input) in enumerate(attempts, start=1):
        problem = await refusal(scene, scene.admin, name, **input)
        assert (problem["code"], problem["path"]) == ("VALIDATION", ["reason"])
        begun = await acted(scene.admin, name, reason="ann is away", **input)
        found = await scene.admin.until_ended(begun["id"])
        assert (found["state"], scene.ran) == ("SUCCESS", ran + 1)
        assert await marks(scene.admin, begun["id"]) == [(["ask"], "ann is away")]
        newest = (await scene.audited())[0]
        assert (newest["actor"]["name"], newest["reason"]) == ("admin", "ann is away")
        assert newest["data"]["overriddenApprovals"] == ["ask"]


async def test_the_state_of_a_task_run_and_of_an_execution_is_overridden_with_a_mark(
    scene: Scene,
) -> None:
    id = await scene.rejected()
    runs = {one["key"]: one["id"] for one in (await scene.admin.show(id))["taskRuns"]}
    input = {"taskRunId": runs["ask"], "state": "SUCCESS", "reason": "ann is away"}
    await acted(scene.admin, "changeTaskRunState", **input)
    found = await scene.admin.until_ended(id)
    assert states(found)["load"] == "SUCCESS" and scene.ran == 1
    assert await marks(scene.admin, id) == [(["ask"], "ann is away")]
    again = await acted(scene.otto, "replayExecution", id=id, fromTask="load")
    await scene.awaits_decision(again["id"])
    id = await scene.rejected()
    await acted(scene.admin, "changeState", id=id, state="SUCCESS", reason="all is well")
    assert await marks(scene.admin, id) == [(["ask"], "all is well")]


async def test_on_the_same_data_a_decision_is_reused_by_the_next_execution(scene: Scene) -> None:
    source = await scene.approved()
    replayed = await acted(scene.otto, "replayExecution", id=source, fromTask="load")
    await scene.admin.until_ended(replayed["id"])
    draft = (await does(scene.otto, "prepareExecution", DRAFT, id=replayed["id"]))["draft"]
    assert [one["mustAsk"] for one in draft["tasks"]] == [None] * 4
    wanted = {**draft["createInput"], "disabledTasks": ["extract", "ask", "mid"]}
    again = await acted(scene.otto, "createExecution", **wanted)
    await scene.admin.until_ended(again["id"])
    last = await acted(scene.otto, "replayExecution", id=again["id"], fromTask="load")
    found = await scene.admin.until_ended(last["id"])
    assert (found["state"], scene.ran) == ("SUCCESS", 4)
    for id in (replayed["id"], again["id"], last["id"]):
        assert task(await scene.admin.show(id), "ask")["approval"] is None
        assert await marks(scene.admin, id) == []
    anew = await acted(scene.otto, "replayExecution", id=replayed["id"])
    await scene.awaits_decision(anew["id"])


async def test_a_restart_of_later_tasks_requests_no_new_decision(scene: Scene) -> None:
    id = await scene.approved(scene.text(FAILS))
    await acted(scene.otto, "restartExecution", id=id)
    await scene.admin.until_ended(id)
    assert scene.ran == 2


async def test_an_override_is_not_reused_as_a_decision(scene: Scene) -> None:
    await scene.admin.save(scene.text())
    begun = await acted(
        scene.admin, "createExecution", **creation(scene, disabledTasks=["ask"], reason="away")
    )
    await scene.admin.until_ended(begun["id"])
    for more in ({}, {"fromTask": "load"}):
        again = await acted(scene.otto, "replayExecution", id=begun["id"], **more)
        await scene.awaits_decision(again["id"])


@pytest.mark.parametrize("keys", ["on_timeout: SKIP", "on_timeout: APPROVE"])
async def test_undecided_requests_are_never_reused_as_approved(
    scene: Scene, tables: Tables, keys: str
) -> None:
    id, _ = await scene.waiting(scene.text(approval=f"timeout: 1h, {keys}"))
    await tables.make_due(id, "ApprovalDue", "TIMEOUT")
    await scene.admin.until_ended(id)
    assert scene.ran == 1
    again = await acted(scene.otto, "replayExecution", id=id, fromTask="load")
    await scene.awaits_decision(again["id"])
    rerun = creation(scene, rerunOf=id, disabledTasks=["extract", "ask"])
    message = await is_refused(scene, "createExecution", "FORBIDDEN", "disabledTasks", **rerun)
    assert "it is EXPIRED" in message


async def test_the_condition_of_an_approval_is_not_met_with_results_of_other_inputs(
    scene: Scene,
) -> None:
    head = "inputs: [{id: amount, type: INT, default: 5}]\n"
    tasks = TASKS.replace("{rows: 7}", '{risky: "{{ inputs.amount > 100 }}", rows: 1}')
    tasks = tasks % (
        ', when: "{{ outputs.extract.risky }}"',
        LOAD.replace("MARKED", str(scene.mark)),
    )
    await scene.admin.save(flow(scene.key, tasks, head))
    begun = await acted(scene.otto, "createExecution", **creation(scene))
    await scene.admin.until_ended(begun["id"])
    assert scene.ran == 1
    rerun = creation(scene, rerunOf=begun["id"], disabledTasks=["extract"])
    await acted(scene.otto, "createExecution", **rerun)
    rerun["inputs"] = {"amount": 1000}
    message = await is_refused(scene, "createExecution", "FORBIDDEN", "disabledTasks", **rerun)
    assert "is requested depending on extract, which would not run" in message
    replay = {"id": begun["id"], "fromTask": "load", "inputs": {"amount": 1000}}
    again = await acted(scene.otto, "replayExecution", **replay)
    await scene.awaits_decision(again["id"])
    same = await acted(scene.otto, "replayExecution", id=begun["id"], fromTask="load")
    assert (await scene.admin.until_ended(same["id"]))["state"] == "SUCCESS"


async def test_the_decisions_of_a_child_are_reused_by_its_parent_on_the_same_data(
    scene: Scene,
) -> None:
    await scene.admin.save(scene.text())
    tasks = f"""
  - {{id: sub, type: subflow, flow: {scene.key}, inputs: {{day: "{{{{ inputs.day }}}}"}}}}
  - {{id: last, type: log, needs: [sub], message: m}}
"""
    parent = await scene.admin.run(flow(f"{scene.key}up", tasks, HEAD))
    child = await child_of(scene.admin, parent["id"])
    await does(scene.admin, "approve", approvalId=await request_of(scene.admin, child))
    await scene.admin.until_ended(parent["id"])
    same = await acted(scene.otto, "replayExecution", id=parent["id"], fromTask="last")
    found = await scene.admin.until_ended(same["id"])
    assert (found["state"], scene.ran) == ("SUCCESS", 1)
    replay = {"id": parent["id"], "fromTask": "last", "inputs": {"day": "tuesday"}}
    other = await acted(scene.otto, "replayExecution", **replay)
    child_shown = await child_of(scene.admin, other["id"])
    await request_of(scene.admin, child_shown)
    assert states(await scene.admin.show(other["id"]))["last"] == "CREATED"
    await acted(scene.otto, "cancelExecution", id=other["id"])


async def test_a_foreach_with_approvals_is_reused_when_each_decision_is_valid(scene: Scene) -> None:
    tasks = f"""
  - id: each
    type: foreach
    items: [1, 2]
    tasks: [{{id: ask, type: approval, message: "{{{{ item }}}}"}}]
  - {{id: load, needs: [each], type: {LOAD.replace("MARKED", str(scene.mark))}}}
"""
    text = flow(scene.key, tasks, HEAD)
    begun = await scene.admin.run(text)
    for place in ("each[0].ask", "each[1].ask"):
        found = await scene.admin.until(begun["id"], **{place: "WAITING_FOR_APPROVAL"})
        await does(scene.admin, "approve", approvalId=task(found, place)["approval"]["id"])
    await scene.admin.until_ended(begun["id"])
    same = await acted(scene.otto, "replayExecution", id=begun["id"], fromTask="load")
    await scene.admin.until_ended(same["id"])
    assert scene.ran == 2
    for off in (["each"], ["ask"], ["each", "ask"]):
        input = creation(scene, disabledTasks=off)
        await is_refused(scene, "createExecution", "FORBIDDEN", "disabledTasks", **input)
    replay = {"id": begun["id"], "fromTask": "load", "inputs": {"day": "tuesday"}}
    other = await acted(scene.otto, "replayExecution", **replay)
    await scene.admin.until(other["id"], **{"each[0].ask": "WAITING_FOR_APPROVAL"})
    assert scene.ran == 2
    await acted(scene.otto, "cancelExecution", id=other["id"])


async def test_forbidden_changes_are_not_offered(scene: Scene, people: People) -> None:
    id = await scene.rejected()
    what = "taskRuns { key availableActions { action allowed } }"
    for who, expected in ((scene.admin, True), (scene.otto, False)):
        for run in (await read(who, id, what))["taskRuns"]:
            message = {one["action"]: one["allowed"] for one in run["availableActions"]}
            assert message["CHANGE_TASK_RUN_STATE"] is expected
