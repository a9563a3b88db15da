"""Parents and children, at depth 1 and 3: a parent never ends before its child."""

from collections.abc import Callable

import pytest

from models.events.events import ENGINE
from models.ids import new_id
from models.lifecycle.commands.commands import Cancel, CancelForNewer, Evaluate, Finish
from models.lifecycle.commands.outcomes import Succeeded
from models.lifecycle.commands.subflows import ChildEnded
from models.states import EXECUTION_ENDS, AttemptState, ExecutionState, TaskRunState, VoteDecision
from tests.models.lifecycle.family import (
    ASK,
    DEPTHS,
    LAST,
    MORE,
    WORK,
    Family,
    at_work,
    family,
    submit,
    vote,
)

# -- nothing starts while a child is being stopped --------------------------------------------------------------------

STOPS: dict[str, tuple[str, str, Callable[[Family], None]]] = {
    "cancel": ("", LAST, lambda made: submit(made, Cancel())),
    "cancel with force": ("", LAST, lambda made: submit(made, Cancel(force=True))),
    "make room": ("", LAST, lambda made: submit(made, CancelForNewer())),
    "timeout of the task": ("timeout: 5s", LAST, lambda made: made.pass_time(6)),
    "timeout of the task, retried": (
        "timeout: 5s, retry: {max_attempts: 2, delay: 0s}",
        LAST,
        lambda made: made.pass_time(6),
    ),
    "timeout of the execution": ("", f"timeout: 5s\n{LAST}", lambda made: made.pass_time(6)),
    "timeout that cancels": (
        "",
        f"timeout: 5s\non_timeout: CANCEL\n{LAST}",
        lambda made: made.pass_time(6),
    ),
    "another fails under CANCEL_ALL": (
        "",
        f"on_failure: CANCEL_ALL\n{LAST}",
        lambda made: made.finish("top", "other", AttemptState.FAILED),
    ),
}


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("stop", STOPS)
def test_a_stopped_parent_waits_for_the_end_of_its_child(stop: str, depth: int) -> None:
    task, head, act = STOPS[stop]
    made = at_work(depth, task, head, more=MORE)
    made.work("top", "other")
    if stop.startswith("timeout of the task"):
        made.finish("top", "other", AttemptState.SUCCESS)
    act(made)
    if made.task("top", "other").lease:
        made.finish("top", "other", AttemptState.KILLED)

    assert made.task("leaf", "work").state == "KILLING"
    assert made.task("top", "sub").state == "KILLING"
    assert made.state("top") in ("KILLING", "RUNNING", "FAILED_FINISHING")
    begun = {path for path, task in made.one("top").tasks.items() if task.attempt}
    assert begun == {"sub", "other"}, "nothing else has started"
    assert len(made.of("leaf")) == 1

    made.finish("leaf", "work", AttemptState.KILLED)
    assert made.of("leaf")[0].ended
    top = made.one("top")
    waits = [path for path, task in top.tasks.items() if task.state is TaskRunState.QUEUED]
    if "retried" in stop:
        made.pass_time(1)
        assert [each.state for each in made.of("leaf")][-1] is ExecutionState.RUNNING
        assert made.one("top").tasks["sub"].attempt == 2
    elif "force" in stop:
        assert top.state is ExecutionState.KILLED
    else:
        expected = {"timeout of the task": ["after"], "timeout of the execution": ["sorry"]}.get(
            stop, ["tidy"]
        )
        assert waits == expected
    assert made.folds()


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_child_that_never_ends_is_fenced_and_its_parents_end(depth: int) -> None:
    made = at_work(depth)
    submit(made, Cancel())
    made.pass_time(10 + 6 + 1)
    assert {each.state.value for each in made.executions.values()} == {"KILLED"}


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_second_cancel_skips_the_grace_period_at_any_depth(depth: int) -> None:
    made = at_work(depth)
    submit(made, Cancel())
    submit(made, Cancel())
    assert all(each.killing and each.killing.force for each in made.executions.values())
    made.pass_time(6.1)
    assert {each.state.value for each in made.executions.values()} == {"KILLED"}


