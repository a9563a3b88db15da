"""Approvals: requests, votes, refusals, and effects held back by a pause."""

from dataclasses import replace
from typing import Any

import pytest

from models.errors import ProblemCode, Refused
from models.lifecycle.commands.commands import Cancel, CastVote, Pause, Resume
from models.states import VoteDecision
from tests.models.lifecycle.stage import MARIA, Stage

ASK = """
id: x
namespace: y
tasks:
  - {id: ok, type: approval, message: "go on?", comment: on_reject}
  - {id: a, type: log, message: a, needs: [ok]}
"""


def requested(source: str = ASK) -> Stage:
    stage = Stage(source)
    stage.evaluate({"message": "go on?"})
    return stage


def vote(
    stage: Stage,
    decision: VoteDecision,
    comment: str | None = None,
    by: str = "maria",
    key: str | None = None,
) -> Any:
    approval = stage.task("ok").approval
    assert approval
    command = CastVote(approval.id, decision, frozenset({"operator"}), comment, key=key)
    return stage.submit(command, replace(MARIA, actor=f"user:{by}"))


def test_an_execution_that_only_a_person_can_continue_waits_for_approval() -> None:
    stage = requested()
    assert stage.state == "WAITING_FOR_APPROVAL"
    assert stage.states == {"ok": "WAITING_FOR_APPROVAL", "a": "CREATED"}


def test_an_approval_continues_the_execution_in_the_same_transaction() -> None:
    stage = requested()
    vote(stage, VoteDecision.APPROVE, "fine")
    assert stage.state == "RUNNING"
    assert stage.states == {"ok": "SUCCESS", "a": "QUEUED"}
    assert stage.task("ok").outputs["comment"] == "fine"
    assert stage.task("ok").outputs["approvers"] == ["user:maria"]


def test_an_approval_that_was_the_last_thing_open_ends_the_execution() -> None:
    last = ASK.rpartition("  - {id: a")[0]
    stage = requested(last)
    vote(stage, VoteDecision.APPROVE)
    assert stage.moves() == ["RUNNING", "WAITING_FOR_APPROVAL", "SUCCESS"]
    stage = requested(last.replace("namespace: y", "namespace: y\noutputs: {n: 7}"))
    vote(stage, VoteDecision.APPROVE)
    stage.evaluate({"n": 7})
    assert stage.moves() == ["RUNNING", "WAITING_FOR_APPROVAL", "RUNNING", "SUCCESS"]


def test_one_rejection_rejects_the_execution() -> None:
    stage = requested()
    vote(stage, VoteDecision.REJECT, "no")
    assert stage.moves()[-2:] == ["FAILED_FINISHING", "REJECTED"]
    assert stage.states == {"ok": "REJECTED", "a": "CANCELLED"}


def test_a_rejection_without_a_required_comment_stores_nothing() -> None:
    stage = requested()
    before = stage.execution
    with pytest.raises(Refused) as refused:
        vote(stage, VoteDecision.REJECT, "  ")
    assert refused.value.problems[0].code is ProblemCode.VALIDATION
    assert stage.execution is before


def test_a_second_decision_is_refused_as_already_decided() -> None:
    stage = requested()
    vote(stage, VoteDecision.APPROVE, key="once")
    for by, key in (("otto", None), ("maria", None), ("maria", "another")):
        with pytest.raises(Refused) as refused:
            vote(stage, VoteDecision.REJECT, "no", by=by, key=key)
        assert refused.value.problems[0].code is ProblemCode.ALREADY_DECIDED
    assert vote(stage, VoteDecision.APPROVE, key="once").events == ()  # the same again is a success


def test_votes_while_paused_are_recorded_and_their_effect_waits() -> None:
    stage = requested()
    stage.submit(Pause())
    vote(stage, VoteDecision.APPROVE)
    assert stage.states["ok"] == "WAITING_FOR_APPROVAL"
    with pytest.raises(Refused) as refused:
        vote(stage, VoteDecision.APPROVE, by="otto")
    assert refused.value.problems[0].code is ProblemCode.ALREADY_DECIDED
    stage.submit(Resume())
    assert stage.states == {"ok": "SUCCESS", "a": "QUEUED"}


def test_only_people_named_by_the_policy_may_decide() -> None:
    stage = requested(ASK.replace("comment: on_reject", "roles: [admin], users: [otto]"))
    with pytest.raises(Refused) as refused:
        vote(stage, VoteDecision.APPROVE)
    assert refused.value.problems[0].code is ProblemCode.FORBIDDEN
    vote(stage, VoteDecision.APPROVE, by="otto")
    assert stage.states["ok"] == "SUCCESS"


def test_cancel_closes_the_request() -> None:
    stage = requested()
    stage.submit(Cancel())
    approval = stage.task("ok").approval
    assert approval and approval.state.value == "CANCELLED"
    assert stage.state == "KILLED"
