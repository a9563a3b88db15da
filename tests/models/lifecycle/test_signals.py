"""Events that people send: taken by a wait, kept within bounds, and refused by what has ended."""

from typing import Any

import pytest

from models.errors import ProblemCode, Refused
from models.lifecycle.commands import Signal
from models.lifecycle.signals import MAX_KEPT, MAX_KEPT_DATA
from models.payloads import MAX_PAYLOAD
from models.states import AttemptState
from tests.models.lifecycle.stage import Stage

WAITS = "id: f\nnamespace: n\ntasks: [{id: w, type: wait, event: go}]\n"


def refusal(stage: Stage, signal: Signal) -> Any:
    """Of a signal that changes nothing."""
    before, events = stage.execution, len(stage.events)
    with pytest.raises(Refused) as refused:
        stage.ask(signal)
    assert (stage.execution, len(stage.events)) == (before, events)
    (problem,) = refused.value.problems
    return problem


def test_an_ended_execution_takes_no_event_and_says_what_it_allows() -> None:
    stage = Stage("id: f\nnamespace: n\ntasks: [{id: a, type: log, message: m}]\n")
    stage.run("a", AttemptState.SUCCESS)
    problem = refusal(stage, Signal("go"))
    assert problem.code is ProblemCode.INVALID_STATE
    assert problem.message == (
        "only an execution that has not ended takes events; this one is SUCCESS"
    )
    assert problem.details["state"] == "SUCCESS"
    assert problem.details["available_actions"]


@pytest.mark.parametrize("name", ["", " ", "a\0b", "x" * 101, "a b", "\n", "-a", "ä"])
def test_an_event_has_a_name_that_a_wait_could_have(name: str) -> None:
    problem = refusal(Stage(WAITS), Signal(name))
    assert (problem.code, problem.path) == (ProblemCode.VALIDATION, ("name",))
    assert problem.message.startswith("name must be 1 to 100 of A-Z a-z 0-9 . _ : / -")


@pytest.mark.parametrize("name", ["a", "x" * 100, "a/b:c.d-e_f", "7"])
def test_such_a_name_is_one_that_a_wait_may_have(name: str) -> None:
    stage = Stage(WAITS.replace("event: go", f"event: '{name}'"))
    stage.evaluate()
    stage.ask(Signal(name))
    assert stage.states == {"w": "SUCCESS"}


@pytest.mark.parametrize("name", ["", "a b", "x" * 101])
def test_a_wait_for_a_name_that_no_event_can_have_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="must be 1 to 100"):
        Stage(WAITS.replace("event: go", f"event: '{name}'"))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"a": 10**23}, ProblemCode.VALIDATION),
        (["\ud800"], ProblemCode.VALIDATION),
        ("x" * MAX_PAYLOAD, ProblemCode.PAYLOAD_TOO_LARGE),
    ],
    ids=["beyond 64 bits", "half a character", "too large"],
)
def test_data_that_cannot_be_stored_is_refused(data: Any, code: ProblemCode) -> None:
    problem = refusal(Stage(WAITS), Signal("go", data))
    assert (problem.code, problem.path) == (code, ("data",))


def test_no_more_are_kept_than_a_hundred_and_one_of_a_known_name_takes_its_place() -> None:
    stage = Stage(WAITS)
    stage.evaluate()
    for number in range(MAX_KEPT):
        stage.ask(Signal(f"n{number}", number))
    problem = refusal(stage, Signal("one-more"))
    assert problem.code is ProblemCode.PAYLOAD_TOO_LARGE
    assert problem.message.startswith(f"it keeps {MAX_KEPT} events that nothing has waited for")
    stage.ask(Signal("n0", "again"))
    assert stage.execution.signals["n0"] == "again"
    stage.ask(Signal("go"))
    assert stage.states == {"w": "SUCCESS"}


def test_what_is_kept_is_bounded_in_bytes_too() -> None:
    stage = Stage(WAITS)
    stage.evaluate()
    large = "x" * (MAX_PAYLOAD - 2)
    for number in range(MAX_KEPT_DATA // MAX_PAYLOAD):
        stage.ask(Signal(f"n{number}", large))
    problem = refusal(stage, Signal("one-more", "x"))
    assert problem.code is ProblemCode.PAYLOAD_TOO_LARGE
    assert f"more than {MAX_KEPT_DATA} bytes" in problem.message