def test_without_cascade_the_child_continues_and_the_parent_says_so() -> None:
    made = at_work(1)
    submit(made, Cancel(cascade=False))
    assert (made.state("top"), made.state("leaf")) == ("KILLED", "RUNNING")
    assert made.task("top", "sub").message == (
        "the execution that it started continues: cancelled without cascade"
    )
    made.finish("leaf", "work", AttemptState.SUCCESS)
    assert made.state("top") == "KILLED"


@pytest.mark.parametrize("stop", ["cancel", "timeout of the execution"])
def test_a_task_run_stopped_before_its_child_exists_never_gets_one(stop: str) -> None:
    _, head, act = STOPS[stop]
    sub = "tasks: [{id: sub, type: subflow, flow: leaf}]\n"
    made = Family({"top": head + sub, "leaf": WORK})
    (evaluate,) = [each for each in made.deferred if isinstance(each[1].command, Evaluate)]
    made.deferred.remove(evaluate)
    act(made)
    made.deferred.append(evaluate)
    made.run_due()
    assert made.of("leaf") == []
    assert made.task("top", "sub").ended


def test_a_child_that_succeeded_before_its_stop_is_a_success() -> None:
    made = at_work(1)
    made.submit(made.root, Cancel())
    made.submit(
        made.one("leaf").id,
        Finish("work", made.task("leaf", "work").lease or new_id(), 1, Succeeded()),
        ENGINE,
    )
    made.run_due()
    assert (made.state("leaf"), made.task("top", "sub").state) == ("SUCCESS", "SUCCESS")
    assert made.state("top") == "KILLED"


# -- a foreach is a parent too ----------------------------------------------------------------------------------------

EACH = "tasks: [{id: each, type: foreach, items: [1, 2], timeout: 5s, tasks: [{id: w, type: shell, run: x}]}, "


def test_a_foreach_that_timed_out_waits_for_its_iterations() -> None:
    made = Family(
        {"top": EACH + "{id: after, type: shell, run: x, needs: [each], run_if: failed}]"}
    )
    made.run_due()
    for path in ("each[0].w", "each[1].w"):
        made.work("top", path)
    made.pass_time(6)
    assert made.task("top", "each").state == "KILLING"
    made.finish("top", "each[0].w", AttemptState.KILLED)
    assert (made.task("top", "each").state, made.task("top", "after").state) == (
        "KILLING",
        "CREATED",
    )
    made.finish("top", "each[1].w", AttemptState.KILLED)
    assert made.task("top", "each").state == "FAILED"
    error = made.task("top", "each").error
    assert error and error.message == "took longer than its timeout of 5 s"
    assert made.task("top", "after").state == "QUEUED"


# -- how the task run ends --------------------------------------------------------------------------------------------

MIRRORED = {
    ExecutionState.SUCCESS: TaskRunState.SUCCESS,
    ExecutionState.WARNING: TaskRunState.WARNING,
    ExecutionState.CACHED: TaskRunState.SUCCESS,
    ExecutionState.FAILED: TaskRunState.FAILED,
    ExecutionState.ERROR: TaskRunState.ERROR,
    ExecutionState.KILLED: TaskRunState.KILLED,
    ExecutionState.CANCELLED: TaskRunState.CANCELLED,
    ExecutionState.REJECTED: TaskRunState.REJECTED,
}
RETRIED = {ExecutionState.FAILED, ExecutionState.ERROR}
OF_ALL = {
    TaskRunState.SUCCESS: "SUCCESS",
    TaskRunState.WARNING: "WARNING",
    TaskRunState.FAILED: "FAILED",
    TaskRunState.ERROR: "ERROR",
    TaskRunState.KILLED: "KILLED",
    TaskRunState.CANCELLED: "KILLED",
    TaskRunState.REJECTED: "REJECTED",
}


