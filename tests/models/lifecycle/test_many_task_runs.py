"""Thousands of task runs in one execution: their limit, and that no decision takes long."""

from collections.abc import Mapping

import pytest

from models.events.events import ENGINE
from models.lifecycle.advance.advance import MAX_STARTS
from models.lifecycle.advance.foreach import MAX_TASK_RUNS
from models.lifecycle.apply.task_runs import TaskRuns, changed, dict_of
from models.lifecycle.commands.commands import Cancel, Continue, Pause, Prepare, Restart, Resume
from models.lifecycle.snapshot import TaskRun
from models.states import AttemptState
from tests.models.lifecycle.stage import Stage

S = AttemptState.SUCCESS
NESTED = """
id: nested
namespace: acme
tasks:
  - id: outer
    type: foreach
    items: [1, 2, 3]
    tasks:
      - id: inner
        type: foreach
        items: "{{ item }}"
        max_parallel: 2
        tasks: [{id: x, type: log, message: a}, {id: y, type: log, message: a}]
"""
WIDE = """
id: wide
namespace: acme
tasks:
  - id: each
    type: foreach
    items: [1, 2]
    %s
    tasks: [{id: x, type: log, message: a}, {id: y, type: log, message: b, needs: [x]}]
"""


def wide(items: int, head: str = "description: all at once") -> Stage:
    stage = Stage(WIDE % head)
    stage.deferred = []
    stage.submit(Prepare("each", 1, {"items": list(range(items))}), ENGINE)
    return stage


def run_all(stage: Stage) -> list[int]:
    """Returns the task runs that each of the following decisions has started."""
    started = []
    while pending := [each for each in stage.deferred if isinstance(each.command, Continue)]:
        stage.deferred = [each for each in stage.deferred if each not in pending]
        started.append(len(stage.submit(Continue(), ENGINE).events))
    return started


def test_nested_foreach_tasks_share_one_limit() -> None:
    stage = Stage(NESTED)
    stage.evaluate({"items": [1, 2, 3]})
    room = (MAX_TASK_RUNS - 3) // 2
    stage.submit(Prepare("outer[0].inner", 1, {"items": list(range(room // 2))}), ENGINE)
    stage.submit(Prepare("outer[1].inner", 1, {"items": list(range(room - room // 2))}), ENGINE)
    assert stage.states["outer[1].inner"] == "RUNNING"
    there = len(stage.execution.tasks) - 1
    assert there == MAX_TASK_RUNS - 1
    stage.submit(Prepare("outer[2].inner", 1, {"items": [1]}), ENGINE)
    refused = stage.task("outer[2].inner")
    assert (refused.state.value, refused.error and refused.error.code) == (
        "ERROR",
        "TOO_MANY_ITEMS",
    )
    assert refused.error and refused.error.message == (
        "1 items make 2 task runs, besides 19999 in other iterations; an execution has at most 20000 in its "
        "foreach tasks: give it fewer items, or let subflows handle some of them"
    )
    assert len(stage.execution.tasks) - 1 == there


def test_more_items_than_the_limit_of_a_foreach_are_refused() -> None:
    stage = wide(10_001)
    error = stage.task("each").error
    assert error and error.message == (
        "10001 items; a foreach takes at most 10000: give it fewer, or lists of them"
    )
    assert (stage.state, stage.states) == ("ERROR", {"each": "ERROR"})


def test_ready_tasks_start_in_slices_and_none_is_forgotten() -> None:
    stage = wide(2500)
    first = sum(state == "QUEUED" for state in stage.states.values())
    assert first == MAX_STARTS
    assert run_all(stage) == [1000, 500]
    assert sum(state == "QUEUED" for state in stage.states.values()) == 2500
    assert len(stage.jobs) == 2500


def test_a_pause_between_two_slices_keeps_the_rest_until_resume() -> None:
    stage = wide(1500)
    stage.submit(Pause())
    assert run_all(stage) == [0]
    assert sum(state == "QUEUED" for state in stage.states.values()) == 1000
    stage.submit(Resume())
    assert sum(state == "QUEUED" for state in stage.states.values()) == 1500


def test_tasks_that_end_between_two_slices_have_their_consequences() -> None:
    stage = wide(1200)
    stage.run("each[0].x", S)
    assert stage.states["each[0].y"] == "QUEUED"
    run_all(stage)
    assert sum(state == "QUEUED" for state in stage.states.values()) == 1200


@pytest.mark.parametrize("head", ["description: all at once", "max_parallel: 3"])
def test_thousands_are_killed_and_reset_as_their_events_fold(head: str) -> None:
    stage = wide(1500, head)
    stage.submit(Cancel())
    assert set(stage.states.values()) == {"KILLED", "CANCELLED"}
    stage.submit(Restart())
    run_all(stage)
    queued = sum(state == "QUEUED" for state in stage.states.values())
    assert queued == (3 if "max_parallel" in head else 1500)
    assert stage.folded() == stage.execution
    assert list(stage.folded().tasks) == list(stage.execution.tasks)


def test_an_end_is_decided_without_checking_unaffected_task_runs() -> None:
    """Of thousands the next iteration begins, without a check of the others."""
    stage = wide(2000, "max_parallel: 2")
    for index in range(5):
        for key in ("x", "y"):
            stage.run(f"each[{index}].{key}", S)
    queued = [path for path, state in stage.states.items() if state == "QUEUED"]
    assert queued == ["each[5].x", "each[6].x"]


def test_changed_task_runs_keep_their_order() -> None:
    stage = wide(500)
    tasks = dict_of(stage.execution.tasks)
    later: Mapping[str, TaskRun] = tasks
    paths = [*tasks][10:400]
    for path in paths:
        before = later
        later = changed(later, stage.task("each"))
        later = changed(later, tasks[path])
        assert before is not later
    assert isinstance(later, TaskRuns)
    assert later == tasks and tasks == later
    assert list(later) == list(tasks) == [path for path, _ in later.items()]
    assert (len(later), later.get("no"), "each" in later) == (len(tasks), None, True)
