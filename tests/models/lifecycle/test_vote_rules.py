"""Every rule of a vote, alone and with every other, from every channel and for every vote.

The rules are repeated here as a table, in the order in which they are checked: if a vote breaks several of them, the
first one refuses it. A refused vote changes nothing.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from itertools import combinations, product
from typing import Any

import pytest

from models.approval import ApprovalPolicy, Group
from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import new_id
from models.lifecycle.approvals.approvals import outcome
from models.lifecycle.commands.commands import ApprovalDue, CastVote
from models.lifecycle.snapshot import Approval, TaskRun, Vote
from models.states import ApprovalState, Channel, CommentRule, OnReject, OnTimeout, VoteDecision
from tests.models.lifecycle.stage import Stage

A, R = VoteDecision.APPROVE, VoteDecision.REJECT
ASK = "id: x\nnamespace: y\ntasks:\n  - {id: ok, type: approval, message: m%s}\n  - {id: b, type: log, message: b}\n"
FORM = ({"id": "rows", "type": "INT", "required": True},)
VOTER = "user:ann"
STARTER = "user:maria"


def requested(keys: str = "") -> Stage:
    made = _requested(keys)
    stage = copy(made)
    stage.events, stage.deferred = list(made.events), list(made.deferred)
    return stage


@cache
def _requested(keys: str) -> Stage:
    stage = Stage(ASK % (keys and f", {keys}"))
    stage.evaluate({"message": "m"})
    return stage


def request(stage: Stage) -> Approval:
    approval = stage.task("ok").approval
    assert approval
    return approval


def changed(stage: Stage, **parts: Any) -> None:
    """Replaces the approval request that was made."""
    tasks = dict(stage.execution.tasks)
    tasks["ok"] = replace(tasks["ok"], approval=replace(request(stage), **parts))
    stage.execution = replace(stage.execution, tasks=tasks)


def earlier(actor: str, decision: VoteDecision = A, **more: Any) -> Vote:
    return Vote(
        new_id(), actor, decision, None, request(requested()).requested_at, groups=("",), **more
    )


def cast(
    stage: Stage,
    decision: VoteDecision = A,
    actor: str = VOTER,
    channel: Channel = Channel.API,
    **more: Any,
) -> Any:
    more.setdefault("may_override", True)
    command = CastVote(request(stage).id, decision, frozenset({"approver"}), **more)
    return stage.submit(command, CommandOrigin(actor, channel))


def code(stage: Stage, *arguments: Any, **more: Any) -> tuple[str, str] | None:
    """Returns how a vote is refused, after which nothing has changed; None if it is accepted."""
    before, events = stage.execution, len(stage.events)
    try:
        cast(stage, *arguments, **more)
    except Refused as refused:
        (problem,) = refused.problems
        assert stage.execution is before and len(stage.events) == events
        state = problem.details.get("state")
        return problem.code.value, state.value if state else ".".join(problem.path)
    assert stage.events[-1].origin.channel is more.get("channel", Channel.API)
    return None


@dataclass(frozen=True)
class Rule:
    """How to break the rule, the problem of a vote, and that of an override; None if the rule does not apply to it."""

    name: str
    vote: tuple[str, str] | None
    override: tuple[str, str] | None


RULES = (
    Rule("decided", ("ALREADY_DECIDED", "APPROVED"), ("ALREADY_DECIDED", "APPROVED")),
    Rule("overdue", ("ALREADY_DECIDED", "EXPIRED"), ("ALREADY_DECIDED", "EXPIRED")),
    Rule("may not override", None, ("FORBIDDEN", "")),
    Rule("stranger", ("FORBIDDEN", ""), None),
    Rule("self", ("SELF_APPROVAL", ""), None),
    Rule("self by a token", ("SELF_APPROVAL", ""), None),
    Rule("voted", ("ALREADY_VOTED", ""), ("ALREADY_VOTED", "")),
    Rule("voted by a token", ("ALREADY_VOTED", ""), ("ALREADY_VOTED", "")),
    Rule("no comment", ("VALIDATION", "comment"), ("VALIDATION", "comment")),
    Rule("wrong form", ("VALIDATION", "form.rows"), ("VALIDATION", "form.rows")),
)
BROKEN = [
    broken for size in range(len(RULES) + 1) for broken in combinations(RULES, size)
]  # every set of them


def broken_by(names: set[str]) -> tuple[Stage, dict[str, Any]]:
    """Returns a request and a vote that break these rules and no other."""
    stage = requested()
    approval = request(stage)
    group = Group("", () if "stranger" in names else ("ann", "maria"), ("auditor",), 3)
    actor = STARTER if "self" in names else VOTER
    persons = {STARTER} if "self by a token" in names else set()
    voted = [earlier(actor)] if "voted" in names else []
    if "voted by a token" in names:
        voted.append(earlier("token:of-ann"))
        persons.add("token:of-ann")
    changed(
        stage,
        policy=replace(
            approval.policy,
            groups=(group,),
            allow_self=not {"self", "self by a token"} & names,
            comment=CommentRule.ALWAYS,
            form=FORM,
            timeout=60.0,
        ),
        expires_at=approval.requested_at + timedelta(seconds=60),
        votes=tuple(voted),
        state=ApprovalState.APPROVED if "decided" in names else ApprovalState.PENDING,
    )
    if "overdue" in names:
        stage.pass_time(60)
    form = {"rows": "many"} if "wrong form" in names else {"rows": 7}
    comment = "  " if "no comment" in names else "fine"
    vote = {
        "actor": actor,
        "form": form,
        "comment": comment,
        "same_person": frozenset(persons),
        "may_override": "may not override" not in names,
    }
    return stage, vote


@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize("decision", VoteDecision)
@pytest.mark.parametrize("channel", Channel)
def test_the_first_rule_that_a_vote_breaks_refuses_it(
    channel: Channel, decision: VoteDecision, override: bool
) -> None:
    for broken in BROKEN:
        names = {rule.name for rule in broken}
        stage, vote = broken_by(names)
        answers = [rule.override if override else rule.vote for rule in broken]
        expected = next((answer for answer in answers if answer), None)
        found = code(stage, decision, channel=channel, override=override, **vote)
        assert found == expected, names


def test_a_superseded_request_is_cancelled() -> None:
    for channel, decision, override in product(Channel, VoteDecision, (False, True)):
        stage = requested()
        before = request(stage).id
        changed(stage, id=new_id())
        with pytest.raises(Refused) as refused:
            command = CastVote(before, decision, frozenset(), "why", override=override)
            stage.submit(command, CommandOrigin(VOTER, channel))
        (problem,) = refused.value.problems
        assert problem.code is ProblemCode.ALREADY_DECIDED
        assert problem.details["state"] is ApprovalState.CANCELLED


@pytest.mark.parametrize("state", ApprovalState)
def test_a_request_that_is_not_pending_answers_with_its_final_state(state: ApprovalState) -> None:
    for decision, override in product(VoteDecision, (False, True)):
        stage = requested()
        changed(stage, state=state)
        refusal = code(stage, decision, override=override, comment="why")
        expected = None if state is ApprovalState.PENDING else ("ALREADY_DECIDED", state.value)
        assert refusal == expected


@pytest.mark.parametrize("rule", CommentRule)
def test_a_comment_is_required_by_the_rule_and_always_for_an_override(rule: CommentRule) -> None:
    wanted = {CommentRule.NEVER: set(), CommentRule.ON_REJECT: {R}, CommentRule.ALWAYS: {A, R}}[
        rule
    ]
    for decision, override, comment in product(
        VoteDecision, (False, True), (None, "", " \n", "why")
    ):
        refusal = code(
            requested(f"comment: {rule.value.lower()}"),
            decision,
            override=override,
            comment=comment,
        )
        lacks = (override or decision in wanted) and comment != "why"
        assert refusal == (("VALIDATION", "comment") if lacks else None)


def test_a_rejection_may_omit_the_form_and_an_approval_may_not() -> None:
    for decision, form in product(
        VoteDecision, (None, {}, {"rows": 7}, {"rows": "x"}, {"rows": 7, "more": 1})
    ):
        stage = requested()
        changed(stage, policy=replace(request(stage).policy, form=FORM))
        right = form == {"rows": 7} or (decision is R and not form)
        assert (code(stage, decision, form=form) is None) is right, (decision, form)


def test_a_voter_may_neither_vote_again_nor_override_and_only_the_same_vote_succeeds() -> None:
    """For every kind of first and second vote."""
    for first, second, override in product((None, "k"), (None, "k", "other"), (False, True)):
        for decision in VoteDecision:
            stage = requested("required: 2")
            cast(stage, A, key=first)
            again: dict[str, Any] = {"key": second, "override": override, "comment": "why"}
            repeated = first == second == "k" and decision is A
            if repeated:
                assert cast(stage, decision, **again).events == ()
            else:
                assert code(stage, decision, **again) == ("ALREADY_VOTED", "")
            assert len(request(stage).votes) == 1
            assert code(stage, A, actor="user:bob", override=override, comment="why") is None


def test_the_key_of_another_persons_vote_does_not_count() -> None:
    stage = requested("required: 2")
    cast(stage, A, key="k")
    assert code(stage, A, actor="user:bob", key="k") is None
    assert stage.states["ok"] == "SUCCESS"


@pytest.mark.parametrize("channel", Channel)
def test_an_override_decides_alone_is_marked_and_has_who_and_why(channel: Channel) -> None:
    for decision, ends in ((A, "SUCCESS"), (R, "REJECTED")):
        stage = requested("required: 3, users: [otto], allow_self: false")
        cast(stage, decision, STARTER, channel, override=True, comment="nobody is there")
        (vote,) = request(stage).votes
        assert (vote.override, vote.groups, vote.comment) == (True, (), "nobody is there")
        assert stage.states["ok"] == ends
        assert "overriding the policy: nobody is there" in (stage.task("ok").message or "")


@pytest.mark.parametrize(
    "who", ["starter", "restarter", "requested its backfill", "saved its schedule"]
)
def test_nobody_who_caused_the_run_may_decide_without_allow_self(who: str) -> None:
    stage = requested("allow_self: false")
    if who == "restarter":
        stage.execution = replace(stage.execution, restarted_by=(VOTER,))
    elif who == "requested its backfill":
        stage.execution = replace(stage.execution, starters=(VOTER,))
    elif who == "saved its schedule":
        stage.execution = replace(stage.execution, trigger={"savedBy": VOTER})
    actor = STARTER if who == "starter" else VOTER
    for decision in VoteDecision:
        assert code(stage, decision, actor=actor) == ("SELF_APPROVAL", "")
    assert code(stage, A, actor="user:otto") is None


def test_escalated_roles_may_decide_after_the_escalation() -> None:
    keys = "users: [otto], escalate: {after: 1h, roles: [approver]}"
    stage = requested(keys)
    assert code(stage) == ("FORBIDDEN", "")
    stage.run_deferred(stage.deferred_command(ApprovalDue))
    assert request(stage).escalated == ("approver",)
    assert code(stage) is None and stage.states["ok"] == "SUCCESS"


# -- what the votes amount to ---------------------------------------------------------------------------------------


def policies() -> Iterator[tuple[Group, ...]]:
    for first, second in product((1, 2), (0, 1, 2)):
        groups = (Group("g", (), ("g",), first), Group("h", (), ("h",), second))
        yield groups[: 2 if second else 1]


def by_hand(groups: Sequence[Group], voters: Sequence[Sequence[str]]) -> bool:
    """Checks whether some way to count each person for one group fills all groups."""
    ways = product(*(voter or (None,) for voter in voters))
    return any(all(way.count(g.name) >= g.required for g in groups) for way in ways)


def test_each_person_counts_for_one_group() -> None:
    standing = [(), ("g",), ("h",), ("g", "h")]
    for groups in policies():
        for size in range(5):
            for voters in product(standing, repeat=size):
                votes = tuple(
                    replace(earlier(f"user:{n}"), groups=voter) for n, voter in enumerate(voters)
                )
                approval = replace(request(requested()), policy=ApprovalPolicy(groups), votes=votes)
                approved = outcome(approval) is ApprovalState.APPROVED
                assert approved == by_hand(groups, voters), (groups, voters)
                rejected = replace(approval, votes=(*votes, earlier("user:r", R)))
                assert outcome(rejected) is ApprovalState.REJECTED


EXPIRED: dict[OnTimeout, tuple[str, str | None]] = {
    OnTimeout.REJECT: ("REJECTED", "EXPIRED"),
    OnTimeout.APPROVE: ("SUCCESS", None),
    OnTimeout.FAIL: ("FAILED", "EXPIRED"),
    OnTimeout.CANCEL: ("KILLED", None),
    OnTimeout.SKIP: ("SKIPPED", None),
    OnTimeout.ESCALATE: ("WAITING_FOR_APPROVAL", None),
}


@pytest.mark.parametrize("rule", OnTimeout)
@pytest.mark.parametrize("allowed", [False, True])
def test_an_expired_request_ends_by_its_rule(rule: OnTimeout, allowed: bool) -> None:
    keys = f"timeout: 1h, on_timeout: {rule.value}, allow_failure: {str(allowed).lower()}"
    stage = requested(keys + (", escalate: {roles: [admin]}" if rule is OnTimeout.ESCALATE else ""))
    stage.run_deferred(stage.deferred_command(ApprovalDue))
    state, error = EXPIRED[rule]
    if rule is OnTimeout.FAIL and allowed:
        state = "WARNING"
    task: TaskRun = stage.task("ok")
    assert (task.state.value, task.error.code if task.error else None) == (state, error)
    assert task.outputs.get("approvers", []) == [] and task.outputs.get("comment") is None
    if rule is OnTimeout.ESCALATE:
        assert code(stage) is None


REJECTED: dict[OnReject, str] = {
    OnReject.REJECT: "REJECTED",
    OnReject.FAIL: "FAILED",
    OnReject.SKIP_DOWNSTREAM: "SKIPPED",
}


@pytest.mark.parametrize("rule", OnReject)
@pytest.mark.parametrize("allowed", [False, True])
def test_a_rejection_ends_by_its_rule(rule: OnReject, allowed: bool) -> None:
    stage = requested(f"on_reject: {rule.value}, allow_failure: {str(allowed).lower()}")
    assert code(stage, R, comment="no") is None
    expected = "WARNING" if rule is OnReject.FAIL and allowed else REJECTED[rule]
    assert stage.states["ok"] == expected
    assert stage.task("ok").outputs["decision"] == "REJECTED"


def test_every_code_of_a_refused_vote_is_tested_here() -> None:
    codes = {rule.vote[0] for rule in RULES if rule.vote}
    assert codes == {
        ProblemCode.ALREADY_DECIDED,
        ProblemCode.FORBIDDEN,
        ProblemCode.SELF_APPROVAL,
        ProblemCode.ALREADY_VOTED,
        ProblemCode.VALIDATION,
    }
