"""Approvals: who may decide, the results of votes, and timeouts, reminders and escalations of requests."""

from typing import Any

import pytest

from tests.api.client import Client, states, task
from tests.semantics.scene import (
    RUN,
    People,
    Tables,
    act,
    acted,
    child_of,
    does,
    ended,
    events,
    flow,
    held,
    read,
)

REQUEST = """approvals { id state decidedAt expiresAt escalatedTo
  groups { name given required } votes { actor { name } decision override comment form } }"""

EVENTS = "query ($id: ID!) { execution(id: $id) { events(last: 200) { seq type toState data } } }"
CAN = "query ($id: ID!) { execution(id: $id) { approvals { canDecide } } }"


async def waiting_request(
    client: Client, keys: str, after: str = "", head: str = ""
) -> tuple[str, str]:
    """Creates an execution that waits; returns its id and its request's. The flow has the task `ok` and `after`, which
    needs it."""
    tasks = f"  - {{id: ok, type: approval{keys and ', ' + keys}}}\n{after}"
    id = (await client.run(flow("approves", tasks, head)))["id"]
    found = await client.until(id, ok="WAITING_FOR_APPROVAL")
    return id, task(found, "ok")["approval"]["id"]


async def no(
    client: Client, id: str, request: str, by: Client, name: str = "approve", **input: Any
) -> str:
    """Returns the code of a refused vote, after checking that nothing has changed."""
    before = await events_of(client, id)
    payload = await act(by, name, RUN, approvalId=request, **input)
    assert await events_of(client, id) == before
    return str(payload["problems"][0]["code"])


async def events_of(client: Client, id: str) -> list[Any]:
    """Returns the events of an execution without those of its progress, which the engine counts a little later."""
    found = await client.post(EVENTS, id=id)
    return [one for one in found["execution"]["events"] if one["type"] != "PROGRESS_REPORTED"]


async def test_required_approvals_of_one_group_make_a_quorum_and_the_output_lists_them(
    client: Client, people: People
) -> None:
    ann, bob = await people("ann"), await people("bob")
    id, request = await waiting_request(client, "required: 2, roles: [approver]")
    await does(ann, "approve", approvalId=request, comment="fine")
    assert (await client.show(id))["state"] == "WAITING_FOR_APPROVAL"
    found = (await does(bob, "approve", approvalId=request, comment="me too"))["execution"]
    assert found["state"] == "SUCCESS", "the engine goes on in the same transaction"
    outputs = task(found, "ok")["outputs"]
    assert outputs.pop("decidedAt")
    assert outputs == {
        "decision": "APPROVED",
        "approvers": ["user:ann", "user:bob"],
        "comment": "me too",
        "form": {},
    }


async def test_one_rejection_rejects(client: Client, people: People) -> None:
    _, request = await waiting_request(client, "required: 2")
    await does(await people("ann"), "approve", approvalId=request)
    found = (await does(await people("bob"), "reject", approvalId=request, comment="no"))[
        "execution"
    ]
    assert (found["state"], states(found)) == ("REJECTED", {"ok": "REJECTED"})


async def test_users_and_roles_determine_who_may_decide(client: Client, people: People) -> None:
    ann, bob = await people("ann"), await people("bob")
    id, request = await waiting_request(client, "users: [bob]")
    assert await no(client, id, request, ann) == "FORBIDDEN"
    await does(bob, "approve", approvalId=request)
    id, request = await waiting_request(client, "roles: [admin]")
    assert await no(client, id, request, ann) == "FORBIDDEN"
    await acted(client, "cancelExecution", id=id)


async def test_all_groups_must_be_satisfied_and_one_person_counts_for_one(
    client: Client, people: People
) -> None:
    ann, bob = await people("ann"), await people("bob")
    groups = "groups: [{name: data, users: [ann, bob]}, {name: ops, users: [ann]}]"
    id, request = await waiting_request(client, groups)
    await does(ann, "approve", approvalId=request)
    (approval,) = (await read(client, id, REQUEST))["approvals"]
    assert sum(group["given"] for group in approval["groups"]) == 1
    found = (await does(bob, "approve", approvalId=request))["execution"]
    assert found["state"] == "SUCCESS", "ann for ops, bob for data"


async def test_the_starter_may_not_decide_unless_allow_self(client: Client, people: People) -> None:
    id, request = await waiting_request(client, "")
    assert (await does(client, "approve", approvalId=request))["execution"]["state"] == "SUCCESS"
    id, request = await waiting_request(client, "allow_self: false")
    assert await no(client, id, request, client) == "SELF_APPROVAL"
    await does(await people("ann"), "approve", approvalId=request)


