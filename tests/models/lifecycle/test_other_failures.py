"""The failure of an execution has the exit code and the number of the other failed tasks."""

from models.lifecycle.apply.changes import other_failures
from models.lifecycle.commands.commands import TimeOutExecution
from models.lifecycle.standing import Failure
from models.states import AttemptState
from models.task_error import TaskError
from tests.models.lifecycle.stage import Stage

F = AttemptState.FAILED
THREE = """id: x
namespace: y
timeout: 1h
tasks:
  - {id: a, type: log, message: a}
  - {id: b, type: log, message: b}
  - {id: c, type: log, message: c, allow_failure: true}
"""


def test_every_failed_task_but_the_first_is_counted_and_allowed_ones_are_not() -> None:
    stage = Stage(THREE)
    assert other_failures(stage.execution) == 0
    stage.start("a", "b", "c")
    counts = []
    for path in ("b", "c", "a"):
        stage.finish(path, F, error=TaskError("EXIT_CODE", path), exit_code=7)
        counts.append(other_failures(stage.execution))
    assert counts == [0, 0, 1]
    assert stage.execution.failure == Failure("b", 1, "EXIT_CODE", "b", 7)
    assert stage.folded().failure == stage.execution.failure


def test_a_failure_of_the_execution_itself_counts_no_other_tasks() -> None:
    stage = Stage(THREE.replace("namespace: y", "namespace: y\non_failure: FINISH_POSSIBLE"))
    stage.start("a", "b")
    stage.run_deferred(stage.only_deferred(TimeOutExecution))
    assert stage.execution.failure and stage.execution.failure.path is None
    stage.finish("a", AttemptState.KILLED)
    assert stage.task("a").state == "FAILED"
    assert other_failures(stage.execution) == 0
    stage.finish("b", F, error=TaskError("EXIT_CODE", "of its own"), exit_code=7)
    assert (stage.task("b").state, other_failures(stage.execution)) == ("FAILED", 1)


def test_a_foreach_that_failed_with_its_iterations_is_not_one_more() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntasks:\n"
        "  - {id: each, type: foreach, items: '{{ [1, 2, 3] }}', tasks: [{id: t, type: log, message: m}]}\n"
        "  - {id: soft, type: foreach, items: '{{ [1] }}', allow_failure: true,"
        " tasks: [{id: u, type: log, message: m}]}\n"
    )
    stage.evaluate({"items": [1, 2, 3]})
    for path in [path for path in stage.execution.tasks if "[" in path]:
        stage.run(path, F, error=TaskError("EXIT_CODE", path), exit_code=1)
    assert stage.states["each"] == "FAILED"
    assert other_failures(stage.execution) == 2