def _ended(made: Family, state: ExecutionState, stopped: bool) -> None:

    child = made.one("leaf")
    why = "the words of the child"
    ended = ChildEnded("sub", 1, child.id, child.name, state, {}, why, stopped)
    made.submit(made.root, ended, ENGINE)


@pytest.mark.parametrize("state", sorted(EXECUTION_ENDS))
def test_the_task_run_ends_as_its_child_did_and_the_parent_is_never_greener(
    state: ExecutionState,
) -> None:
    sub = "tasks: [{id: sub, type: subflow, flow: leaf}]\n"
    made = Family({"top": sub, "leaf": WORK})
    made.run_due()
    _ended(made, state, stopped=state not in RETRIED)
    task = made.task("top", "sub")
    assert task.state is MIRRORED[state]
    assert made.state("top") == OF_ALL[task.state]
    if state not in (ExecutionState.SUCCESS, ExecutionState.WARNING, ExecutionState.CACHED):
        assert task.error and "the words of the child" in task.error.message


@pytest.mark.parametrize("state", sorted(EXECUTION_ENDS))
def test_only_a_failure_of_the_child_is_retried(state: ExecutionState) -> None:
    sub = "tasks: [{id: sub, type: subflow, flow: leaf, retry: {max_attempts: 3, delay: 1s}}]\n"
    made = Family({"top": sub, "leaf": WORK})
    made.run_due()
    _ended(made, state, stopped=state not in RETRIED)
    assert (made.task("top", "sub").state is TaskRunState.RETRYING) is (state in RETRIED)


@pytest.mark.parametrize("state", sorted(EXECUTION_ENDS))
def test_an_allowed_failure_is_a_warning_however_the_child_ended(state: ExecutionState) -> None:
    sub = "tasks: [{id: sub, type: subflow, flow: leaf, allow_failure: true}]\n"
    made = Family({"top": sub, "leaf": WORK})
    made.run_due()
    _ended(made, state, stopped=state not in RETRIED)
    good = MIRRORED[state] is TaskRunState.SUCCESS
    assert made.state("top") == ("SUCCESS" if good else "WARNING")


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_child_that_a_person_cancelled_is_not_started_again(depth: int) -> None:
    made = at_work(depth, "retry: {max_attempts: 3, delay: 1s}")
    made.submit(made.one("leaf").id, Cancel())
    made.finish("leaf", "work", AttemptState.KILLED)
    made.pass_time(60)
    assert len(made.of("leaf")) == 1
    sub = made.task("top", "sub")
    assert (sub.state, sub.attempt) == ("KILLED", 1)
    assert made.task("top", "after").state == "QUEUED"
    assert sub.error and sub.error.message.endswith("ended KILLED: cancelled by maria")


def test_a_child_that_cancels_itself_by_a_failure_is_started_again() -> None:
    made = family(1, "on_failure: CANCEL_ALL\n" + WORK, "retry: {max_attempts: 2, delay: 1s}")
    made.work("leaf", "work")
    made.finish("leaf", "work", AttemptState.FAILED)
    made.pass_time(2)
    assert [each.state.value for each in made.of("leaf")] == ["KILLED", "RUNNING"]


def test_a_child_whose_timeout_cancels_it_is_started_again() -> None:
    leaf = "timeout: 5s\non_timeout: CANCEL\n" + WORK
    made = family(1, leaf, "retry: {max_attempts: 2, delay: 1s}")
    made.work("leaf", "work")
    made.pass_time(6)
    made.finish("leaf", "work", AttemptState.KILLED)
    made.pass_time(2)
    assert [each.state.value for each in made.of("leaf")] == ["KILLED", "RUNNING"]


def test_a_rejected_child_is_not_started_again() -> None:
    made = family(1, ASK, "retry: {max_attempts: 3, delay: 1s}")
    vote(made, VoteDecision.REJECT)
    made.pass_time(60)
    assert len(made.of("leaf")) == 1
    assert made.task("top", "sub").state == "REJECTED"