async def test_a_person_who_restarted_or_replayed_may_not_decide_either(
    client: Client, people: People
) -> None:
    eve, ann = await people("eve", "admin"), await people("ann")
    id, request = await waiting_request(client, "allow_self: false")
    await does(ann, "reject", approvalId=request)
    await acted(eve, "restartExecution", id=id)
    again = task(await client.until(id, state="WAITING_FOR_APPROVAL"), "ok")["approval"]["id"]
    assert await no(client, id, again, eve) == "SELF_APPROVAL"
    assert await no(client, id, again, client) == "SELF_APPROVAL"
    assert (await does(ann, "approve", approvalId=again))["execution"]["state"] == "SUCCESS"
    replay = (await acted(eve, "replayExecution", id=id))["id"]
    third = task(await client.until(replay, state="WAITING_FOR_APPROVAL"), "ok")["approval"]["id"]
    assert await no(client, replay, third, eve) == "SELF_APPROVAL"
    await acted(client, "cancelExecution", id=replay)


GATE = "  - {id: ok, type: approval, message: go, allow_self: false, roles: [approver, admin]}\n"


async def request_of(client: Client, id: str) -> str:
    found = task(await client.until(id, ok="WAITING_FOR_APPROVAL"), "ok")
    return str(found["approval"]["id"])


async def test_the_requester_of_a_backfill_may_not_decide_in_it(
    client: Client, people: People
) -> None:
    eve, ann = await people("eve", "admin"), await people("ann")
    await client.save(flow("gate", GATE))
    made = await does(
        client, "saveSchedule", "schedule { id }",
        namespace="semantics", flow="gate", key="nightly", cron="0 2 * * *",
    )  # fmt: skip
    span = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T12:00:00Z"}
    ran = await does(
        eve, "backfillSchedule", "ticks { execution { id createdBy { kind name } } }",
        id=made["schedule"]["id"], **span,
    )  # fmt: skip
    (tick,) = ran["ticks"]
    assert tick["execution"]["createdBy"] == {"kind": "SCHEDULE", "name": "nightly"}
    id = tick["execution"]["id"]
    request = await request_of(client, id)
    assert await no(client, id, request, eve) == "SELF_APPROVAL"
    (approval,) = (await eve.post(CAN, id=id))["execution"]["approvals"]
    assert approval["canDecide"] is False
    assert (await does(ann, "approve", approvalId=request))["execution"]["state"] == "SUCCESS"


@pytest.mark.parametrize("rule", ["resume", "new"])
async def test_a_person_who_restarted_a_parent_may_not_decide_in_its_later_children(
    client: Client, people: People, rule: str
) -> None:
    eve, ann = await people("eve", "admin"), await people("ann")
    await client.save(flow("gate", GATE))
    starts = "  - {{id: sub, type: subflow, flow: {}, restart_child: {}}}\n"
    await client.save(flow("between", starts.format("gate", rule)))
    id = (await client.run(flow("outer", starts.format("between", rule))))["id"]
    first = await child_of(client, await child_of(client, id))
    before = await request_of(client, first)
    await acted(client, "cancelExecution", id=id)
    await client.until_ended(id)
    await acted(eve, "restartExecution", id=id)
    new = rule == "new"
    second = await child_of(client, await child_of(client, id, but=int(new)))
    assert (second != first) is new
    await client.until(second, state="WAITING_FOR_APPROVAL")
    request = await request_of(client, second)
    assert request != before
    assert await no(client, second, request, eve) == "SELF_APPROVAL"
    assert await no(client, second, request, client) == "SELF_APPROVAL"
    assert (await does(ann, "approve", approvalId=request))["execution"]["state"] == "SUCCESS"


@pytest.mark.parametrize(
    ("rule", "approve", "reject"), [("never", 1, 1), ("on_reject", 1, 0), ("always", 0, 0)]
)
async def test_a_comment_is_required_never_on_reject_or_always(
    client: Client, rule: str, approve: int, reject: int
) -> None:
    for name, passes in (("approve", approve), ("reject", reject)):
        id, request = await waiting_request(client, f"comment: {rule}")
        if passes:
            await does(client, name, approvalId=request)
            continue
        assert await no(client, id, request, client, name) == "VALIDATION"
        assert await events(client, id, "APPROVAL_VOTED") == []
        await does(client, name, approvalId=request, comment="because")


