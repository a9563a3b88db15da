"""Nothing runs past an approval but by a decision on the same, or an override, whatever is disabled, reused, changed."""

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pytest

from models.approval_events import ApprovalOverridden
from models.errors import ProblemCode, Refused
from models.events import ENGINE, Ask
from models.ids import new_id
from models.lifecycle.commands import (
    Cancel,
    CastVote,
    ChangeState,
    ChangeTaskRunState,
    Create,
    Restart,
    RetryFailed,
)
from models.lifecycle.decide import begin
from models.lifecycle.decided_on import context, decided_on
from models.lifecycle.planning import Begins, TaskPlan, plan_draft, plan_replay, reused
from models.lifecycle.snapshot import Execution, Plan
from models.spec import parse_flow
from models.states import (
    GOOD_ENDS,
    AttemptState,
    Channel,
    ExecutionState,
    TaskRunState,
    VoteDecision,
)
from tests.models.lifecycle.stage import MARIA, START, Stage

CHAIN = """
id: x
namespace: y
inputs: [{id: day, type: STRING}]
tasks:
  - {id: extract, type: log, message: a}
  - {id: ask, type: approval, needs: [extract]%s}
  - {id: mid, type: log, needs: [ask], message: "{{ labels.team }}"}
  - {id: load, type: log, needs: [mid], message: a}
"""
SILENT = Ask("user:maria", Channel.API)
KEYS = ("extract", "ask", "mid", "load")


class Played(Stage):
    """An execution of a plan that others have too."""

    def __init__(self, command: Create, ask: Ask = MARIA) -> None:
        self.now, self.events, self.jobs, self.promises = START, [], {}, []
        self.execution = self._took(begin(command, self._context(ask), new_id()))

    def go_on(self, end: AttemptState = AttemptState.SUCCESS) -> None:
        """Run all that can run without a person; `load` ends so."""
        while self.jobs or self.owes():
            self.evaluate({"message": "m", "items": [1, 2], "when": True})
            for path in list(self.jobs):
                self.run(path, end if path == "load" else AttemptState.SUCCESS)

    def owes(self) -> bool:
        return any(type(each.command).__name__ == "Evaluate" for each in self.promises)

    def vote(self, path: str = "ask", decision: VoteDecision = VoteDecision.APPROVE) -> None:
        approval = self.task(path).approval
        assert approval
        self.ask(CastVote(approval.id, decision, frozenset({"admin"})))

    @property
    def overridden(self) -> list[tuple[str, ...]]:
        facts = [event.fact for event in self.events]
        return [fact.tasks for fact in facts if isinstance(fact, ApprovalOverridden)]


@cache
def plan_of(keys: str = "", text: str = CHAIN) -> Plan:
    source = text % (keys and f", {keys}") if "%s" in text else text
    return Plan.of(new_id(), new_id(), 1, parse_flow(source))


def approved(plan: Plan, end: AttemptState = AttemptState.SUCCESS) -> Played:
    stage = Played(Create(plan, inputs={"day": "monday"}))
    stage.go_on()
    for path, task in list(stage.execution.tasks.items()):
        if task.state is TaskRunState.WAITING_FOR_APPROVAL:
            stage.vote(path)
    stage.go_on(end)
    return stage


def decided(how: str) -> Execution:
    """The same flow, ended otherwise; with `expired` by a policy that lets nobody's decision pass."""
    if how == "approved":
        return approved(plan_of()).execution
    if how == "overridden":
        command = Create(plan_of(), inputs={"day": "monday"}, disabled_tasks=("ask",))
        stage = Played(replace(command, may_override=True))
        stage.go_on()
        return stage.execution
    stage = Played(Create(plan_of(), inputs={"day": "monday"}))
    stage.go_on()
    if how == "rejected":
        stage.vote(decision=VoteDecision.REJECT)
        change = ChangeTaskRunState("ask", TaskRunState.SUCCESS, may_override=True)
    else:
        stage.ask(Cancel())
        change = ChangeTaskRunState("ask", TaskRunState.SKIPPED, may_override=True)
    stage.ask(change)
    stage.go_on()
    return stage.execution


def begins(plan: Plan, inputs: Any) -> Begins:
    return Begins(context(plan, inputs, {}, None))


WAYS = ("run", "disabled", "disabled and reused", "reused")


@pytest.mark.parametrize("how", ["approved", "rejected", "cancelled", "overridden"])
@pytest.mark.parametrize("day", ["monday", "tuesday"])
def test_whatever_is_disabled_and_reused_nothing_after_it_runs_undecided(
    how: str, day: str
) -> None:
    """Every way of leaving out each task of the chain, with the inputs that were decided on and with others."""
    source = decided(how)
    assert source.state is ExecutionState.SUCCESS
    plan, inputs = plan_of(), {"day": day}
    allowed = 0
    for ways in product(WAYS, repeat=len(KEYS)):
        way = dict(zip(KEYS, ways, strict=True))
        again = [key for key in KEYS if "reused" in way[key]]
        off = tuple(key for key in KEYS if "disabled" in way[key])
        held = reused(source, again, plan, begins(plan, inputs))
        command = Create(plan, inputs=inputs, disabled_tasks=off, reused=held)
        try:
            stage = Played(command)
        except Refused as refused:
            assert refused.problems[0].code is ProblemCode.FORBIDDEN
            marked = Played(replace(command, may_override=True))
            assert marked.overridden == [("ask",)]
            continue
        stage.go_on()
        ran = {path for path, task in stage.execution.tasks.items() if task.attempt}
        stands = how == "approved" and day == "monday" and {"ask", "extract"} <= set(again)
        assert stands or not ran & {"mid", "load"}, way
        assert stage.overridden == []
        allowed += bool(ran & {"load"})
    assert allowed == (12 if how == "approved" and day == "monday" else 0)


