"""The duration of an execution excludes the time between an end and a restart."""

from datetime import timedelta

from models.lifecycle.clock import Stopwatch
from models.lifecycle.commands.commands import Cancel, ChangeState, Restart
from models.states import AttemptState, ExecutionState
from tests.models.lifecycle.stage import START, Stage

DAY = 86_400
FLOW = "id: f\nnamespace: n\ntasks:\n  - {id: a, type: shell, run: 'true'}\n"


def failed_after(seconds: float) -> Stage:
    stage = Stage(FLOW)
    stage.start("a")
    stage.pass_time(seconds)
    stage.finish("a", AttemptState.FAILED)
    assert stage.state is ExecutionState.FAILED
    return stage


def lasted(stage: Stage) -> float:
    found = stage.execution
    assert found.started_at
    return ((found.ended_at or stage.now) - found.started_at).total_seconds() - found.clock.idle


def test_a_day_between_an_end_and_a_restart_is_left_out() -> None:
    stage = failed_after(600)
    began = stage.execution.started_at
    for _ in range(2):
        stage.pass_time(DAY)
        stage.submit(Restart())
        assert stage.state is ExecutionState.RUNNING
        stage.start("a")
        stage.pass_time(60)
        stage.finish("a", AttemptState.FAILED)
    assert stage.execution.started_at == began
    assert (stage.execution.clock.idle, lasted(stage)) == (2 * DAY, 720)


def test_a_requeued_task_run_begins_again() -> None:
    stage = failed_after(600)
    stage.pass_time(DAY)
    stage.submit(Restart())
    assert stage.task("a").started_at is None
    stage.start("a")
    assert stage.task("a").started_at == stage.now


def test_a_manual_change_of_the_end_state_changes_no_time() -> None:
    stage = failed_after(600)
    stage.pass_time(DAY)
    stage.submit(ChangeState(ExecutionState.KILLED))
    assert (stage.execution.clock.idle, lasted(stage)) == (0, 600)
    stage.pass_time(DAY)
    stage.submit(Restart())
    assert stage.execution.clock.idle == 2 * DAY


def test_an_execution_that_never_started_has_no_idle_time() -> None:
    stage = Stage(FLOW, scheduled_at=START + timedelta(hours=1))
    stage.submit(Cancel())
    stage.pass_time(DAY)
    stage.submit(Restart())
    stage.start("a")
    assert (stage.execution.clock.idle, lasted(stage)) == (0, 0)


def test_to_wait_in_line_after_a_restart_is_left_out_too() -> None:
    ended, started = (START + timedelta(seconds=at) for at in (10, DAY + 5))
    waiting = Stopwatch(since=START).stopped(ended).put_back(ended)
    assert (waiting.idle, waiting.idle_since) == (0, ended)
    going = waiting.rested(started).anew(started)
    assert (going.idle, going.at(started), going.rested(started)) == (DAY - 5, 10, going)
