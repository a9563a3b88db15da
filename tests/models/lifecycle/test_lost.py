"""Attempts whose worker is lost, and attempts that a worker hands back."""

from models.events.events import ENGINE
from models.lifecycle.commands.commands import Finish, Lose, Restart
from models.states import AttemptState, ExecutionState
from tests.models.lifecycle.stage import Stage

S = AttemptState.SUCCESS


def test_a_lost_attempt_is_run_again_without_using_up_retries_up_to_a_bound() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    for number in range(1, 5):
        lease = stage.start("a")
        stage.submit(Lose("a", lease), ENGINE)
        assert stage.states["a"] == "QUEUED"
        assert stage.jobs["a"].attempt == number + 1
    lease = stage.start("a")
    stage.submit(Lose("a", lease), ENGINE)
    assert stage.states["a"] == "ERROR"
    assert stage.state == "ERROR"


def test_max_lost_counts_only_attempts_that_were_not_handed_back() -> None:
    source = "id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a, max_lost: 2}]\n"
    stage = Stage(source)
    for number in range(1, 8):
        stage.run("a", AttemptState.LOST, reason="drained", handed_back=True)
        assert (stage.states["a"], stage.jobs["a"].attempt) == ("QUEUED", number + 1)
    stage.submit(Lose("a", stage.start("a")), ENGINE)
    assert stage.states["a"] == "QUEUED"
    stage.run("a", AttemptState.LOST, reason="no room", handed_back=True)
    assert stage.states["a"] == "QUEUED"
    stage.submit(Lose("a", stage.start("a")), ENGINE)
    assert (stage.states["a"], stage.state) == ("ERROR", ExecutionState.ERROR)
    task = stage.task("a")
    assert (task.attempt, task.lost, task.handed_back) == (10, 10, 8)
    assert task.error and "the last of 2 attempts that may be lost (max_lost)" in task.error.message


def test_requeued_tasks_may_be_lost_as_often_again() -> None:
    source = "id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a, max_lost: 1}]\n"
    stage = Stage(source)
    stage.run("a", AttemptState.LOST, handed_back=True)
    stage.submit(Lose("a", stage.start("a")), ENGINE)
    assert stage.states["a"] == "ERROR"
    stage.submit(Restart())
    assert (stage.task("a").lost, stage.task("a").handed_back) == (0, 0)


def test_on_worker_lost_fail_ends_in_error() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a, on_worker_lost: fail}]\n"
    )
    stage.submit(Lose("a", stage.start("a")), ENGINE)
    assert (stage.states["a"], stage.state) == ("ERROR", ExecutionState.ERROR)


def test_the_result_of_a_lost_attempt_is_refused_while_the_next_one_runs() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    old = stage.start("a")
    stage.submit(Lose("a", old), ENGINE)
    stage.start("a")
    transition = stage.submit(Finish("a", old, S, 1), ENGINE)
    assert transition.refused
    assert stage.states["a"] == "RUNNING"
    stage.finish("a", S)
    assert stage.state == "SUCCESS"