async def test_a_form_is_validated_and_its_values_are_outputs(client: Client) -> None:
    form = "form: [{id: amount, type: INT, required: true, max: 10}]"
    after = (
        '  - {id: pay, type: return, needs: [ok], outputs: {n: "{{ outputs.ok.form.amount }}"}}\n'
    )
    id, request = await waiting_request(client, form, after)
    for wrong in (None, {}, {"amount": 11}, {"amount": 1, "other": 2}):
        assert await no(client, id, request, client, form=wrong) == "VALIDATION"
    await does(client, "approve", approvalId=request, form={"amount": 7})
    assert task(await client.until_ended(id), "pay")["outputs"] == {"n": 7}
    (approval,) = (await read(client, id, REQUEST))["approvals"]
    assert [vote["form"] for vote in approval["votes"]] == [{"amount": 7}]


async def test_a_vote_is_final_and_repeating_it_with_the_same_key_is_a_success(
    client: Client, people: People
) -> None:
    ann = await people("ann")
    id, request = await waiting_request(client, "required: 2")
    await does(ann, "approve", approvalId=request, idempotencyKey="k1")
    before = await client.show(id)
    await does(ann, "approve", approvalId=request, idempotencyKey="k1")
    assert await client.show(id) == before
    assert await no(client, id, request, ann) == "ALREADY_VOTED"
    assert await no(client, id, request, ann, "reject", idempotencyKey="k1") == "ALREADY_VOTED"
    (approval,) = (await read(client, id, REQUEST))["approvals"]
    assert len(approval["votes"]) == 1
    await acted(client, "cancelExecution", id=id)


async def test_a_vote_after_the_decision_is_refused_with_the_final_state(
    client: Client, people: People
) -> None:
    _, request = await waiting_request(client, "")
    await does(client, "approve", approvalId=request)
    payload = await act(await people("ann"), "reject", RUN, approvalId=request)
    (problem,) = payload["problems"]
    assert (problem["code"], problem["request"]) == (
        "ALREADY_DECIDED",
        {"id": request, "state": "APPROVED"},
    )


async def test_past_its_time_by_the_clock_a_request_is_expired_though_its_timer_has_not_come(
    client: Client, tables: Tables
) -> None:
    id, request = await waiting_request(client, "timeout: 500ms")
    await tables.rows(
        "update deferred_commands set due_at = due_at + interval '1 h' where command ->> 'kind' = 'ApprovalDue'"
    )
    await ended(client, flow("half-a-second", "  - {id: w, type: wait, duration: 500ms}\n"))
    payload = await act(client, "approve", RUN, approvalId=request)
    assert "EXPIRED" in payload["problems"][0]["message"]
    assert payload["problems"][0]["code"] == "ALREADY_DECIDED"
    assert await events(client, id, "APPROVAL_VOTED") == []
    await tables.make_due(id, "ApprovalDue")
    assert (await client.until_ended(id))["state"] == "REJECTED"


AFTER = "  - {id: after, type: log, message: a, needs: [ok]}\n"


@pytest.mark.parametrize(
    ("rule", "end", "runs"),
    [
        ("REJECT", "REJECTED", {"ok": "REJECTED", "after": "CANCELLED"}),
        ("APPROVE", "SUCCESS", {"ok": "SUCCESS", "after": "SUCCESS"}),
        ("FAIL", "FAILED", {"ok": "FAILED", "after": "CANCELLED"}),
        ("CANCEL", "KILLED", {"ok": "KILLED", "after": "CANCELLED"}),
        ("SKIP", "SUCCESS", {"ok": "SKIPPED", "after": "SUCCESS"}),
    ],
)
async def test_an_undecided_request_ends_by_on_timeout_without_a_decider(
    client: Client, tables: Tables, rule: str, end: str, runs: dict[str, str]
) -> None:
    id, _ = await waiting_request(client, f"timeout: 1h, on_timeout: {rule}", AFTER)
    await tables.make_due(id, "ApprovalDue", "TIMEOUT")
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == (end, runs)
    (approval,) = (await read(client, id, REQUEST))["approvals"]
    assert (approval["state"], approval["votes"]) == ("EXPIRED", [])
    assert task(found, "ok")["outputs"].get("approvers", []) == []


