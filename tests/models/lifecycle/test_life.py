"""Executions without actions of people: order, failures, retries, lost workers, waits."""

import pytest

from models.events.events import ENGINE, TaskError
from models.ids import new_id
from models.lifecycle.commands.commands import (
    Cancel,
    Pause,
    Report,
    Restart,
    Resume,
    RetryFailed,
    WakeUp,
)
from models.lifecycle.commands.outcomes import Errored
from models.run_options import RunOptions
from models.states import AttemptState, ExecutionState, FailureAction
from tests.models.lifecycle.stage import Stage

S, F = AttemptState.SUCCESS, AttemptState.FAILED

DIAMOND = """
id: diamond
namespace: acme
on_failure: {action}
tasks:
  - {{id: a, type: log, message: a}}
  - {{id: b, type: log, message: b, needs: [a]}}
  - {{id: other, type: log, message: o}}
  - {{id: after, type: log, message: x, needs: [other]}}
"""


def diamond(action: str) -> Stage:
    return Stage(DIAMOND.format(action=action))


def test_tasks_start_when_their_needs_have_succeeded() -> None:
    stage = diamond("FINISH_RUNNING")
    assert set(stage.jobs) == {"a", "other"}
    stage.run("a", S, outputs={"rows": 3})
    assert set(stage.jobs) == {"other", "b"}
    assert stage.execution.progress == 0.25
    for path in ("b", "other", "after"):
        stage.run(path, S)
    assert stage.state == "SUCCESS"
    assert stage.execution.progress == 1.0
    assert stage.task("a").outputs == {"rows": 3}


def test_finish_running_cancels_everything_not_started_unrelated_branches_too() -> None:
    stage = diamond("FINISH_RUNNING")
    stage.start("other")
    stage.run("a", F, error=TaskError("EXIT_CODE", "exit code 3"))
    assert stage.state == "FAILED_FINISHING"
    assert stage.states == {
        "a": "FAILED",
        "b": "CANCELLED",
        "other": "RUNNING",
        "after": "CANCELLED",
    }
    stage.finish("other", S)
    assert stage.state == "FAILED"
    assert stage.execution.failure and stage.execution.failure.message == "exit code 3"


def test_finish_possible_still_runs_unrelated_branches() -> None:
    stage = diamond("FINISH_POSSIBLE")
    stage.run("a", F)
    assert stage.states == {"a": "FAILED", "b": "CANCELLED", "other": "QUEUED", "after": "CREATED"}
    stage.run("other", S)
    stage.run("after", S)
    assert stage.state == "FAILED"
    assert stage.states["after"] == "SUCCESS"


def test_cancel_all_kills_running_tasks() -> None:
    stage = diamond("CANCEL_ALL")
    stage.start("other")
    stage.run("a", F)
    assert stage.state == "KILLING"
    assert stage.states == {
        "a": "FAILED",
        "b": "CANCELLED",
        "other": "KILLING",
        "after": "CANCELLED",
    }
    stage.finish("other", AttemptState.KILLED)
    assert stage.state == "KILLED"


def test_cancel_all_kills_at_once_even_while_paused() -> None:
    stage = diamond("CANCEL_ALL")
    stage.start("a", "other")
    stage.submit(Pause())
    stage.finish("a", F)
    assert stage.state == "KILLING"


def test_both_failure_events_are_recorded_even_when_nothing_was_left_to_finish() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    stage.run("a", F)
    assert stage.moves() == ["RUNNING", "FAILED_FINISHING", "FAILED"]


def test_an_allowed_failure_is_a_warning() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntasks:\n"
        "  - {id: a, type: log, message: a, allow_failure: true}\n"
        "  - {id: b, type: log, message: b, needs: [a]}\n"
    )
    stage.run("a", F)
    assert stage.states == {"a": "WARNING", "b": "QUEUED"}
    stage.run("b", S)
    assert stage.state == "WARNING"


def test_disabled_tasks_are_skipped_and_count_as_success() -> None:
    stage = Stage(
        DIAMOND.format(action="FINISH_RUNNING"), options=RunOptions(disabled_tasks=("a",))
    )
    assert stage.states == {"a": "SKIPPED", "b": "QUEUED", "other": "QUEUED", "after": "CREATED"}