def test_an_override_needs_a_reason() -> None:
    command = Create(plan_of(), disabled_tasks=("ask",), may_override=True)
    with pytest.raises(Refused) as refused:
        Played(command, SILENT)
    assert refused.value.problems[0].path == ("reason",)
    assert Played(command).overridden == [("ask",)]


# -- changes -----------------------------------------------------------------------------------------------------------

ENDS = ("approved", "rejected", "cancelled")


def ended(how: str) -> Played:
    stage = Played(Create(plan_of(), inputs={"day": "monday"}))
    stage.go_on()
    if how == "cancelled":
        stage.ask(Cancel())
    elif how == "rejected":
        stage.vote(decision=VoteDecision.REJECT)
    else:
        stage.vote()
        stage.go_on(AttemptState.FAILED)
    assert stage.execution.ended
    return stage


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("outputs", [None, {"n": 1}])
@pytest.mark.parametrize(
    "state",
    [TaskRunState.SUCCESS, TaskRunState.WARNING, TaskRunState.FAILED, TaskRunState.SKIPPED],
)
def test_no_change_of_a_task_run_has_what_comes_after_run_undecided(
    how: str, outputs: Any, state: TaskRunState
) -> None:
    for key in KEYS:
        stage = ended(how)
        before, events = stage.execution, len(stage.events)
        command = ChangeTaskRunState(key, state, outputs)
        try:
            stage.ask(command)
        except Refused as refused:
            assert refused.problems[0].code is ProblemCode.FORBIDDEN
            assert stage.execution is before and len(stage.events) == events
            with pytest.raises(Refused):
                stage.ask(replace(command, may_override=True), SILENT)
            stage.ask(replace(command, may_override=True))
            assert stage.overridden == [("ask",)]
            continue
        started = {path: task.attempt for path, task in stage.execution.tasks.items()}
        stage.go_on()
        asked_anew = how != "approved" and stage.states["ask"] not in GOOD_ENDS
        if asked_anew:
            assert not any(stage.task(path).attempt > started[path] for path in ("mid", "load"))


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("state", ["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED"])
def test_an_end_that_says_it_got_past_its_approvals_is_overridden(how: str, state: str) -> None:
    stage = ended(how)
    command = ChangeState(ExecutionState(state))
    if how == "approved" or state not in ("SUCCESS", "WARNING"):
        stage.ask(command)
        assert stage.overridden == []
        return
    before = stage.execution
    with pytest.raises(Refused) as refused:
        stage.ask(command)
    assert refused.value.problems[0].code is ProblemCode.FORBIDDEN
    assert stage.execution is before
    stage.ask(replace(command, may_override=True))
    assert (stage.overridden, stage.state) == ([("ask",)], state)


def test_changing_what_was_decided_on_is_an_override() -> None:
    stage = ended("approved")
    digest = decided_on(stage.execution, stage.task("ask"))
    assert stage.task("ask").decided_on == digest
    change = ChangeTaskRunState("extract", TaskRunState.SUCCESS, {"rows": 8})
    with pytest.raises(Refused) as refused:
        stage.ask(change)
    assert "was decided on what extract gave" in refused.value.problems[0].message
    stage.ask(replace(change, may_override=True))
    assert decided_on(stage.execution, stage.task("ask")) != digest
    stage.go_on()
    plan = plan_of()
    planned = plan_replay(stage.execution, plan, "load", begins(plan, {"day": "monday"}))
    assert {one.key: one.plan for one in planned}["ask"] is TaskPlan.RUN


# -- putting back ------------------------------------------------------------------------------------------------------

NEVER = """
id: x
namespace: y
tasks:
  - id: each
    type: foreach
    items: [1, 2]
    tasks:
      - {id: ask, type: approval, reuse: never}
      - {id: in, type: log, needs: [ask], message: a}
  - {id: mid, type: log, needs: [each], message: a}
  - {id: load, type: log, needs: [mid], message: a}
"""


def test_a_restart_asks_again_where_the_flow_says_so_and_nothing_runs_before() -> None:
    for keys, asks in (("", False), ("reuse: same_inputs", False), ("reuse: never", True)):
        stage = approved(plan_of(keys), AttemptState.FAILED)
        stage.ask(Restart())
        assert (stage.states["ask"] == "CREATED" or stage.states["ask"] == "RUNNING") is asks
        before = stage.task("load").attempt
        stage.go_on()
        assert (stage.states["ask"] == "WAITING_FOR_APPROVAL") is asks
        assert (stage.task("load").attempt == before) is asks
        if asks:
            stage.vote()
            stage.go_on()
            assert stage.state == "SUCCESS"


