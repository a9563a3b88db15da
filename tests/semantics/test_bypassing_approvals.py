"""An operator tries every mutation to run the tasks after an approval without a decision.

The mutations are read from the contract, so that new ones are included. `load` writes a line when it runs.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from tests.api.client import states
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
from tests.semantics.scene import PLAN, People, act, acted, does, ended, flow

SDL = Path(__file__).parents[2] / "schema" / "schema.graphql"


async def disables_it(scene: Scene) -> None:
    await scene.admin.save(scene.text())
    for tasks in (["ask"], ["ask", "extract"], ["extract", "ask", "mid"]):
        input = creation(scene, disabledTasks=tasks, reason="in a hurry")
        message = await is_refused(scene, "createExecution", "FORBIDDEN", "disabledTasks", **input)
        assert "`ask` needs an approval" in message and "OVERRIDE_APPROVAL" in message


async def reruns_with_others(scene: Scene) -> None:
    """Disables it with other inputs, with new outputs, with another revision, and after a rejection."""
    source = await scene.approved()
    assert scene.ran == 1
    rerun = creation(scene, rerunOf=source, reason="in a hurry", disabledTasks=["extract", "ask"])
    for others in (
        {"inputs": {"day": "tuesday"}},
        {"disabledTasks": ["ask"]},
        {"disabledTasks": ["extract", "ask", "mid"], "inputs": {"day": "tuesday"}},
    ):
        input = {**rerun, **others}
        await is_refused(scene, "createExecution", "FORBIDDEN", "disabledTasks", **input)
    await scene.admin.save(scene.text(approval="description: changed"))
    await is_refused(scene, "createExecution", "FORBIDDEN", "disabledTasks", **rerun)
    rejected = await scene.rejected()
    again = {**rerun, "rerunOf": rejected}
    await is_refused(scene, "createExecution", "FORBIDDEN", "disabledTasks", **again)


async def reruns_another_flow(scene: Scene) -> None:
    await scene.admin.save(scene.text())
    tasks = "  - {id: ask, type: log, message: m}\n  - {id: extract, type: log, message: m}\n"
    other = await ended(scene.admin, flow(f"{scene.key}b", tasks))
    for tasks_off in ([], ["extract", "ask"]):
        input = creation(scene, rerunOf=other["id"], disabledTasks=tasks_off)
        refusal = await is_refused(scene, "createExecution", "VALIDATION", "rerunOf", **input)
        assert "of the same flow" in refusal


async def runs_an_older_revision(scene: Scene) -> None:
    """Uses an execution from before the approval existed, and one from when others had to decide."""
    tasks = TASKS.replace("type: approval", "type: log") % ("", LOAD)
    await scene.admin.save(flow(scene.key, tasks.replace("MARKED", str(scene.mark)), HEAD))
    old = await scene.otto_runs(flow(scene.key, tasks.replace("MARKED", str(scene.mark)), HEAD))
    await scene.admin.until_ended(old)
    assert scene.ran == 1
    await scene.admin.save(scene.text(approval="users: [mallory]"))
    await scene.admin.save(scene.text(approval="users: [admin]"))
    for revision in (1, 2):
        input = creation(scene, revision=revision, reason="in a hurry")
        await is_refused(scene, "createExecution", "FORBIDDEN", "revision", **input)
    await is_refused(scene, "replayExecution", "FORBIDDEN", "revision", id=old, reason="a")
    await is_refused(scene, "createExecution", "FORBIDDEN", "revision", **creation(
        scene, revision=1, rerunOf=old, disabledTasks=["extract", "ask"], reason="in a hurry"))  # fmt: skip


async def is_requested_each_time(scene: Scene) -> None:
    source = await scene.approved(scene.text(approval="reuse: never"))
    rerun = creation(scene, rerunOf=source, disabledTasks=["extract", "ask"])
    refusal = await is_refused(scene, "createExecution", "FORBIDDEN", "disabledTasks", **rerun)
    assert "reuse: never" in refusal
    begun = await acted(scene.otto, "replayExecution", id=source, fromTask="load")
    await scene.awaits_decision(begun["id"])
    assert scene.ran == 1


async def disables_the_subflow_with_the_approval(scene: Scene) -> None:
    await scene.admin.save(scene.text())
    tasks = f"""
  - {{id: sub, type: subflow, flow: {scene.key}}}
  - {{id: load, type: log, needs: [sub], message: m}}