CHAIN = """
id: chain
namespace: acme
on_failure: FINISH_POSSIBLE
tasks:
  - {id: first, type: log, message: a}
  - {id: second, type: log, message: b, needs: [first]}
  - {id: third, type: log, message: c, needs: [second]}
  - {id: last, type: log, message: "{{ outputs.first }}", needs: [third]}
"""


def test_a_disabled_task_keeps_the_order_of_those_around_it() -> None:
    stage = Stage(CHAIN, options=RunOptions(disabled_tasks=("second", "third")))
    assert stage.states == {
        "first": "QUEUED", "second": "SKIPPED", "third": "SKIPPED", "last": "CREATED",
    }  # fmt: skip
    stage.run("first", S)
    assert stage.states["last"] == "QUEUED"


def test_a_failure_before_a_disabled_task_cancels_the_tasks_after_it() -> None:
    stage = Stage(CHAIN, options=RunOptions(disabled_tasks=("second", "third")))
    stage.run("first", F)
    assert (stage.state, stage.states["last"]) == ("FAILED", "CANCELLED")


def test_a_disabled_task_of_a_foreach_begins_no_iteration() -> None:
    stage = Stage(
        """
id: each
namespace: acme
tasks:
  - id: each
    type: foreach
    items: [1, 2, 3]
    max_parallel: 1
    tasks:
      - {id: off, type: log, message: a, disabled: true}
      - {id: on, type: log, message: b, needs: [off]}
"""
    )
    stage.evaluate({"items": [1, 2, 3]})
    for path in ("each[0].on", "each[1].on", "each[2].on"):
        assert [key for key, state in stage.states.items() if state == "QUEUED"] == [path]
        stage.run(path, S)
    assert stage.state == "SUCCESS"


def test_iterations_reset_together_start_as_max_parallel_allows() -> None:
    stage = Stage(
        """
id: each
namespace: acme
on_failure: FINISH_POSSIBLE
tasks:
  - id: each
    type: foreach
    items: [1, 2, 3]
    max_parallel: 1
    tasks:
      - {id: a, type: log, message: a, when: "{{ item }}"}
      - {id: b, type: log, message: b, needs: [a]}
"""
    )
    stage.evaluate({"items": [1, 2, 3]})
    for index, (a, b) in enumerate(((S, F), (S, F), (F, None))):
        stage.evaluate({"when": True})
        stage.run(f"each[{index}].a", a)
        if b:
            stage.run(f"each[{index}].b", b)
    assert stage.state == "FAILED"
    stage.submit(Restart())
    stage.evaluate({"items": [1, 2, 3]})
    for path in ("each[0].b", "each[1].b", "each[2].a", "each[2].b"):
        assert [key for key, state in stage.states.items() if state == "QUEUED"] == [path]
        stage.run(path, S)
    assert stage.state == "SUCCESS"


def test_a_flow_of_disabled_tasks_succeeds_at_once() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a, disabled: true}]\n")
    assert stage.moves() == ["RUNNING", "SUCCESS"]


def test_an_expression_that_cannot_be_evaluated_ends_error_without_a_retry() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a, retry: {max_attempts: 3}}]\n"
    )
    stage.run("a", Errored(TaskError("EXPRESSION", "inputs has no 'x'")))
    assert stage.states["a"] == "ERROR"
    assert stage.state == "ERROR"


RETRIED = """
id: x
namespace: y
tasks:
  - {id: a, type: log, message: a, retry: {max_attempts: 3, backoff: exponential, delay: 5s, max_delay: 8s}}
"""


def test_retries_wait_with_backoff_and_then_the_task_run_fails() -> None:
    stage = Stage(RETRIED)
    stage.run("a", F)
    assert stage.states["a"] == "RETRYING"
    assert stage.jobs["a"].delay == 5.0
    assert stage.task("a").retry_at == stage.events[-1].at + (stage.task("a").retry_at - stage.now)  # type: ignore[operator]
    stage.run("a", F)
    assert stage.jobs["a"].delay == 8.0
    stage.run("a", F)
    assert stage.states["a"] == "FAILED"
    assert stage.task("a").attempt == 3


