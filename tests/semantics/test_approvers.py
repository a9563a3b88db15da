"""Who may decide, and how decisions are shown afterwards."""

from tests.api.client import Client
from tests.semantics.scene import RUN, People, Tables, act, acted, child_of, does, ended, flow, read
from tests.semantics.test_approvals import (
    GATE,
    REQUEST,
    escalated,
    message,
    no,
    request_of,
    waiting_request,
)


async def test_the_message_of_the_task_run_has_decider_and_reason(
    client: Client, people: People, tables: Tables
) -> None:
    ann, bob = await people("ann"), await people("bob")
    id, request = await waiting_request(client, "required: 2")
    await does(ann, "approve", approvalId=request, comment="fine")
    await does(bob, "approve", approvalId=request)
    assert await message(client, id) == "approved by ann, bob: fine"
    id, request = await waiting_request(client, "required: 2, on_reject: SKIP_DOWNSTREAM")
    await does(ann, "approve", approvalId=request, comment="fine")
    await does(bob, "reject", approvalId=request, comment="wrong day")
    assert await message(client, id) == "rejected by bob: wrong day"
    id, request = await waiting_request(client, "users: [ann]")
    await does(client, "approve", approvalId=request, override=True, comment="ann is away")
    assert await message(client, id) == "approved by admin, overriding the policy: ann is away"
    id, request = await waiting_request(client, "timeout: 1h, on_timeout: SKIP")
    await tables.make_due(id, "ApprovalDue", "TIMEOUT")
    await client.until_ended(id)
    assert await message(client, id) == "nobody decided within 3600 s"


async def test_the_inbox_has_the_requests_one_may_decide_and_none_without_permission(
    client: Client, people: People, tables: Tables
) -> None:
    ann, operator = await people("ann"), await people("otto", "operator")
    keys = "users: [ann, otto], escalate: {after: 1h, roles: [approver]}"
    id, request = await waiting_request(client, keys)
    mine = "query ($id: ID!) { approvals(where: {executionId: $id, mine: true}) { nodes { id } totalCount { value } } }"

    async def inbox(who: Client) -> list[str]:
        found = (await who.post(mine, id=id))["approvals"]
        assert found["totalCount"]["value"] == len(found["nodes"])
        return [one["id"] for one in found["nodes"]]

    assert (await inbox(ann), await inbox(operator)) == ([request], [])
    payload = await act(operator, "approve", RUN, approvalId=request)
    assert [problem["message"] for problem in payload["problems"]] == [NO_PERMISSION]
    bob = await people("bob")
    assert await inbox(bob) == []
    await tables.make_due(id, "ApprovalDue", "ESCALATE")
    await escalated(client, id)
    assert await inbox(bob) == [request]
    await acted(client, "cancelExecution", id=id)


async def test_an_admin_who_may_not_vote_is_offered_the_override(
    client: Client, people: People
) -> None:
    id, request = await waiting_request(client, "roles: [approver]")
    (problem,) = (await act(client, "approve", RUN, approvalId=request))["problems"]
    assert problem["message"] == (
        "only role approver may decide this; "
        "you may override it (--override), with a comment that says why"
    )
    (problem,) = (await act(await people("ann", "viewer"), "approve", RUN, approvalId=request))[
        "problems"
    ]
    assert "override" not in problem["message"]
    await acted(client, "cancelExecution", id=id)


STANDING = "approvals { canDecide cannotDecideReason canOverride }"
NO_PERMISSION = (
    "this needs the permission APPROVE in the namespace semantics; "
    "roles that have it: approver, namespace_admin, admin"
)


async def standing(who: Client, id: str) -> tuple[bool, str | None, bool]:
    (approval,) = (await read(who, id, STANDING))["approvals"]
    return approval["canDecide"], approval["cannotDecideReason"], approval["canOverride"]


