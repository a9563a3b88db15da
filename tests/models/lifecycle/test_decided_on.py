"""Decisions that are reused by another execution, or made again: the digest, the plans, and resets."""

from dataclasses import replace

import pytest

from models.errors import Refused
from models.events.events import ENGINE
from models.lifecycle.approvals.decided_on import context
from models.lifecycle.commands.commands import Create, Restart, RetryFailed
from models.lifecycle.reruns.rerun_plan import TaskPlan, plan_draft, plan_replay
from models.run_options import RunOptions
from models.states import AttemptState
from tests.models.lifecycle.played import CHAIN, Played, approved, begins, plan_of

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


def test_a_restart_requests_again_with_reuse_never_and_nothing_runs_before() -> None:
    for keys, requests in (("", False), ("reuse: same_inputs", False), ("reuse: never", True)):
        stage = approved(plan_of(keys), AttemptState.FAILED)
        stage.submit(Restart())
        assert (stage.states["ask"] == "CREATED" or stage.states["ask"] == "RUNNING") is requests
        before = stage.task("load").attempt
        stage.run_all()
        assert (stage.states["ask"] == "WAITING_FOR_APPROVAL") is requests
        assert (stage.task("load").attempt == before) is requests
        if requests:
            stage.vote()
            stage.run_all()
            assert stage.state == "SUCCESS"


def test_a_restart_requests_again_if_what_was_decided_on_runs_again() -> None:
    text = CHAIN.replace("needs: [extract]", "needs: [extract], run_if: always")
    head = text.replace("namespace: y", "namespace: y\non_failure: FINISH_POSSIBLE")
    stage = Played(Create(plan_of("", head)))
    stage.run("extract", AttemptState.FAILED)
    stage.run_all()
    stage.vote()
    stage.run_all()
    assert (stage.state, stage.states["load"]) == ("FAILED", "SUCCESS")
    stage.submit(Restart())
    stage.run_all()
    assert stage.states["ask"] == "SUCCESS"  # nothing after it runs again
    stage = Played(Create(plan_of("", head)))
    stage.run("extract", AttemptState.FAILED)
    stage.run_all()
    stage.vote()
    stage.run_all(AttemptState.FAILED)
    stage.submit(Restart())
    stage.run_all()
    assert stage.states == {
        "extract": "SUCCESS", "ask": "WAITING_FOR_APPROVAL", "mid": "CREATED", "load": "CREATED",
    }  # fmt: skip


def test_retry_failed_requests_again_too() -> None:
    text = CHAIN + "  - {id: other, type: log, message: a}\n"
    stage = Played(Create(plan_of("reuse: never", text)))
    held = stage.start("other")
    stage.run("extract", AttemptState.SUCCESS)
    stage.evaluate({"message": "m"})
    stage.vote()
    stage.run("mid", AttemptState.SUCCESS)
    stage.run("load", AttemptState.FAILED)
    assert stage.state == "FAILED_FINISHING"
    stage.submit(RetryFailed())
    stage.evaluate({"message": "m"})
    assert stage.states == {
        "extract": "SUCCESS", "ask": "WAITING_FOR_APPROVAL", "mid": "CREATED", "load": "CREATED",
        "other": "RUNNING",
    }  # fmt: skip
    assert held


def test_approvals_in_a_foreach_are_requested_again_with_the_tasks_after_them() -> None:
    stage = approved(plan_of("", NEVER), AttemptState.FAILED)
    assert stage.state == "FAILED"
    stage.submit(Restart())
    stage.run_all()
    waiting = {path for path, state in stage.states.items() if state == "WAITING_FOR_APPROVAL"}
    assert waiting == {"each[0].ask", "each[1].ask"}
    assert {stage.states[key] for key in ("mid", "load", "each[0].in")} == {"CREATED"}
    for path in waiting:
        stage.vote(path)
    stage.run_all()
    assert stage.state == "SUCCESS"


# -- the digest --------------------------------------------------------------------------------------------------------


def test_the_digest_differs_for_each_part_of_what_was_decided_on() -> None:
    plan, other = plan_of(), plan_of("reuse: never")
    plain = context(plan, {"day": "monday"}, {"team": "a"}, None)
    assert plain == context(plan, {"day": "monday"}, {"team": "a", "system.replay": "true"}, {})
    for changed in (
        context(other, {"day": "monday"}, {"team": "a"}, None),
        context(plan, {"day": "tuesday"}, {"team": "a"}, None),
        context(plan, {"day": "monday"}, {"team": "b"}, None),
    ):
        assert changed != plain


def test_the_digest_has_labels_and_trigger_if_an_expression_reads_them() -> None:
    deaf = plan_of("", CHAIN.replace("labels.team", "inputs.day"))
    assert context(deaf, {}, {"team": "a"}, None) == context(deaf, {}, {"team": "b"}, {"day": 1})
    plans = plan_of("", CHAIN.replace("labels.team", "trigger.date"))
    assert context(plans, {}, {}, {"date": "a"}) != context(plans, {}, {}, {"date": "b"})


def test_numbers_are_digested_as_the_database_returns_them() -> None:
    plan = plan_of()
    large = 10**22
    assert context(plan, {"n": [1.0, 1e22]}, {}, None) == context(plan, {"n": [1, large]}, {}, None)
    assert context(plan, {"n": 1.5}, {}, None) != context(plan, {"n": 1}, {}, None)


# -- plans -------------------------------------------------------------------------------------------------------------


def test_a_plan_shows_which_approvals_are_needed_and_why() -> None:
    source = approved(plan_of()).execution
    for day, requests in (("monday", False), ("tuesday", True)):
        start = begins(plan_of(), {"day": day})
        for planned in (
            plan_replay(source, plan_of(), "load", start),
            plan_draft(source, plan_of(), start),
        ):
            plans = {one.key: one for one in planned}
            assert (plans["ask"].must_ask is not None) is requests
            assert (plans["ask"].plan is TaskPlan.RUN) is requests
            assert not requests or plans["ask"].why.startswith(
                "needs a new decision: it was decided on other"
            )
    overridden = plan_replay(source, plan_of(), "load", begins(plan_of(), {"day": "x"}), True)
    assert {one.key: one.plan for one in overridden}["ask"] is TaskPlan.REUSE


def test_tasks_after_an_approval_that_is_requested_again_run_again() -> None:
    source = approved(plan_of()).execution
    planned = plan_replay(source, plan_of(), "load", begins(plan_of(), {"day": "tuesday"}))
    plans = {one.key: (one.plan, one.why) for one in planned}
    assert plans["mid"] == (TaskPlan.RUN, "ask has to be decided again")
    assert plans["extract"][0] is TaskPlan.REUSE


def test_decisions_without_a_digest_are_not_reused() -> None:
    source = approved(plan_of()).execution
    tasks = {**source.tasks, "ask": replace(source.tasks["ask"], decided_on=None)}
    old = replace(source, tasks=tasks)
    planned = plan_replay(old, plan_of(), "load", begins(plan_of(), {"day": "monday"}))
    (undecided,) = [one for one in planned if one.must_ask]
    assert (
        undecided.must_ask
        == "was decided by a version that did not store what a decision was made on"
    )


def test_the_engine_never_overrides() -> None:
    with pytest.raises(Refused):
        Played(Create(plan_of(), options=RunOptions(disabled_tasks=("ask",))), ENGINE)