"""
    for name, text in (
        ("up", tasks),
        ("each", tasks.replace("{id: sub", "{id: s, type: foreach, items: [1], tasks: [{id: sub")
         .replace("}\n  - {id: load", "}]}\n  - {id: load").replace("needs: [sub]", "needs: [s]")),
    ):  # fmt: skip
        await scene.admin.save(flow(f"{scene.key}{name}", text))
        off = ["sub"] if name == "up" else ["s"]
        problem = await refusal(
            scene, scene.otto, "createExecution", namespace="semantics",
            flow=f"{scene.key}{name}", disabledTasks=off, reason="in a hurry",
        )  # fmt: skip
        assert (problem["code"], problem["path"]) == ("FORBIDDEN", ["disabledTasks"])


async def replays_from_after_it(scene: Scene) -> None:
    """A decision that is no longer valid is requested again, and nothing runs before it."""
    source = await scene.approved()
    assert scene.ran == 1
    for start in ("mid", "load"):
        replay = {"id": source, "fromTask": start, "inputs": {"day": "tuesday"}, "reason": "a"}
        plan = (await does(scene.otto, "replayExecution", PLAN, plan=True, **replay))["plan"]
        refusal = {one["key"]: one["plan"] for one in plan["tasks"]}
        assert refusal == {"extract": "REUSE", "ask": "RUN", "mid": "RUN", "load": "RUN"}
        await scene.awaits_decision((await acted(scene.otto, "replayExecution", **replay))["id"])
    await scene.admin.save(scene.text(approval="description: changed"))
    replay = {"id": source, "fromTask": "load", "revision": "LATEST"}
    await scene.awaits_decision((await acted(scene.otto, "replayExecution", **replay))["id"])
    override: dict[str, Any] = {
        "id": source,
        "fromTask": "load",
        "inputs": {"day": "x"},
        "reason": "a",
    }
    path = "overrideApprovals"
    await is_refused(
        scene, "replayExecution", "FORBIDDEN", path, overrideApprovals=True, **override
    )
    rejected = await scene.rejected()
    await is_refused(
        scene, "replayExecution", "VALIDATION", "fromTask", id=rejected, fromTask="load"
    )
    assert scene.ran == 1


async def prepares_it(scene: Scene) -> None:
    source = await scene.approved()
    await scene.admin.save(scene.text(approval="description: changed"))
    draft = (await does(scene.otto, "prepareExecution", DRAFT, id=source))["draft"]
    refusal = {one["key"]: (one["enabled"], one["mustAsk"] is None) for one in draft["tasks"]}
    assert refusal["ask"] == (True, False)
    begun = await acted(scene.otto, "createExecution", **draft["createInput"])
    await request_of(scene.admin, begun["id"])
    sent = {**draft["createInput"], "disabledTasks": ["extract", "ask"]}
    await is_refused(scene, "createExecution", "FORBIDDEN", "disabledTasks", **sent)


async def restarts_it(scene: Scene) -> None:
    id = await scene.rejected()
    await acted(scene.otto, "restartExecution", id=id, reason="in a hurry")
    await scene.awaits_decision(id)
    id = await scene.approved(scene.text(FAILS, "reuse: never"))
    assert scene.ran == 1
    await acted(scene.otto, "restartExecution", id=id)
    await request_of(scene.admin, id)
    assert states(await scene.admin.show(id)) == {
        "extract": "SUCCESS", "ask": "WAITING_FOR_APPROVAL", "mid": "CREATED", "load": "CREATED",
    }  # fmt: skip
    assert scene.ran == 1
    await acted(scene.otto, "cancelExecution", id=id)
    await acted(scene.otto, "restartExecution", id=id)
    await scene.awaits_decision(id)


async def forces_it(scene: Scene) -> None:
    id, _ = await scene.waiting()
    (problem,) = (await act(scene.otto, "forceRun", id=id))["problems"]
    assert problem["code"] == "INVALID_STATE"
    await acted(scene.otto, "pauseExecution", id=id)
    await acted(scene.otto, "forceRun", id=id)
    assert states(await scene.admin.show(id))["load"] == "CREATED"
    await acted(scene.otto, "pauseExecution", id=id)
    await acted(scene.otto, "resumeExecution", id=id)
    await scene.awaits_decision(id)


async def cancels_and_corrects(scene: Scene) -> None:
    id, request = await scene.waiting()
    assert (await act(scene.otto, "approve", approvalId=request))["problems"]
    assert (await act(scene.otto, "approve", approvalId=request, override=True, comment="a"))[
        "problems"
    ]
    await acted(scene.otto, "cancelExecution", id=id)
    runs = {one["key"]: one["id"] for one in (await scene.admin.until_ended(id))["taskRuns"]}
    for key in ("ask", "mid", "extract"):
        for state in ("SUCCESS", "SKIPPED"):
            input = {"taskRunId": runs[key], "state": state, "reason": "in a hurry"}
            await is_refused(scene, "changeTaskRunState", "FORBIDDEN", **input)
    input = {"id": id, "state": "SUCCESS", "reason": "in a hurry"}
    await is_refused(scene, "changeState", "FORBIDDEN", **input)


async def overrides_as_an_approver(scene: Scene, people: People) -> None:
    """Approvers may not decide against the policy."""
    id, request = await scene.waiting(scene.text(approval="users: [nobody]"))
    anna = await people(f"anna{scene.key}")
    problem = await refusal(
        scene, anna, "approve", approvalId=request, override=True, comment="why"
    )
    assert (problem["code"], "OVERRIDE_APPROVAL" in problem["message"]) == ("FORBIDDEN", True)
    await scene.awaits_decision(id)


async def replays_many(scene: Scene) -> None:
    source = await scene.approved()
    await scene.admin.save(scene.text(approval="description: changed"))
    for mode in ("EACH", "ATOMIC"):
        before = await scene.count()
        made = await does(
            scene.otto, "previewBulk", "preview { id }",
            ids=[source], action="REPLAY", fromTask="load", revision="LATEST",
        )  # fmt: skip
        await does(scene.otto, "runBulk", "bulk { id }", previewId=made["preview"]["id"], mode=mode)
        async with asyncio.timeout(20):
            while await scene.count() == before:
                pass
        query = """query ($key: String!) { executions(where: {flow: {eq: $key}}, first: 1) {
          nodes { id } } }"""
        found = (await scene.admin.post(query, key=scene.key))["executions"]["nodes"]
        await scene.awaits_decision(found[0]["id"])
    assert scene.ran == 1


async def changes_many(scene: Scene) -> None:
    id = await scene.rejected()
    made = await does(
        scene.otto, "previewBulk", "preview { id wouldApply }",
        ids=[id], action="CHANGE_STATE", state="SUCCESS", reason="a",
    )  # fmt: skip
    assert made["preview"]["wouldApply"] == 0
    run = {"previewId": made["preview"]["id"], "mode": "EACH"}
    await is_refused(scene, "runBulk", "FORBIDDEN", what="bulk { id }", **run)


async def tests_it(scene: Scene, people: People) -> None:
    await is_refused(scene, "runTest", "FORBIDDEN", source=scene.text())
    edith = await people(f"edith{scene.key}", "editor")
    begun = await acted(edith, "runTest", source=scene.text())
    await scene.awaits_decision(begun["id"])


async def schedules_it(scene: Scene) -> None:
    cron = {"cron": "0 2 * * *", "key": "nightly"}
    save = creation(scene, **cron)
    await is_refused(scene, "saveSchedule", "FORBIDDEN", what="", **save)
    await scene.admin.save(scene.text())
    made = await does(scene.admin, "saveSchedule", "schedule { id }", **save)
    id = made["schedule"]["id"]
    ticks = await does(
        scene.otto, "backfillSchedule", "ticks { execution { id } }", id=id,
        **{"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T12:00:00Z"},
    )  # fmt: skip
    (tick,) = ticks["ticks"]
    await scene.awaits_decision(tick["execution"]["id"])


async def reports_what_it_did_not_do(scene: Scene) -> None:
    """Reports results as for an external run; and tries events, labels and notes."""
    id, _ = await scene.waiting()
    refusal = {"executionId": id, "key": "ask", "state": "SUCCESS"}
    (problem,) = (await act(scene.otto, "recordTaskRun", "", **refusal))["problems"]
    assert problem["code"] == "INVALID_STATE"
    end = {"executionId": id, "state": "SUCCESS"}
    (problem,) = (await act(scene.otto, "finishExecution", "", **end))["problems"]
    assert problem["code"] == "INVALID_STATE"
    query = "mutation ($input: SendEventInput!) { sendEvent(input: $input) { problems { code } } }"
    await scene.otto.post(query, input={"name": "ask", "executionId": id})
    await acted(scene.otto, "setLabels", id=id, labels=[{"key": "approved", "value": "yes"}])
    await scene.awaits_decision(id)


async def changes_the_labels_that_load_reads(scene: Scene) -> None:
    text = scene.text(LOAD.replace("echo ran", "echo {{ labels.to }}"))
    id, request = await scene.waiting(text, labels=[{"key": "to", "value": "staging"}])
    for mode, labels in (
        ("MERGE", [{"key": "to", "value": "production"}]),
        ("REMOVE", [{"key": "to", "value": ""}]),
        ("REPLACE", [{"key": "other", "value": "x"}]),
    ):
        input: dict[str, Any] = {"id": id, "labels": labels, "mode": mode, "reason": "a"}
        await is_refused(scene, "setLabels", "FORBIDDEN", "labels", **input)
    made = await does(
        scene.otto, "previewBulk", "preview { id }",
        ids=[id], action="SET_LABELS", labels=[{"key": "to", "value": "production"}],
    )  # fmt: skip
    run = {"previewId": made["preview"]["id"], "mode": "ATOMIC"}
    path = ("executions", id)
    await is_refused(scene, "runBulk", "FORBIDDEN", *path, what="bulk { id }", **run)
    await does(scene.admin, "approve", approvalId=request)
    await scene.admin.until_ended(id)
    assert scene.mark.read_text() == "staging\n"


async def is_not_requested_by_a_cache(scene: Scene) -> None:
    """The flow's own key does not distinguish what was decided on, and a parent would continue."""
    head = HEAD + "cache: {ttl: 1d, key: same}\n"
    await scene.approved(scene.text(head=head))
    other = await scene.otto_runs(scene.text(head=head), inputs={"day": "tuesday"})
    await scene.awaits_decision(other)
    same = await scene.otto_runs(scene.text(head=head))
    assert (await scene.admin.until_ended(same))["state"] == "CACHED"
    never = scene.text(head=head, approval="reuse: never")
    await scene.approved(never)
    await scene.awaits_decision(await scene.otto_runs(never))
    assert scene.ran == 2