async def test_the_reason_for_not_deciding_and_the_override_are_shown(
    client: Client, people: People
) -> None:
    ann, bob = await people("ann"), await people("bob")
    eve, otto = await people("eve", "admin"), await people("otto", "operator")
    id, request = await waiting_request(
        client, "required: 2, allow_self: false, users: [ann, eve, admin]"
    )
    started = (
        "you started or restarted this execution, or caused its start, so you may not decide this "
        "(`allow_self: false`); someone else has to"
    )
    assert await standing(client, id) == (False, started, True)
    assert await standing(ann, id) == (True, None, False)
    assert await standing(bob, id) == (False, "only ann, eve, admin may decide this", False)
    assert await standing(otto, id) == (False, NO_PERMISSION, False)
    assert await standing(eve, id) == (True, None, True)
    await does(eve, "approve", approvalId=request)
    assert await standing(eve, id) == (
        False,
        "you have already voted, and votes cannot be changed",
        False,
    )
    assert await no(client, id, request, eve) == "ALREADY_VOTED"
    await does(ann, "approve", approvalId=request)
    assert await standing(eve, id) == (False, "this request is already APPROVED", False)


async def test_actions_without_permission_are_not_available_and_have_a_reason(
    client: Client, people: People
) -> None:
    id, _ = await waiting_request(client, "")
    what = "availableActions { action allowed code reason } taskRuns { availableActions { action allowed code } }"
    approval = await read(await people("vera", "viewer"), id, what)
    assert {one["code"] for one in approval["availableActions"]} == {"FORBIDDEN"}
    cancel = next(one for one in approval["availableActions"] if one["action"] == "CANCEL")
    assert (cancel["allowed"], cancel["reason"]) == (
        False,
        "this needs the permission ACT_ON_EXECUTION in the namespace semantics; "
        "roles that have it: operator, editor, namespace_admin, admin",
    )
    (task,) = approval["taskRuns"]
    assert {one["allowed"] for one in task["availableActions"]} == {False}
    approval = await read(await people("otto", "operator"), id, what)
    allowed = {one["action"] for one in approval["availableActions"] if one["allowed"]}
    assert "CANCEL" in allowed and not allowed & {"DELETE", "CHANGE_STATE", "APPROVE"}
    await acted(client, "cancelExecution", id=id)


async def test_a_refusal_offers_the_actions_of_its_viewer(client: Client, people: People) -> None:
    id = (await ended(client, flow("offered", "  - {id: a, type: log, message: a}\n")))["id"]
    otto = await people("otto", "operator")
    (problem,) = (await act(otto, "pauseExecution", id=id))["problems"]
    offered = [one for one in problem["availableActions"] if one["allowed"]]
    possible = await read(otto, id, "availableActions { action allowed code reason }")
    assert offered == [one for one in possible["availableActions"] if one["allowed"]]
    names = {one["action"] for one in offered}
    assert "REPLAY" in names and not names & {"DELETE", "CHANGE_STATE", "CHANGE_TASK_RUN_STATE"}


async def test_an_override_needs_a_reason_and_the_permission_and_is_marked(
    client: Client, people: People
) -> None:
    id, request = await waiting_request(client, "required: 3, users: [ann]")
    assert (
        await no(client, id, request, await people("ann"), override=True, comment="x")
        == "FORBIDDEN"
    )
    assert await no(client, id, request, client, override=True) == "VALIDATION"
    await does(client, "approve", approvalId=request, override=True, comment="nobody is there")
    (approval,) = (await read(client, id, REQUEST))["approvals"]
    assert approval["votes"] == [
        {
            "actor": {"name": "admin"},
            "decision": "APPROVE",
            "override": True,
            "comment": "nobody is there",
            "form": None,
        }
    ]
    assert (await client.show(id))["state"] == "SUCCESS"


async def test_the_author_of_a_schedule_may_not_decide_in_its_executions(
    client: Client, people: People
) -> None:
    ned, eve, ann = await people("ned", "admin"), await people("eve", "admin"), await people("ann")
    await client.save(flow("gate", GATE))
    await client.save(flow("outer", "  - {id: sub, type: subflow, flow: gate}\n"))
    made = await does(
        ned, "saveSchedule", "schedule { id }",
        namespace="semantics", flow="outer", key="mine", cron="0 2 * * *",
    )  # fmt: skip
    span = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T12:00:00Z"}
    ran = await does(
        eve, "backfillSchedule", "ticks { execution { id } }", id=made["schedule"]["id"], **span
    )
    id = await child_of(client, ran["ticks"][0]["execution"]["id"])
    request = await request_of(client, id)
    for who in (ned, eve):
        assert await no(client, id, request, who) == "SELF_APPROVAL"
    assert (await does(ann, "approve", approvalId=request))["execution"]["state"] == "SUCCESS"
