"""The clocks of parents stop while a child waits; pauses, resumes and restarts reach the whole tree."""

import random

import pytest

from models.lifecycle.commands.commands import Cancel, Pause, Restart, Resume, RetryFailed
from models.states import AttemptState, TaskRunState, VoteDecision
from tests.models.lifecycle.family import (
    DEPTHS,
    MORE,
    ORDERS,
    WITH_APPROVAL,
    WORK,
    Family,
    at_work,
    family,
    submit,
    vote,
)

# -- clocks -----------------------------------------------------------------------------------------------------------

CLOCKS = {"of the execution": ("", "timeout: 10s\n"), "of the task": ("timeout: 10s", "")}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("clock", CLOCKS)
def test_no_clock_of_the_tree_runs_while_a_person_is_waited_for(
    clock: str, depth: int, order: random.Random | None
) -> None:
    task, head = CLOCKS[clock]
    made = family(depth, WITH_APPROVAL, task, head, order)
    assert {each.state.value for each in made.executions.values()} == {"WAITING_FOR_APPROVAL"}
    made.pass_time(1000)
    assert {each.state.value for each in made.executions.values()} == {"WAITING_FOR_APPROVAL"}
    vote(made, VoteDecision.APPROVE)
    assert made.task("top", "sub").state == "SUCCESS"
    assert made.folds()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("clock", CLOCKS)
def test_no_clock_of_the_tree_runs_while_a_child_is_paused_and_all_continue_afterwards(
    clock: str, depth: int, order: random.Random | None
) -> None:
    task, head = CLOCKS[clock]
    made = family(depth, WORK, task, head, order)
    made.work("leaf", "work")
    made.pass_time(6)
    leaf = made.one("leaf").id
    made.submit(leaf, Pause())
    made.settle()
    assert made.state("top") == "RUNNING"
    made.pass_time(1000)
    assert made.task("top", "sub").state == "RUNNING"
    made.submit(leaf, Resume())
    made.settle()
    made.pass_time(3)
    assert made.task("top", "sub").state == "RUNNING"
    made.pass_time(3)
    assert made.task("top", "sub").state == "KILLING"
    assert made.folds()


def test_the_time_of_another_task_runs_on_while_a_child_is_paused() -> None:
    flows = {
        "top": "tasks: [{id: a, type: subflow, flow: leaf}, {id: b, type: subflow, flow: other, timeout: 5s}]\n",
        "leaf": WORK,
        "other": WORK,
    }
    made = Family(flows)
    made.settle()
    made.submit(made.one("leaf").id, Pause())
    made.pass_time(6)
    assert made.task("top", "a").state == "RUNNING"
    assert made.task("top", "b").state in (TaskRunState.FAILED, TaskRunState.KILLING)


def test_a_parent_of_a_waiting_child_is_running_while_other_tasks_run() -> None:
    made = family(1, WITH_APPROVAL, more=MORE)
    made.work("top", "extra")
    assert made.state("top") == "RUNNING"
    made.finish("top", "extra", AttemptState.SUCCESS)
    assert made.state("top") == "WAITING_FOR_APPROVAL"


# -- pause and resume -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_pause_and_resume_cascade(depth: int, order: random.Random | None) -> None:
    made = family(depth, WORK, order=order)
    made.work("leaf", "work")
    submit(made, Pause())
    assert {each.state.value for each in made.executions.values()} == {"PAUSED"}
    reasons = {e.origin.reason for e in made.events if getattr(e.fact, "to_state", "") == "PAUSED"}
    top = made.one("top")
    seq = next(e.seq for e in made.events if getattr(e.fact, "to_state", "") == "PAUSED")
    assert (
        f"{top.name}, which started it, was paused by maria (its event {seq}): because" in reasons
    )
    submit(made, Resume())
    assert {each.state.value for each in made.executions.values()} == {"RUNNING"}
    made.finish("leaf", "work", AttemptState.SUCCESS)
    assert made.task("top", "after").state == "QUEUED"
    assert made.folds()