Attack = Callable[..., Awaitable[None]]
DOORS: dict[str, tuple[Attack, ...]] = {
    "createExecution": (
        disables_it, reruns_with_others, reruns_another_flow, runs_an_older_revision,
        is_requested_each_time, is_not_requested_by_a_cache, disables_the_subflow_with_the_approval,
    ),
    "replayExecution": (replays_from_after_it, is_requested_each_time),
    "prepareExecution": (prepares_it,),
    "restartExecution": (restarts_it,),
    "retryFailed": (restarts_it,),
    "forceRun": (forces_it,),
    "pauseExecution": (forces_it,),
    "resumeExecution": (forces_it,),
    "cancelExecution": (cancels_and_corrects,),
    "changeState": (cancels_and_corrects,),
    "changeTaskRunState": (cancels_and_corrects,),
    "approve": (cancels_and_corrects, overrides_as_an_approver),
    "previewBulk": (replays_many, changes_many),
    "runBulk": (replays_many,),
    "runTest": (tests_it,),
    "saveSchedule": (schedules_it,),
    "backfillSchedule": (schedules_it,),
    "recordTaskRun": (reports_what_it_did_not_do,),
    "finishExecution": (reports_what_it_did_not_do,),
    "sendEvent": (reports_what_it_did_not_do,),
    "setLabels": (reports_what_it_did_not_do, changes_the_labels_that_load_reads),
}  # fmt: skip
NO_DOORS = {
    "saveFlow": "a new revision is for those who may change flows",
    "deleteFlow": "starts nothing",
    "setFlowEnabled": "starts nothing",
    "deleteSchedule": "starts nothing",
    "setScheduleEnabled": "its ticks ask as backfilled ones do",
    "saveSecret": "starts nothing",
    "deleteSecret": "starts nothing",
    "saveFilter": "starts nothing",
    "deleteFilter": "starts nothing",
    "reject": "a decision",
    "cancelBulk": "starts nothing",
    "addNote": "starts nothing",
    "archiveExecutions": "starts nothing",
    "unarchiveExecutions": "starts nothing",
    "deleteExecutions": "starts nothing",
    "recordExecution": "of what runs elsewhere",
    "recordProperties": "of what runs elsewhere",
    "recordMetrics": "of what runs elsewhere",
    "recordLogs": "of what runs elsewhere",
    "recordArtifacts": "of what runs elsewhere",
    "heartbeat": "of what runs elsewhere",
    "createToken": "worth no more than who makes it",
    "revokeToken": "starts nothing",
    "grantRole": "of what one holds oneself",
    "revokeRole": "starts nothing",
    "saveRole": "of what one holds oneself",
    "deleteRole": "starts nothing",
    "savePrincipal": "starts nothing",
    "createLoginLink": "worth no more than who makes it",
}


def test_every_mutation_is_tried_or_says_why_it_is_no_door() -> None:
    (body,) = re.findall(r"^type Mutation \{\n(.*?)^\}", SDL.read_text(), re.M | re.S)
    mutations = set(re.findall(r"^  (\w+)\(", body, re.M))
    assert DOORS.keys() | NO_DOORS.keys() == mutations
    assert not DOORS.keys() & NO_DOORS.keys()


ATTACKS = list(dict.fromkeys(attack for attacks in DOORS.values() for attack in attacks))


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.__name__ for attack in ATTACKS])
async def test_tasks_after_an_approval_do_not_run_without_a_decision(
    scene: Scene, people: People, attack: Attack
) -> None:
    wants_people = "people" in signature(attack).parameters
    await (attack(scene, people) if wants_people else attack(scene))
    refusal = [one for one in await scene.audited() if "overriddenApprovals" in one["data"]]
    assert refusal == []
