"""In random orders of commands the events fold to the snapshot, and nothing is stuck."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import Refused
from models.events.events import ENGINE
from models.ids import new_id
from models.lifecycle.commands.commands import (
    Cancel,
    Command,
    Evaluate,
    Finish,
    Lose,
    Pause,
    Resume,
    RetryFailed,
    WakeUp,
)
from models.lifecycle.commands.outcomes import Succeeded
from models.lifecycle.commands.records import AddNote, Archive, Unarchive
from models.lifecycle.snapshot import Execution
from models.states import AttemptState, ExecutionState, TaskRunState, VoteDecision
from tests.models.lifecycle.stage import Stage
from tests.models.lifecycle.test_approvals import vote

S, F = AttemptState.SUCCESS, AttemptState.FAILED

MIXED = """
id: mixed
namespace: acme
on_failure: {action}
tasks:
  - {{id: a, type: log, message: a, retry: {{max_attempts: 2, delay: 1s}}}}
  - {{id: b, type: log, message: b, needs: [a], allow_failure: true}}
  - {{id: ok, type: approval, message: go}}
  - {{id: w, type: wait, duration: 1s, needs: [ok]}}
  - {{id: c, type: log, message: c, needs: [b, w]}}
outputs: {{x: 1}}
"""
MOVE = st.sampled_from(
    [
        "start",
        "ok",
        "fail",
        "kill",
        "lose",
        "evaluate",
        "wake",
        "vote",
        "pause",
        "resume",
        "cancel",
        "retry",
        "late",
        "note",
        "archive",
        "unarchive",
    ]
)


COMMANDS: dict[str, Command] = {
    "pause": Pause(),
    "resume": Resume(),
    "cancel": Cancel(),
    "retry": RetryFailed(),
    "note": AddNote(new_id(), "seen"),
    "archive": Archive(),
    "unarchive": Unarchive(),
}


def step(stage: Stage, move: str, pick: int) -> None:
    running = [task for task in stage.execution.tasks.values() if task.lease]
    paths = list(stage.jobs)
    if move == "start" and paths:
        stage.start(paths[pick % len(paths)])
    elif move in ("ok", "fail", "kill", "lose", "late") and running:
        _end(stage, move, running[pick % len(running)])
    elif move == "evaluate":
        stage.evaluate({"seconds": 1.0, "message": "m", "x": 1})
    elif move == "wake":
        stage.submit(WakeUp("w", max(1, stage.task("w").attempt)), ENGINE)
    elif move == "vote" and stage.task("ok").approval:
        vote(stage, VoteDecision.APPROVE if pick % 3 else VoteDecision.REJECT, "c", by=f"u{pick}")
    elif move in COMMANDS:
        stage.submit(COMMANDS[move])


def _end(stage: Stage, move: str, task: Any) -> None:
    if move == "lose":
        stage.submit(Lose(task.path, task.lease), ENGINE)
    elif move == "late":
        stage.submit(Finish(task.path, new_id(), task.attempt, Succeeded()), ENGINE)
    else:
        stage.finish(task.path, {"ok": S, "fail": F, "kill": AttemptState.KILLED}[move])


def without_leases(execution: Execution) -> Execution:
    tasks = {
        path: replace(task, newest=replace(task.newest, lease=None)) if task.newest else task
        for path, task in execution.tasks.items()
    }
    return replace(execution, tasks=tasks)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["FINISH_RUNNING", "FINISH_POSSIBLE", "CANCEL_ALL"]),
    st.lists(st.tuples(MOVE, st.integers(0, 10)), max_size=40),
)
def test_in_random_orders_the_events_fold_to_the_snapshot_and_nothing_is_stuck(
    action: str, moves: list[tuple[str, int]]
) -> None:
    stage = Stage(MIXED.format(action=action))
    for move, pick in moves:
        try:
            step(stage, move, pick)
        except Refused:
            continue
        execution = stage.execution
        assert [event.seq for event in stage.events] == list(range(1, execution.seq + 1))
        assert without_leases(stage.folded()) == without_leases(execution)
        assert_can_go_on(stage)


def assert_can_go_on(stage: Stage) -> None:
    execution = stage.execution
    if execution.ended:
        assert all(task.ended for task in execution.tasks.values())
        assert execution.progress == 1.0
        assert not stage.jobs
        return
    assert execution.progress < 1.0
    alive = (
        stage.jobs
        or any(task.lease for task in execution.tasks.values())
        or any(task.state is TaskRunState.WAITING_FOR_APPROVAL for task in execution.tasks.values())
        or any(task.wake_at for task in execution.tasks.values())
        or any(isinstance(deferred.command, Evaluate) for deferred in stage.deferred)
    )
    assert alive or execution.state is ExecutionState.PAUSED, stage.moves()