def test_without_cascade_only_the_parent_is_paused_and_resumed() -> None:
    made = at_work(1)
    submit(made, Pause(cascade=False))
    assert (made.state("top"), made.state("leaf")) == ("PAUSED", "RUNNING")
    submit(made, Resume())
    made.submit(made.one("leaf").id, Pause())
    submit(made, Pause())
    submit(made, Resume(cascade=False))
    assert (made.state("top"), made.state("leaf")) == ("RUNNING", "PAUSED")


@pytest.mark.parametrize("order", ORDERS)
def test_however_late_a_pause_comes_the_child_does_as_its_parent_does_now(
    order: random.Random | None,
) -> None:
    made = family(1, WORK, order=order)
    made.work("leaf", "work")
    made.submit(made.root, Pause())
    made.submit(made.root, Resume())
    made.settle()
    assert (made.state("top"), made.state("leaf")) == ("RUNNING", "RUNNING")


def test_no_child_is_started_while_the_parent_is_paused() -> None:
    made = Family({"top": "tasks: [{id: sub, type: subflow, flow: leaf}]\n", "leaf": WORK})
    made.submit(made.root, Pause())
    made.settle()
    assert made.of("leaf") == []
    submit(made, Resume())
    assert made.state("leaf") == "RUNNING"


# -- back to run ------------------------------------------------------------------------------------------------------


def _fail_leaf(made: Family) -> None:
    made.work("leaf", "work")
    made.finish("leaf", "work", AttemptState.FAILED)


def _finish_top(made: Family) -> None:
    made.work("top", "after")
    made.finish("top", "after", AttemptState.SUCCESS)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("rule", ["resume", "new"])
def test_a_restarted_parent_resumes_its_child_or_starts_a_new_one(rule: str, depth: int) -> None:
    made = family(depth, WORK, f"restart_child: {rule}")
    _fail_leaf(made)
    _finish_top(made)
    assert made.state("top") == "FAILED"
    below = "leaf" if depth == 1 else f"mid{depth - 1}"
    submit(made, Restart())
    children = made.of(below)
    assert len(children) == (1 if rule == "resume" else 2)
    assert made.task("top", "sub").child == children[-1].id
    if rule == "resume":
        assert children[0].restarted_by == ("user:maria",)
        made.work("leaf", "work")
        made.finish("leaf", "work", AttemptState.SUCCESS)
        assert made.task("top", "sub").state == "SUCCESS"


def test_a_child_that_was_restarted_meanwhile_is_waited_for_as_it_is() -> None:
    made = family(1)
    _fail_leaf(made)
    _finish_top(made)
    made.submit(made.one("leaf").id, Restart())
    made.settle()
    submit(made, Restart())
    assert made.task("top", "sub").child == made.one("leaf").id
    made.work("leaf", "work")
    made.finish("leaf", "work", AttemptState.SUCCESS)
    assert made.task("top", "sub").state == "SUCCESS"


def test_a_child_that_ended_well_meanwhile_is_taken_as_it_is() -> None:
    made = family(1)
    _fail_leaf(made)
    _finish_top(made)
    made.submit(made.one("leaf").id, Restart())
    made.work("leaf", "work")
    made.finish("leaf", "work", AttemptState.SUCCESS)
    submit(made, Restart())
    assert made.task("top", "sub").state == "SUCCESS"
    assert len(made.of("leaf")) == 1


def test_retry_failed_resumes_the_child_too() -> None:
    made = family(1, more=MORE)
    made.work("top", "extra")
    _fail_leaf(made)
    submit(made, RetryFailed())
    assert made.task("top", "sub").child == made.one("leaf").id
    assert made.state("leaf") == "RUNNING"


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_a_parent_that_is_cancelled_as_it_restarts_its_child_ends_with_it(
    depth: int, order: random.Random | None
) -> None:
    made = family(depth, WORK, order=order)
    _fail_leaf(made)
    _finish_top(made)
    made.submit(made.root, Restart())
    made.submit(made.root, Cancel())
    made.settle()
    made.pass_time(30)
    assert all(each.ended for each in made.executions.values())
