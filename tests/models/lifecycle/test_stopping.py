"""Stopping: grace periods, deadlines that belong to one kill, and late results."""

from models.errors import ProblemCode
from models.events.events import ENGINE
from models.ids import new_id
from models.lifecycle.commands.commands import (
    Cancel,
    ChangeState,
    FinallyDeadline,
    Finish,
    KillDeadline,
    Pause,
    Restart,
    RetryFailed,
    TimeOut,
    TimeOutExecution,
)  # fmt: skip
from models.lifecycle.commands.subflows import Adopt
from models.states import AttemptState, ExecutionState
from tests.models.lifecycle.stage import Stage

TWO = """
id: two
namespace: acme
tasks:
  - {id: a, type: log, message: a}
  - {id: b, type: log, message: b}
  - {id: c, type: log, message: c, needs: [a]}
"""


def test_cancel_waits_for_running_attempts_until_the_grace_and_two_heartbeats_are_over() -> None:
    stage = Stage(TWO)
    stage.start("a")
    stage.submit(Cancel())
    assert stage.states == {"a": "KILLING", "b": "CANCELLED", "c": "CANCELLED"}
    assert stage.state == "KILLING"
    (timer,) = stage.deferred_commands
    assert (timer.due - stage.now).total_seconds() == 10 + 6
    stage.run_deferred(timer)
    assert stage.states["a"] == "KILLED"
    assert stage.state == "KILLED"


def test_the_deadline_of_an_older_kill_fences_nothing() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: shell, run: sleep 9}]\n")
    stage.start("a")
    stage.submit(Cancel())
    (timer,) = stage.deferred_commands
    stage.finish("a", AttemptState.KILLED)
    stage.submit(Restart())
    stage.start("a")
    stage.pass_time(8)
    stage.submit(Cancel())
    stage.run_deferred(timer)
    assert stage.states["a"] == "KILLING"


FINALLY = """
id: x
namespace: y
tasks: [{id: a, type: shell, run: sleep 9}]
finally: [{id: z, type: shell, run: sleep 9}]
"""


def test_the_time_of_an_older_finally_means_nothing_to_a_later_one() -> None:
    stage = Stage(FINALLY)
    stage.start("a")
    stage.submit(Cancel())
    stage.finish("a", AttemptState.KILLED)
    timer = stage.only_deferred(FinallyDeadline)
    stage.run("z", AttemptState.SUCCESS)
    assert stage.state == "KILLED"
    stage.submit(Restart())
    stage.start("a")
    stage.submit(Cancel())
    stage.finish("a", AttemptState.KILLED)
    stage.start("z")
    stage.run_deferred(timer)
    assert stage.states["z"] == "RUNNING"


def test_an_iteration_that_ignores_its_timeout_fails_and_kills_nothing() -> None:
    stage = Stage(
        """
id: x
namespace: y
tasks:
  - {id: each, type: foreach, items: [1], timeout: 5s, tasks: [{id: deaf, type: shell, run: sleep 9}]}
"""
    )
    stage.evaluate({"items": [1]})
    stage.start("each[0].deaf")
    stage.run_deferred(stage.only_deferred(TimeOut))
    assert stage.states["each[0].deaf"] == "KILLING"
    stage.run_deferred(stage.only_deferred(KillDeadline))
    assert (stage.state, stage.states["each"], stage.states["each[0].deaf"]) == (
        "FAILED", "FAILED", "FAILED",
    )  # fmt: skip


def test_adopting_a_detached_child_twice_has_no_effect() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: c, type: subflow, flow: g, wait: false}]\n")
    stage.evaluate({"inputs": {}})
    child = new_id()
    stage.submit(Adopt("c", 1, child), ENGINE)
    assert stage.states["c"] == "SUCCESS"
    again = stage.submit(Adopt("c", 1, child), ENGINE)
    assert not again.events and not again.deferred


def test_retry_failed_while_paused_takes_back_the_failure_of_the_execution_itself() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntimeout: 10s\ntasks: [{id: a, type: shell, run: sleep 9}]\n"
    )
    stage.start("a")
    stage.pass_time(11)
    stage.submit(TimeOutExecution(), ENGINE)
    stage.submit(Pause())
    stage.finish("a", AttemptState.KILLED)
    assert stage.state == "PAUSED"
    stage.submit(RetryFailed())
    assert (stage.state, stage.states["a"], stage.execution.failure) == ("RUNNING", "QUEUED", None)
    stage.run("a", AttemptState.SUCCESS)
    assert stage.state == "SUCCESS"


def test_a_state_changed_by_a_person_does_not_apply_to_later_runs() -> None:
    stage = Stage(TWO, cache_key="key")
    stage.submit(Cancel())
    assert stage.execution.cache_key == "key"
    stage.submit(ChangeState(ExecutionState.SUCCESS))
    assert stage.execution.cache_key is None
    assert stage.folded() == stage.execution


def test_a_second_cancel_while_killing_skips_the_grace_once() -> None:
    stage = Stage(TWO)
    stage.start("a")
    stage.submit(Cancel())
    stage.submit(Cancel())
    assert stage.execution.killing and stage.execution.killing.force
    events = len(stage.events)
    stage.submit(Cancel())
    assert len(stage.events) == events


def test_a_result_after_the_fence_is_refused_and_recorded_as_late() -> None:
    stage = Stage(TWO)
    lease = stage.start("a")
    stage.submit(Cancel())
    stage.pass_time(16)
    stage.submit(KillDeadline((("a", 1),)), ENGINE)
    before = stage.states
    transition = stage.submit(Finish("a", lease, AttemptState.SUCCESS, 1))
    assert transition.refused and transition.refused.code is ProblemCode.CONFLICT
    assert [event.type.value for event in transition.events] == ["LATE_RESULT"]
    assert stage.states == before
    assert stage.state == "KILLED"
