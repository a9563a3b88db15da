"""Thousands of task runs in one execution: their limit, and the time of a decision, which does not depend on them."""

from collections.abc import Mapping

import pytest

from models.events.events import ENGINE
from models.lifecycle.advance.advance import MOST_STARTS
from models.lifecycle.advance.foreach import MAX_TASK_RUNS
from models.lifecycle.apply.task_runs import TaskRuns, changed, dict_of
from models.lifecycle.commands.commands import Cancel, GoOn, Pause, Prepare, Restart, Resume
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
    stage.deferred_commands = []
    stage.submit(Prepare("each", 1, {"items": list(range(items))}), ENGINE)
    return stage


def go_on(stage: Stage) -> list[int]:
    """Returns how many events each of the following decisions has."""
    started = []
    while due := [each for each in stage.deferred_commands if isinstance(each.command, GoOn)]:
        stage.deferred_commands = [each for each in stage.deferred_commands if each not in due]
        started.append(len(stage.submit(GoOn(), ENGINE).events))
    return started


def test_foreach_tasks_within_each_other_have_one_bound_together() -> None:
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
        "1 items make 2 task runs, beside 19999 that other iterations have; an execution has at most 20000 in its "
        "foreach tasks: give it fewer items, or have a subflow take some of them"
    )
    assert len(stage.execution.tasks) - 1 == there


def test_more_items_than_a_foreach_takes_are_refused() -> None:
    stage = wide(10_001)
    error = stage.task("each").error
    assert error and error.message == (
        "10001 items; a foreach takes at most 10000: give it fewer, or lists of them"
    )
    assert (stage.state, stage.states) == ("ERROR", {"each": "ERROR"})


def test_ready_tasks_start_in_slices_and_none_is_left_out() -> None:
    stage = wide(2500)
    first = sum(state == "QUEUED" for state in stage.states.values())
    assert first == MOST_STARTS
    assert go_on(stage) == [1000, 500]
    assert sum(state == "QUEUED" for state in stage.states.values()) == 2500
    assert len(stage.jobs) == 2500


def test_a_pause_between_two_slices_keeps_the_rest_until_resume() -> None:
    stage = wide(1500)
    stage.submit(Pause())
    assert go_on(stage) == [0]
    assert sum(state == "QUEUED" for state in stage.states.values()) == 1000
    stage.submit(Resume())
    assert sum(state == "QUEUED" for state in stage.states.values()) == 1500


def test_tasks_that_end_between_two_slices_advance_too() -> None:
    stage = wide(1200)
    stage.run("each[0].x", S)
    assert stage.states["each[0].y"] == "QUEUED"
    go_on(stage)
    assert sum(state == "QUEUED" for state in stage.states.values()) == 1200


@pytest.mark.parametrize("head", ["description: all at once", "max_parallel: 3"])
def test_thousands_are_killed_and_requeued_as_their_events_say(head: str) -> None:
    stage = wide(1500, head)
    stage.submit(Cancel())
    assert set(stage.states.values()) == {"KILLED", "CANCELLED"}
    stage.submit(Restart())
    go_on(stage)
    queued = sum(state == "QUEUED" for state in stage.states.values())
    assert queued == (3 if "max_parallel" in head else 1500)
    assert stage.folded() == stage.execution
    assert list(stage.folded().tasks) == list(stage.execution.tasks)


def test_an_end_is_decided_without_evaluating_unaffected_tasks() -> None:
    """Among thousands of iterations the next one begins, and no others are evaluated."""
    stage = wide(2000, "max_parallel: 2")
    for index in range(5):
        for key in ("x", "y"):
            stage.run(f"each[{index}].{key}", S)
    queued = [path for path, state in stage.states.items() if state == "QUEUED"]
    assert queued == ["each[5].x", "each[6].x"]


def test_changed_task_runs_keep_their_positions() -> None:
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