def test_so_does_a_retry_of_what_failed() -> None:
    text = CHAIN + "  - {id: beside, type: log, message: a}\n"
    stage = Played(Create(plan_of("reuse: never", text)))
    held = stage.start("beside")
    stage.run("extract", AttemptState.SUCCESS)
    stage.evaluate({"message": "m"})
    stage.vote()
    stage.run("mid", AttemptState.SUCCESS)
    stage.run("load", AttemptState.FAILED)
    assert stage.state == "FAILED_FINISHING"
    stage.ask(RetryFailed())
    stage.evaluate({"message": "m"})
    assert stage.states == {
        "extract": "SUCCESS", "ask": "WAITING_FOR_APPROVAL", "mid": "CREATED", "load": "CREATED",
        "beside": "RUNNING",
    }  # fmt: skip
    assert held


def test_approvals_in_a_foreach_are_asked_again_with_what_follows_them() -> None:
    stage = approved(plan_of("", NEVER), AttemptState.FAILED)
    assert stage.state == "FAILED"
    stage.ask(Restart())
    stage.go_on()
    waiting = {path for path, state in stage.states.items() if state == "WAITING_FOR_APPROVAL"}
    assert waiting == {"each[0].ask", "each[1].ask"}
    assert {stage.states[key] for key in ("mid", "load", "each[0].in")} == {"CREATED"}
    for path in waiting:
        stage.vote(path)
    stage.go_on()
    assert stage.state == "SUCCESS"


# -- the digest --------------------------------------------------------------------------------------------------------


def test_the_digest_tells_each_part_of_what_was_decided_on() -> None:
    plan, other = plan_of(), plan_of("reuse: never")
    plain = context(plan, {"day": "monday"}, {"team": "a"}, None)
    assert plain == context(plan, {"day": "monday"}, {"team": "a", "system.replay": "true"}, {})
    for changed in (
        context(other, {"day": "monday"}, {"team": "a"}, None),
        context(plan, {"day": "tuesday"}, {"team": "a"}, None),
        context(plan, {"day": "monday"}, {"team": "b"}, None),
    ):
        assert changed != plain


def test_labels_and_trigger_belong_to_it_where_an_expression_reads_them() -> None:
    deaf = plan_of("", CHAIN.replace("labels.team", "inputs.day"))
    assert context(deaf, {}, {"team": "a"}, None) == context(deaf, {}, {"team": "b"}, {"day": 1})
    told = plan_of("", CHAIN.replace("labels.team", "trigger.date"))
    assert context(told, {}, {}, {"date": "a"}) != context(told, {}, {}, {"date": "b"})


def test_numbers_are_as_the_table_gives_them_back() -> None:
    plan = plan_of()
    large = 10**22
    assert context(plan, {"n": [1.0, 1e22]}, {}, None) == context(plan, {"n": [1, large]}, {}, None)
    assert context(plan, {"n": 1.5}, {}, None) != context(plan, {"n": 1}, {}, None)


# -- plans -------------------------------------------------------------------------------------------------------------


def test_a_plan_says_what_has_to_be_asked_and_why() -> None:
    source = approved(plan_of()).execution
    for day, asks in (("monday", False), ("tuesday", True)):
        start = begins(plan_of(), {"day": day})
        for planned in (
            plan_replay(source, plan_of(), "load", start),
            plan_draft(source, plan_of(), start),
        ):
            told = {one.key: one for one in planned}
            assert (told["ask"].must_ask is not None) is asks
            assert (told["ask"].plan is TaskPlan.RUN) is asks
            assert not asks or told["ask"].why.startswith("asks again: it was decided on other")
    overridden = plan_replay(source, plan_of(), "load", begins(plan_of(), {"day": "x"}), True)
    assert {one.key: one.plan for one in overridden}["ask"] is TaskPlan.REUSE


def test_what_follows_an_approval_that_is_asked_again_runs_again() -> None:
    source = approved(plan_of()).execution
    planned = plan_replay(source, plan_of(), "load", begins(plan_of(), {"day": "tuesday"}))
    told = {one.key: (one.plan, one.why) for one in planned}
    assert told["mid"] == (TaskPlan.RUN, "ask is asked again")
    assert told["extract"][0] is TaskPlan.REUSE


def test_decisions_made_before_they_were_bound_do_not_stand() -> None:
    source = approved(plan_of()).execution
    tasks = {**source.tasks, "ask": replace(source.tasks["ask"], decided_on=None)}
    old = replace(source, tasks=tasks)
    planned = plan_replay(old, plan_of(), "load", begins(plan_of(), {"day": "monday"}))
    (asked,) = [one for one in planned if one.must_ask]
    assert asked.must_ask == "was decided before decisions were bound to what they are made on"


def test_the_engine_never_overrides() -> None:
    with pytest.raises(Refused):
        Played(Create(plan_of(), disabled_tasks=("ask",)), ENGINE)
