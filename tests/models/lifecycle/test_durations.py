"""Durations of executions exclude the time between an end and a restart."""

from datetime import timedelta

from models.lifecycle.clock import Stopwatch
from models.lifecycle.commands.commands import Cancel, ChangeState, Restart
from models.run_options import RunOptions
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


def test_the_time_between_an_end_and_a_restart_is_excluded() -> None:
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


def test_the_duration_of_a_reset_task_run_begins_again() -> None:
    stage = failed_after(600)
    stage.pass_time(DAY)
    stage.submit(Restart())
    assert stage.task("a").started_at is None
    stage.start("a")
    assert stage.task("a").started_at == stage.now


def test_an_end_set_by_a_person_changes_no_time() -> None:
    stage = failed_after(600)
    stage.pass_time(DAY)
    stage.submit(ChangeState(ExecutionState.KILLED))
    assert (stage.execution.clock.idle, lasted(stage)) == (0, 600)
    stage.pass_time(DAY)
    stage.submit(Restart())
    assert stage.execution.clock.idle == 2 * DAY


def test_an_execution_that_never_started_has_no_idle_time() -> None:
    stage = Stage(FLOW, options=RunOptions(scheduled_at=START + timedelta(hours=1)))
    stage.submit(Cancel())
    stage.pass_time(DAY)
    stage.submit(Restart())
    stage.start("a")
    assert (stage.execution.clock.idle, lasted(stage)) == (0, 0)


def test_the_time_queued_after_a_restart_is_excluded_too() -> None:
    ended, started = (START + timedelta(seconds=at) for at in (10, DAY + 5))
    waiting = Stopwatch(since=START).stopped(ended).idle_from(ended)
    assert (waiting.idle, waiting.idle_since) == (0, ended)
    running = waiting.idle_until(started).with_full_timeout(started)
    assert (running.idle, running.at(started), running.idle_until(started)) == (
        DAY - 5,
        10,
        running,
    )
