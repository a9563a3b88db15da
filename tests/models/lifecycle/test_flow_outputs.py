"""The outputs of a flow: evaluated at a successful end, WARNING included, and reported to the waiting parent task."""

import pytest

from models.events.events import ENGINE, Parent
from models.ids import new_id
from models.lifecycle.commands.commands import Evaluate, Prepare
from models.lifecycle.commands.subflows import Adopt, ChildEnded
from models.lifecycle.provenance import Links
from models.lifecycle.transition import Deferred
from models.states import EXECUTION_ENDS, AttemptState, ExecutionState, TaskRunState
from models.task_error import TaskError
from tests.models.lifecycle.stage import Stage

S, F = AttemptState.SUCCESS, AttemptState.FAILED
FLOW = """id: child
namespace: y
outputs: {rows: "{{ outputs.a.rows }}"}
tasks:
  - {id: a, type: log, message: a%s}
"""


def pending_evaluations(stage: Stage) -> list[Deferred]:
    """Returns the deferred evaluations of the flow's outputs."""
    return [
        one
        for one in stage.deferred_commands
        if isinstance(one.command, Evaluate) and one.command.path is None
    ]


@pytest.mark.parametrize("state", [S, F])
def test_outputs_are_evaluated_for_success_and_warning(state: AttemptState) -> None:
    end = ExecutionState.SUCCESS if state is S else ExecutionState.WARNING
    stage = Stage(FLOW % ", allow_failure: true")
    stage.run("a", state)
    assert stage.state is ExecutionState.RUNNING and len(pending_evaluations(stage)) == 1
    stage.evaluate({"rows": 7})
    assert (stage.state, stage.execution.outputs) == (end, {"rows": 7})


def test_other_ends_have_no_outputs() -> None:
    stage = Stage(FLOW % "")
    stage.run("a", F)
    assert (stage.state, stage.execution.outputs, pending_evaluations(stage)) == ("FAILED", {}, [])


def child(more: str = "") -> Stage:
    return Stage(FLOW % more, links=Links(parent=Parent(new_id(), "sub", 1)))


def child_end(stage: Stage) -> ChildEnded:
    (timer,) = [one for one in stage.deferred_commands if isinstance(one.command, ChildEnded)]
    assert stage.execution.parent and timer.to == stage.execution.parent.execution_id
    assert isinstance(timer.command, ChildEnded)
    return timer.command


def test_the_end_of_a_child_is_reported_with_its_cause() -> None:
    stage = child()
    stage.run("a", F, error=TaskError("EXIT_CODE", "no such table"), exit_code=3)
    assert (child_end(stage).state, child_end(stage).message) == (
        ExecutionState.FAILED,
        "no such table",
    )


def test_the_end_of_a_child_is_reported_with_its_outputs() -> None:
    stage = child()
    stage.run("a", S)
    stage.evaluate({"rows": 7})
    assert (child_end(stage).message, child_end(stage).outputs) == (None, {"rows": 7})


MIRRORED = {
    ExecutionState.SUCCESS: TaskRunState.SUCCESS,
    ExecutionState.CACHED: TaskRunState.SUCCESS,
    ExecutionState.WARNING: TaskRunState.WARNING,
    ExecutionState.FAILED: TaskRunState.FAILED,
    ExecutionState.ERROR: TaskRunState.ERROR,
    ExecutionState.REJECTED: TaskRunState.REJECTED,
}
"""The tests of subflows cover children that a person stopped."""


@pytest.mark.parametrize("end", sorted(EXECUTION_ENDS))
def test_the_task_that_waited_says_which_child_ended_how_and_why(end: ExecutionState) -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: sub, type: subflow, flow: child}]\n")
    stage.submit(Prepare("sub", 1, {}), ENGINE)
    child = new_id()
    stage.submit(Adopt("sub", 1, child), ENGINE)
    stage.submit(ChildEnded("sub", 1, child, "child-7", end, {"rows": 7}, "no such table"), ENGINE)
    task = stage.task("sub")
    good = end in (ExecutionState.SUCCESS, ExecutionState.CACHED, ExecutionState.WARNING)
    if end in MIRRORED:
        assert task.state is MIRRORED[end]
    assert task.outputs == ({"rows": 7} if good else {})
    if good:
        assert task.error is None
    elif end in MIRRORED:
        assert task.error and task.error.code == "SUBFLOW"
        assert task.error.message == f"child-7 ended {end.value}: no such table"
        assert stage.execution.failure and stage.execution.failure.message == task.error.message
