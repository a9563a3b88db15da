"""An attempt that succeeded has no error, and one that failed has one: other combinations cannot be written."""

import ast
from contextlib import nullcontext
from dataclasses import MISSING, fields
from pathlib import Path
from typing import get_args

import pytest

from models.events.events import ENGINE
from models.ids import new_id
from models.lifecycle.commands.commands import Finish
from models.lifecycle.commands.outcomes import (
    AttemptOutcome,
    Errored,
    Failed,
    FromCache,
    HandedBack,
    Killed,
    Lost,
    Succeeded,
    TimedOut,
)
from models.lifecycle.ending import end_attempt
from models.lifecycle.provenance import Reused
from models.lifecycle.transition_builder import TransitionBuilder
from models.states import SUCCESSFUL_ENDS, AttemptState, TaskRunState
from tests.models.lifecycle.outcomes import FAILURE
from tests.models.lifecycle.stage import Stage

ROOT = Path(__file__).parents[3]
FAILURES = {AttemptState.FAILED, AttemptState.TIMED_OUT}


@pytest.mark.parametrize("outcome", get_args(AttemptOutcome))
def test_a_success_takes_no_error_and_a_failure_requires_one(outcome: type[AttemptOutcome]) -> None:
    errors = [field for field in fields(outcome) if field.name == "error"]
    assert bool(errors) == (outcome.state is not AttemptState.SUCCESS)
    if outcome.state in FAILURES:
        assert errors[0].default is MISSING


def test_there_is_an_outcome_for_each_end_of_an_attempt() -> None:
    ends = {outcome.state for outcome in get_args(AttemptOutcome)}
    assert ends == set(AttemptState) - {AttemptState.RUNNING}


def test_one_function_alone_makes_the_event_that_ends_an_attempt() -> None:
    makers = {
        path.relative_to(ROOT).as_posix()
        for package in ("models", "runner", "schema", "server")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and "AttemptEnded" in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))
    }
    assert makers == {"models/lifecycle/ending.py"}


def test_illegal_combinations_do_not_type_check() -> None:
    """mypy fails where one of these comments is not needed."""
    with pytest.raises(TypeError):
        Succeeded(error=FAILURE)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Failed()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Finish("a", new_id(), 1, state=AttemptState.SUCCESS)  # type: ignore[call-arg]


OUTCOMES = (
    Succeeded(),
    FromCache(Reused(TaskRunState.CACHED, new_id(), {})),
    Failed(FAILURE),
    Errored(FAILURE),
    TimedOut(FAILURE),
    Killed(),
    Lost(),
    HandedBack("drained"),
)


@pytest.mark.parametrize("to_state", TaskRunState)
@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda one: type(one).__name__)
def test_only_a_success_ends_a_task_run_successfully(
    outcome: AttemptOutcome, to_state: TaskRunState
) -> None:
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    stage.start("a")
    builder = TransitionBuilder(stage.execution, stage._context(ENGINE))
    if outcome.state is AttemptState.SUCCESS:
        fits = to_state in SUCCESSFUL_ENDS
    else:
        fits = to_state is TaskRunState.WARNING or to_state not in SUCCESSFUL_ENDS
    with nullcontext() if fits else pytest.raises(AssertionError, match="cannot end a task run"):
        end_attempt(builder, stage.task("a"), outcome, to_state)
    assert [event.fact.to_state for event in builder.events] == [to_state] * fits  # type: ignore[union-attr]


def test_each_outcome_is_tried() -> None:
    assert {type(one) for one in OUTCOMES} == set(get_args(AttemptOutcome))