async def test_on_timeout_escalate_lets_others_decide_for_one_more_period_and_then_rejects(
    client: Client, tables: Tables, people: People
) -> None:
    ann, boss = await people("ann"), await people("boss", "admin")
    keys = "users: [ann], timeout: 1h, on_timeout: ESCALATE, escalate: {roles: [admin]}"
    id, request = await waiting_request(client, keys)
    assert await no(client, id, request, boss) == "FORBIDDEN"
    await tables.make_due(id, "ApprovalDue", "TIMEOUT")
    await escalated(client, id)
    (approval,) = (await read(client, id, REQUEST))["approvals"]
    assert (approval["state"], approval["escalatedTo"]) == ("PENDING", ["admin"])
    await does(boss, "approve", approvalId=request)
    assert (await client.show(id))["state"] == "SUCCESS"

    id, request = await waiting_request(client, keys)
    await tables.make_due(id, "ApprovalDue", "TIMEOUT")
    await escalated(client, id)
    await tables.make_due(id, "ApprovalDue", "TIMEOUT")
    assert (await client.until_ended(id))["state"] == "REJECTED"
    duration_message = await message(client, id)
    assert duration_message and duration_message.startswith("nobody decided within 36")
    assert await no(client, id, request, ann) == "ALREADY_DECIDED"


async def escalated(client: Client, id: str) -> None:
    await _until(client, id, "APPROVAL_ESCALATED")


async def _until(client: Client, id: str, type: str) -> None:
    async for event in client.events(id):
        if event["type"] == type:
            return


async def test_escalate_after_a_while_lets_more_roles_decide(
    client: Client, tables: Tables, people: People
) -> None:
    id, request = await waiting_request(
        client, "users: [ann], escalate: {after: 1h, roles: [admin]}"
    )
    await tables.make_due(id, "ApprovalDue", "ESCALATE")
    await escalated(client, id)
    boss = await people("boss", "admin")
    assert (await does(boss, "approve", approvalId=request))["execution"]["state"] == "SUCCESS"


async def test_remind_every_reminds_as_events_until_it_is_decided(
    client: Client, tables: Tables
) -> None:
    id, request = await waiting_request(client, "remind_every: 1h")
    await tables.make_due(id, "ApprovalDue", "REMIND")
    await _until(client, id, "APPROVAL_REMINDED")
    assert await tables.pending(id) == ["ApprovalDue"]
    await does(client, "approve", approvalId=request)
    await tables.make_due(id, "ApprovalDue", "REMIND")
    await tables.until_none_pending(id)
    assert len(await events(client, id, "APPROVAL_REMINDED")) == 1


@pytest.mark.parametrize(
    ("rule", "end", "runs"),
    [
        ("REJECT", "REJECTED", {"ok": "REJECTED", "after": "CANCELLED"}),
        ("FAIL", "FAILED", {"ok": "FAILED", "after": "CANCELLED"}),
        ("SKIP_DOWNSTREAM", "SUCCESS", {"ok": "SKIPPED", "after": "SKIPPED"}),
    ],
)
async def test_on_reject_determines_the_effect_of_a_rejection(
    client: Client, rule: str, end: str, runs: dict[str, str]
) -> None:
    id, request = await waiting_request(client, f"on_reject: {rule}", AFTER)
    await does(client, "reject", approvalId=request)
    found = await client.until_ended(id)
    assert (found["state"], states(found)) == (end, runs)
    assert await message(client, id) == "rejected by admin"


async def message(client: Client, id: str) -> str | None:
    text: str | None = (await read(client, id, 'task(key: "ok") { message }'))["task"]["message"]
    return text


async def test_the_policy_is_copied_when_the_task_run_starts_to_wait(
    client: Client, people: People
) -> None:
    _, request = await waiting_request(client, "required: 2")
    await client.save(flow("approves", "  - {id: ok, type: approval, users: [nobody]}\n"))
    await does(await people("ann"), "approve", approvalId=request)
    assert (await does(await people("bob"), "approve", approvalId=request))["execution"][
        "state"
    ] == "SUCCESS"


async def test_a_new_attempt_makes_a_new_request(client: Client, tables: Tables, go: Any) -> None:
    id, first = await waiting_request(client, "timeout: 1h, on_timeout: FAIL", held("slow", go))
    await tables.make_due(id, "ApprovalDue", "TIMEOUT")
    await client.until(id, state="FAILED_FINISHING", slow="RUNNING")
    await acted(client, "retryFailed", id=id)
    found = await client.until(id, ok="WAITING_FOR_APPROVAL")
    second = task(found, "ok")["approval"]
    assert second["state"] == "PENDING" and second["id"] != first
    assert await no(client, id, first, client) == "ALREADY_DECIDED"
    await does(client, "approve", approvalId=second["id"])
    go.touch()
    assert (await client.until_ended(id))["state"] == "SUCCESS"
