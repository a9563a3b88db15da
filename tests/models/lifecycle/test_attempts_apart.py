"""The outputs of unsuccessful attempts stay within the attempt; older events fold as before."""

from dataclasses import replace
from typing import Any

import pytest

from models.events.events import AttemptEnded, Event
from models.lifecycle.apply.attempt_values import given_by_attempts
from models.lifecycle.apply.evolve import fold
from models.lifecycle.commands.commands import Lose, Report, RetryFailed
from models.lifecycle.snapshot import TaskRun
from models.states import ATTEMPT_ENDS, AttemptState, TaskRunState
from tests.models.lifecycle.stage import Stage

FLOW = """id: f
namespace: acme
tasks:
  - {{id: a, type: shell, run: "true"{more}}}
  - {{id: b, type: log, message: b}}
"""
SAYS: dict[str, Any] = {
    "progress": 0.5,
    "message": "half",
    "outputs": {"rows": 3},
    "properties": {"lr": 0.1, "seed": 1},
}


def said(more: str = "") -> Stage:
    stage = Stage(FLOW.format(more=more))
    stage.start("b")
    stage.submit(Report("b", stage.task("b").lease, properties={"lr": 0.5}))  # type: ignore[arg-type]
    stage.start("a")
    stage.submit(Report("a", stage.task("a").lease, **SAYS))  # type: ignore[arg-type]
    assert stage.task("a").outputs == {"rows": 3}, "live, as long as it runs"
    assert stage.execution.properties == {"lr": 0.1, "seed": 1}
    return stage


def end(stage: Stage, state: AttemptState) -> TaskRun:
    """Ends the attempt: lost by the rescuer, else as its worker reports, with outputs in the report."""
    lease = stage.task("a").lease
    if state is AttemptState.LOST:
        assert lease
        stage.submit(Lose("a", lease))
    else:
        stage.finish("a", state, outputs={"more": 4})
    return stage.task("a")


def assert_apart(stage: Stage, task: TaskRun) -> None:
    assert task.outputs == {}
    assert stage.execution.properties == {"lr": 0.5}
    assert stage.folded() == replace(stage.execution, tasks=stage.folded().tasks)


@pytest.mark.parametrize("more", ["", ", allow_failure: true", ", retry: {max_attempts: 2}"])
@pytest.mark.parametrize("state", sorted(ATTEMPT_ENDS))
def test_only_an_attempt_that_succeeded_gives(state: AttemptState, more: str) -> None:
    stage = said(more)
    task = end(stage, state)
    if state is AttemptState.SUCCESS:
        assert task.outputs == {"rows": 3, "more": 4}
        assert stage.execution.properties == {"lr": 0.1, "seed": 1}
    else:
        assert_apart(stage, task)
        if not task.ended:
            assert (task.progress, task.message) == (0.0, None)
    given = given_by_attempts(facts(stage))[task.id, 1]
    more_outputs = {} if state is AttemptState.LOST else {"more": 4}
    assert given.outputs == {"rows": 3} | more_outputs
    assert given.properties == SAYS["properties"]
    assert (given.progress, given.message) == (0.5, "half")


def test_a_manual_rerun_starts_clean() -> None:
    stage = said()
    end(stage, AttemptState.FAILED)
    stage.submit(RetryFailed())
    stage.run("a", AttemptState.SUCCESS, outputs={"other": 1})
    assert stage.task("a").outputs == {"other": 1}
    by_attempt = given_by_attempts(facts(stage))
    id = stage.task("a").id
    assert [by_attempt[id, n].outputs for n in (1, 2)] == [{"rows": 3, "more": 4}, {"other": 1}]


def test_events_of_older_versions_fold_as_before() -> None:
    stage = said(", allow_failure: true")
    end(stage, AttemptState.FAILED)
    assert stage.task("a").state is TaskRunState.WARNING
    folded = fold(stage.execution.plan, [older(event) for event in stage.events])
    assert folded.tasks["a"].outputs == {"rows": 3, "more": 4}
    assert folded.properties == {"lr": 0.1, "seed": 1}
    assert folded.tentative == {}


def older(event: Event) -> Event:
    fact: Any = event.fact
    if isinstance(fact, AttemptEnded):
        return replace(event, fact=replace(fact, sets_aside=False))
    if hasattr(fact, "properties") and hasattr(fact, "attempt"):
        return replace(event, fact=replace(fact, attempt=None))
    return event


def facts(stage: Stage) -> list[Any]:
    return [
        (stage.task(path).id if (path := getattr(event.fact, "path", None)) else None, event.fact)
        for event in stage.events
    ]