def test_retry_failed_does_not_use_up_the_automatic_retries() -> None:
    stage = Stage(
        RETRIED.replace("retry:", "queue: default, retry:") + "  - {id: b, type: log, message: b}\n"
    )
    stage.start("b")
    for _ in range(3):
        stage.run("a", F)
    stage.submit(RetryFailed())
    stage.run("a", F)
    assert stage.states["a"] == "RETRYING"
    assert stage.task("a").attempt == 4


def test_a_timeout_is_a_failure() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    stage.run("a", AttemptState.TIMED_OUT, error=TaskError("TIMED_OUT", "took longer than 1 s"))
    assert stage.state == "FAILED"


def test_an_obsolete_job_is_dropped() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    job = stage.jobs["a"]
    stage.start("a")
    stage.jobs["a"] = job
    before = stage.execution
    stage.start("a")
    assert stage.execution is before


def test_reports_of_a_task_are_merged() -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    lease = stage.start("a")
    stage.submit(
        Report("a", lease, 0.5, "half", outputs={"n": 1}, properties={"lr": 0.1}, labels={"k": "v"})
    )
    stage.submit(Report("a", lease, 0.2, outputs={"m": 2}))
    assert stage.task("a").outputs == {"n": 1, "m": 2}
    assert stage.execution.properties == {"lr": 0.1}
    assert stage.execution.labels == {"k": "v"}
    assert stage.task("a").message == "half"
    assert stage.execution.progress == 0.5  # never falling
    assert stage.submit(Report("a", new_id(), 0.9)).refused


WITH_OUTPUTS = """
id: x
namespace: y
tasks: [{id: a, type: log, message: a}]
outputs: {rows: "{{ outputs.a.rows }}"}
"""


def test_outputs_are_evaluated_before_the_end() -> None:
    stage = Stage(WITH_OUTPUTS)
    stage.run("a", S)
    assert stage.state == "RUNNING"
    stage.evaluate({"rows": 7})
    assert stage.state == "SUCCESS"
    assert stage.execution.outputs == {"rows": 7}


@pytest.mark.parametrize("action", FailureAction)
def test_outputs_that_cannot_be_evaluated_end_it_in_error(action: FailureAction) -> None:
    stage = Stage(WITH_OUTPUTS, on_failure=action)
    stage.run("a", S)
    stage.evaluate(error=TaskError("EXPRESSION", "outputs.a has no 'rows'"))
    assert stage.state == "ERROR"
    assert stage.execution.failure and stage.execution.failure.path is None


def test_outputs_evaluated_while_paused_are_evaluated_again_at_resume() -> None:
    stage = Stage(WITH_OUTPUTS)
    stage.run("a", S)
    stage.submit(Pause())
    stage.evaluate({"rows": 7})
    assert stage.state == "PAUSED"
    stage.submit(Resume())
    stage.evaluate({"rows": 7})
    assert stage.state == "SUCCESS"


WAIT = """
id: x
namespace: y
tasks:
  - {id: w, type: wait, duration: 30s}
  - {id: a, type: log, message: a, needs: [w]}
"""


def test_a_wait_is_an_engine_task_and_ends_when_it_is_woken() -> None:
    stage = Stage(WAIT)
    assert stage.states["w"] == "RUNNING"
    assert stage.task("w").lease is None
    stage.evaluate({"seconds": 30.0})
    (deferred,) = stage.deferred
    assert deferred.command == WakeUp("w", 1)
    assert (deferred.due - stage.now).total_seconds() == 30
    stage.submit(WakeUp("w", 1), ENGINE)
    assert stage.states == {"w": "SUCCESS", "a": "QUEUED"}


def test_cancel_ends_a_wait_at_once() -> None:
    stage = Stage(WAIT)
    stage.submit(Cancel())
    assert (stage.state, stage.states["w"]) == (ExecutionState.KILLED, "KILLED")
    stage.submit(WakeUp("w", 1), ENGINE)
    assert stage.states["w"] == "KILLED"
