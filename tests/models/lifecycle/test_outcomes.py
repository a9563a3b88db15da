"""An attempt that succeeded has no error, and one that failed has one: other combinations cannot be written."""

import ast
from dataclasses import MISSING, fields
from pathlib import Path
from typing import get_args

import pytest

from models.lifecycle.commands.outcomes import AttemptOutcome
from models.states import AttemptState

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
        and isinstance(node.func, ast.Name)
        and node.func.id == "AttemptEnded"
    }
    assert makers == {"models/lifecycle/ending.py"}
