"""The end of every task run when a task fails, when the execution is killed, and when it is paused and then fails.

Each of the flows in `failures/` lists it for the three failure actions. A row reads

    ACTION... EVENT: task=END ... -> the states that the execution goes through

and `any` means the three actions. play.py describes the simulation.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from models.events.events import TaskRunsAdded
from models.lifecycle.apply.evolve import create, evolve
from models.lifecycle.commands.commands import WakeUp
from models.states import WAITING_FOR_WORKER, ExecutionState, FailureAction
from tests.models.lifecycle.play import Play
from tests.models.lifecycle.stage import Stage
from tests.models.lifecycle.test_invariants import without_leases

FLOWS = {
    flow.pop("flow"): flow
    for path in sorted((Path(__file__).parent / "failures").glob("*.yaml"))
    for flow in yaml.safe_load(path.read_text())
}
EVENTS = ("fail", "kill", "pause")


class Row(NamedTuple):
    ends: Mapping[str, str]
    states: list[str]


def rows_of(table: str) -> Iterator[tuple[tuple[str, str], Row]]:
    lines = table.replace("\n ", " ").splitlines()
    for line in lines:
        head, _, summary = line.partition(":")
        *actions, event = head.split()
        ends, _, states = summary.partition("->")
        row = Row(dict(end.split("=") for end in ends.split()), states.split())
        for action in FailureAction if actions == ["any"] else actions:
            yield (str(action), event), row


def source_of(flow: Mapping[str, Any]) -> str:
    """Returns the document; a task without a type is one for a worker."""
    parts = {key: value for key, value in flow.items() if key not in ("ends", "at")}
    for section in ("tasks", "errors", "finally"):
        parts[section] = [typed(task) for task in parts.get(section, ())]
    return json.dumps({"id": "x", "namespace": "acme", **parts})


def typed(task: Mapping[str, Any]) -> Mapping[str, Any]:
    if "type" not in task:
        return {"type": "log", "message": "m", **task}
    within = [typed(each) for each in task["tasks"]] if "tasks" in task else None
    return {**task, "tasks": within} if within else task


def test_there_are_forty_flows_and_every_one_states_all_that_may_happen() -> None:
    assert len(FLOWS) >= 40
    all_of_them = {(str(action), event) for action in FailureAction for event in EVENTS}
    for name, flow in FLOWS.items():
        stated = [key for key, _ in rows_of(flow["ends"])]
        assert sorted(stated) == sorted(all_of_them), name


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("action", [str(action) for action in FailureAction])
@pytest.mark.parametrize("name", FLOWS)
def test_every_task_run_ends_as_the_table_says(name: str, action: str, event: str) -> None:
    flow = FLOWS[name]
    stage = Stage(source_of(flow), on_failure=FailureAction(action))
    Play(stage, event, flow.get("at")).perform(assert_nothing_is_forgotten)
    expected = dict(rows_of(flow["ends"]))[action, event]
    assert summary_of(stage.states, stage.moves()) == summary_of(expected.ends, expected.states)
    assert_progress_is_sound(stage)


def summary_of(ends: Mapping[str, str], states: list[str]) -> str:
    return "\n".join((*(f"{path}={end}" for path, end in sorted(ends.items())), " ".join(states)))


def assert_nothing_is_forgotten(stage: Stage) -> None:
    execution = stage.execution
    assert without_leases(stage.folded()) == without_leases(execution)
    if execution.ended:
        assert all(task.ended for task in execution.tasks.values())
        assert not stage.jobs
        return
    if execution.state is ExecutionState.PAUSED:
        return  # queued tasks get their jobs again at resume
    timers = {p.command for p in stage.deferred_commands if isinstance(p.command, WakeUp)}
    for path, task in execution.tasks.items():
        if task.state in WAITING_FOR_WORKER:
            job = stage.jobs.get(path)
            assert (job and job.attempt == task.attempt + 1) or WakeUp(path, task.attempt) in timers


def assert_progress_is_sound(stage: Stage) -> None:
    """Progress never falls unless task runs were added, and is 1.0 exactly at the end."""
    first, *rest = stage.events
    execution = create(stage.execution.plan, first)
    for event in rest:
        before, execution = execution.progress, evolve(execution, event)
        assert execution.progress >= before or isinstance(event.fact, TaskRunsAdded)
        assert (execution.progress == 1.0) is execution.ended
