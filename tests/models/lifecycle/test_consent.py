"""Nothing bypasses an approval without a decision on the same digest or an override, whatever is disabled or reused."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from models.errors import ProblemCode, Refused
from models.lifecycle.approvals.decided_on import decided_on
from models.lifecycle.commands.commands import (
    Cancel,
    ChangeState,
    ChangeTaskRunState,
    Create,
    SetLabels,
)
from models.lifecycle.reruns.rerun_plan import TaskPlan, plan_replay, reused
from models.run_options import RunOptions
from models.states import (
    SUCCESSFUL_ENDS,
    AttemptState,
    ExecutionState,
    LabelMode,
    TaskRunState,
    VoteDecision,
)
from tests.models.lifecycle.played import (
    CHAIN,
    KEYS,
    SILENT,
    Played,
    approved,
    begins,
    decided,
    plan_of,
)

WAYS = ("run", "disabled", "disabled and reused", "reused")


@pytest.mark.parametrize("how", ["approved", "rejected", "cancelled", "overridden"])
@pytest.mark.parametrize("day", ["monday", "tuesday"])
def test_nothing_after_an_undecided_approval_runs_whatever_is_disabled_and_reused(
    how: str, day: str
) -> None:
    """Every way to disable or reuse each task of the chain, with the inputs that were decided on and with others."""
    source = decided(how)
    assert source.state is ExecutionState.SUCCESS
    plan, inputs = plan_of(), {"day": day}
    allowed = 0
    for ways in product(WAYS, repeat=len(KEYS)):
        way = dict(zip(KEYS, ways, strict=True))
        again = [key for key in KEYS if "reused" in way[key]]
        off = tuple(key for key in KEYS if "disabled" in way[key])
        held = reused(source, again, plan, begins(plan, inputs))
        command = Create(plan, inputs=inputs, options=RunOptions(disabled_tasks=off), reused=held)
        try:
            stage = Played(command)
        except Refused as refused:
            assert refused.problems[0].code is ProblemCode.FORBIDDEN
            marked = Played(replace(command, may_override=True))
            assert marked.overridden == [("ask",)]
            continue
        stage.run_all()
        ran = {path for path, task in stage.execution.tasks.items() if task.attempt}
        is_reusable = how == "approved" and day == "monday" and {"ask", "extract"} <= set(again)
        assert is_reusable or not ran & {"mid", "load"}, way
        assert stage.overridden == []
        allowed += bool(ran & {"load"})
    assert allowed == (12 if how == "approved" and day == "monday" else 0)


def test_an_override_needs_a_reason() -> None:
    command = Create(plan_of(), options=RunOptions(disabled_tasks=("ask",)), may_override=True)
    with pytest.raises(Refused) as refused:
        Played(command, SILENT)
    assert refused.value.problems[0].path == ("reason",)
    assert Played(command).overridden == [("ask",)]


# -- changes -----------------------------------------------------------------------------------------------------------

ENDS = ("approved", "rejected", "cancelled")


def ended(how: str) -> Played:
    stage = Played(Create(plan_of(), inputs={"day": "monday"}))
    stage.run_all()
    if how == "cancelled":
        stage.submit(Cancel())
    elif how == "rejected":
        stage.vote(decision=VoteDecision.REJECT)
    else:
        stage.vote()
        stage.run_all(AttemptState.FAILED)
    assert stage.execution.ended
    return stage


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("outputs", [None, {"n": 1}])
@pytest.mark.parametrize(
    "state", [TaskRunState.SUCCESS, TaskRunState.WARNING, TaskRunState.FAILED, TaskRunState.SKIPPED]
)
def test_no_change_of_a_task_run_lets_later_tasks_run_undecided(
    how: str, outputs: Any, state: TaskRunState
) -> None:
    for key in KEYS:
        stage = ended(how)
        before, events = stage.execution, len(stage.events)
        command = ChangeTaskRunState(key, state, outputs)
        try:
            stage.submit(command)
        except Refused as refused:
            assert refused.problems[0].code is ProblemCode.FORBIDDEN
            assert stage.execution is before and len(stage.events) == events
            with pytest.raises(Refused):
                stage.submit(replace(command, may_override=True), SILENT)
            stage.submit(replace(command, may_override=True))
            assert stage.overridden == [("ask",)]
            continue
        started = {path: task.attempt for path, task in stage.execution.tasks.items()}
        stage.run_all()
        requested_again = how != "approved" and stage.states["ask"] not in SUCCESSFUL_ENDS
        if requested_again:
            assert not any(stage.task(path).attempt > started[path] for path in ("mid", "load"))


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("state", ["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED"])
def test_setting_an_end_that_implies_approvals_is_an_override(how: str, state: str) -> None:
    stage = ended(how)
    command = ChangeState(ExecutionState(state))
    if how == "approved" or state not in ("SUCCESS", "WARNING"):
        stage.submit(command)
        assert stage.overridden == []
        return
    before = stage.execution
    with pytest.raises(Refused) as refused:
        stage.submit(command)
    assert refused.value.problems[0].code is ProblemCode.FORBIDDEN
    assert stage.execution is before
    stage.submit(replace(command, may_override=True))
    assert (stage.overridden, stage.state) == ([("ask",)], state)


def test_changing_what_was_decided_on_is_an_override() -> None:
    stage = ended("approved")
    digest = decided_on(stage.execution, stage.task("ask"))
    assert stage.task("ask").decided_on == digest
    change = ChangeTaskRunState("extract", TaskRunState.SUCCESS, {"rows": 8})
    with pytest.raises(Refused) as refused:
        stage.submit(change)
    assert "was decided on outputs of extract" in refused.value.problems[0].message
    stage.submit(replace(change, may_override=True))
    assert decided_on(stage.execution, stage.task("ask")) != digest
    stage.run_all()
    plan = plan_of()
    planned = plan_replay(stage.execution, plan, "load", begins(plan, {"day": "monday"}))
    assert {one.key: one.plan for one in planned}["ask"] is TaskPlan.RUN


def test_changing_labels_that_an_expression_reads_after_a_request_is_an_override() -> None:
    stage = ended("approved")
    before = stage.execution
    for labels, mode in (({"team": "b"}, LabelMode.MERGE), ({"x": "y"}, LabelMode.REPLACE)):
        with pytest.raises(Refused) as refused:
            stage.submit(SetLabels(labels, mode))
        assert refused.value.problems[0].path == ("labels",)
        assert stage.execution is before
    stage.submit(SetLabels({"team": "b"}, may_override=True))
    assert stage.overridden == [("ask",)]
    deaf = Played(Create(plan_of("", CHAIN.replace("labels.team", "execution.id"))))
    deaf.run_all()
    deaf.submit(SetLabels({"team": "b"}))
    assert deaf.overridden == []


def test_what_is_decided_on_does_not_change_while_a_request_is_open() -> None:
    stage = Played(Create(plan_of(), inputs={"day": "monday"}))
    stage.run_all()
    with pytest.raises(Refused):
        stage.submit(ChangeTaskRunState("extract", TaskRunState.SUCCESS, {"rows": 1}))


def test_an_overridden_execution_is_not_reused_from_the_cache() -> None:
    command = Create(
        plan_of(), options=RunOptions(disabled_tasks=("ask",)), may_override=True, cache_key="k"
    )
    stage = Played(command)
    assert stage.execution.cache_key is None
    assert stage.folded() == stage.execution


LAST = """
id: x
namespace: y
inputs: [{id: day, type: STRING}]
tasks:
  - {id: check, type: log, message: a}
  - {id: load, type: log, needs: [check], message: a}
finally:
  - {id: ask, type: approval, when: "{{ outputs.check.risky }}"}
  - {id: notify, type: log, needs: [ask], message: a}
"""


def test_a_condition_in_finally_is_not_met_with_results_of_other_inputs() -> None:
    plan = plan_of("", LAST)
    source = approved(plan).execution
    for day, again in (("monday", False), ("tuesday", True)):
        start = begins(plan, {"day": day})
        planned = plan_replay(source, plan, "load", start)
        plans = {one.key: one.plan for one in planned}
        assert (plans["check"] is TaskPlan.RUN) is again
        keys = [one.key for one in planned if one.plan is TaskPlan.REUSE]
        held = reused(source, keys, plan, start)
        Played(Create(plan, inputs={"day": day}, reused=held))
        held = reused(source, ["check"], plan, start)
        command = Create(
            plan, inputs={"day": day}, options=RunOptions(disabled_tasks=("check",)), reused=held
        )
        if again:
            with pytest.raises(Refused):
                Played(command)
        else:
            Played(command)
