"""The timeout of a whole execution: its timer is set whenever its time begins to count, again after a restart."""

from datetime import timedelta

import pytest

from models.concurrency import Slots
from models.ids import new_id
from models.lifecycle import decide
from models.lifecycle.commands.commands import (
    Admit,
    Cancel,
    Command,
    Pause,
    Restart,
    Resume,
    RetryFailed,
    TimeOutExecution,
)
from models.lifecycle.transition import Context, Deferred
from models.states import AttemptState, ConcurrencyBehavior
from tests.models.lifecycle.stage import MARIA, Stage

F = AttemptState.FAILED
HOUR = 3600.0
FLOW = """id: x
namespace: y
timeout: 1h
%s
tasks:
  - {id: a, type: log, message: a}
  - {id: b, type: log, message: b}
"""


def timers(stage: Stage) -> list[Deferred]:
    return [one for one in stage.deferred if isinstance(one.command, TimeOutExecution)]


def left(stage: Stage) -> float:
    """Returns the seconds until the newest timer is due."""
    return (timers(stage)[-1].due - stage.now).total_seconds()


def folded(stage: Stage) -> str | None:
    """Returns the code of its failure, from its events."""
    failure = stage.folded().failure
    assert failure == stage.execution.failure
    return failure.code if failure else None


def timed_out(stage: Stage) -> None:
    stage.run_deferred(timers(stage)[-1])
    for path, task in stage.execution.tasks.items():
        if task.state == "KILLING":
            stage.finish(path, AttemptState.KILLED)


@pytest.mark.parametrize("ended_by", ["its timeout", "a failure", "a person"])
def test_a_restart_gives_the_full_timeout_again(ended_by: str) -> None:
    stage = Stage(FLOW % "")
    assert left(stage) == HOUR
    stage.start("a", "b")
    stage.pass_time(600)
    if ended_by == "its timeout":
        timed_out(stage)
    elif ended_by == "a failure":
        stage.finish("a", F)
        stage.finish("b", AttemptState.SUCCESS)
    else:
        stage.submit(Cancel())
        stage.finish("a", AttemptState.KILLED)
        stage.finish("b", AttemptState.KILLED)
    assert stage.execution.ended
    stage.pass_time(900)
    before = len(timers(stage))
    stage.submit(Restart())
    assert (len(timers(stage)), left(stage)) == (before + 1, HOUR)
    assert folded(stage) is None
    stage.start("a")
    timed_out(stage)
    assert [stage.moves()[-1], folded(stage)] == ["FAILED", "TIMED_OUT"]


def test_the_timeout_of_a_queued_restart_begins_at_its_admission() -> None:
    stage = Stage(FLOW % "")
    stage.start("a", "b")
    stage.finish("a", F)
    stage.finish("b", AttemptState.SUCCESS)
    id = stage.execution.id
    taken = Slots(1, ConcurrencyBehavior.QUEUE, holders=(new_id(),))
    submit(stage, Restart(), taken)
    before = len(timers(stage))
    stage.pass_time(7200)
    assert stage.state == "QUEUED"
    submit(stage, Admit(), Slots(1, ConcurrencyBehavior.QUEUE, line=(id,)))
    assert (stage.state, len(timers(stage)), left(stage)) == ("RUNNING", before + 1, HOUR)


def submit(stage: Stage, command: Command, slots: Slots) -> None:
    """Submits the command for a flow with these slots."""
    context = Context(stage.now, new_id, lambda: 0.0, MARIA, slots)
    transition = decide(stage.execution, command, context)
    stage.events += transition.events
    stage.deferred += transition.deferred
    stage.execution = transition.execution


def test_an_old_timer_does_not_end_a_restarted_execution() -> None:
    stage = Stage(FLOW % "")
    stage.start("a", "b")
    (old,) = timers(stage)
    stage.pass_time(1800)
    stage.finish("a", F)
    stage.finish("b", AttemptState.SUCCESS)
    stage.submit(Restart())
    stage.run_deferred(old)
    assert (stage.state, left(stage)) == ("RUNNING", HOUR / 2)


def test_retry_failed_gives_the_full_timeout_again() -> None:
    stage = Stage(FLOW % "on_failure: FINISH_POSSIBLE")
    stage.start("a", "b")
    stage.pass_time(1800)
    stage.finish("a", F)
    assert stage.state == "FAILED_FINISHING"
    stage.submit(RetryFailed())
    assert left(stage) == HOUR


def test_a_pause_stops_its_time_and_resume_sets_a_timer_for_the_rest() -> None:
    stage = Stage(FLOW % "")
    stage.start("a")
    (old,) = timers(stage)
    stage.pass_time(600)
    stage.submit(Pause())
    stage.pass_time(7200)
    assert stage.now > old.due
    stage.submit(old.command)  # type: ignore[arg-type]
    assert stage.state == "PAUSED"
    stage.submit(Resume())
    assert left(stage) == HOUR - 600
    stage.submit(old.command)  # type: ignore[arg-type]
    assert stage.state == "RUNNING"
    assert timers(stage)[-1].due == stage.now + timedelta(seconds=HOUR - 600)


def test_a_task_that_the_timeout_of_the_execution_stopped_says_so() -> None:
    stage = Stage(FLOW % "")
    stage.start("a", "b")
    stage.pass_time(HOUR)
    timed_out(stage)
    error = stage.task("a").error
    assert error and (error.code, error.message) == ("TIMED_OUT", "timed out")
    assert folded(stage) == "TIMED_OUT"
