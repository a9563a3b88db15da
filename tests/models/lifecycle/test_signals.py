"""Events that people send: taken by a wait, bounded in number, and refused by ended executions."""

from dataclasses import replace
from typing import Any

import pytest

from models.errors import ProblemCode, Refused
from models.events.events import SignalReceived
from models.lifecycle.apply.evolve import fold
from models.lifecycle.commands.commands import Signal
from models.lifecycle.engine_tasks.signals import MAX_KEPT, MAX_KEPT_DATA
from models.payloads import MAX_PAYLOAD
from models.states import AttemptState, ExecutionState
from tests.models.lifecycle.stage import Stage

WAITS = "id: f\nnamespace: n\ntasks: [{id: w, type: wait, event: go}]\n"


def refusal(stage: Stage, signal: Signal) -> Any:
    """Returns the problem of a refused signal, which changes nothing."""
    before, events = stage.execution, len(stage.events)
    with pytest.raises(Refused) as refused:
        stage.submit(signal)
    assert (stage.execution, len(stage.events)) == (before, events)
    (problem,) = refused.value.problems
    return problem


def test_an_ended_execution_refuses_signals_with_its_allowed_actions() -> None:
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
    stage.submit(Signal(name))
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


def test_at_most_a_hundred_are_kept_with_any_names() -> None:
    stage = Stage(WAITS)
    stage.evaluate()
    for number in range(MAX_KEPT):
        stage.submit(Signal("many" if number % 2 else f"n{number}", number))
    for name, same in (("one-more", 0), ("many", MAX_KEPT // 2)):
        problem = refusal(stage, Signal(name))
        assert (problem.code, problem.path) == (ProblemCode.PAYLOAD_TOO_LARGE, ("name",))
        assert problem.message == (
            f"it keeps {MAX_KEPT} events, the most there can be, and no `wait` has taken them yet "
            f"({same} of them are `{name}`); send this one again when waits have taken some"
        )
    stage.submit(Signal("go"))
    assert stage.states == {"w": "SUCCESS"}


IN_A_ROW = """id: f
namespace: n
tasks:
  - {id: begin, type: wait, event: begin}
  - {id: a, type: wait, event: go, needs: [begin]}
  - {id: b, type: wait, event: go, needs: [a]}
  - {id: c, type: wait, event: stop, needs: [a]}
  - {id: d, type: wait, event: go, needs: [b]}
"""
SIDE_BY_SIDE = """id: f
namespace: n
tasks:
  - {id: first, type: wait, event: late}
  - {id: z, type: wait, event: go}
  - {id: a, type: wait, event: go, needs: [first]}
  - {id: b, type: wait, event: go}
"""


def taken(stage: Stage) -> dict[str, Any]:
    """Returns the data that each wait has taken."""
    tasks = stage.execution.tasks.values()
    return {task.path: task.outputs["data"] for task in tasks if task.outputs}


def test_events_that_come_early_wait_in_line_and_each_wait_takes_one() -> None:
    stage = Stage(IN_A_ROW)
    for data in (1, None, 3, 4):
        stage.submit(Signal("go", data))
    stage.submit(Signal("stop", "s"))
    assert stage.execution.signals == {"go": (1, None, 3, 4), "stop": ("s",)}
    stage.submit(Signal("begin", "b"))
    for left in (("a", 3), ("b", 2), ("d", 1)):
        stage.evaluate()
        assert (stage.states[left[0]], len(stage.execution.signals["go"])) == ("SUCCESS", left[1])
    assert taken(stage) == {"begin": "b", "a": 1, "b": None, "c": "s", "d": 3}
    assert stage.execution.signals == {"go": (4,)}
    assert stage.folded() == stage.execution


def test_an_event_that_comes_behind_others_does_not_overtake_them() -> None:
    """The wait has begun and is not prepared yet: it gets the first event in the queue, not the one that arrives
    now."""
    stage = Stage(IN_A_ROW)
    stage.submit(Signal("go", 1))
    stage.submit(Signal("begin"))
    assert (stage.states["a"], taken(stage)) == ("RUNNING", {"begin": None})
    stage.submit(Signal("go", 2))
    assert stage.execution.signals == {"go": (1, 2)}
    stage.evaluate()
    stage.evaluate()
    assert taken(stage) == {"begin": None, "a": 1, "b": 2}


def test_one_signal_ends_the_oldest_of_several_waits() -> None:
    stage = Stage(SIDE_BY_SIDE)
    stage.evaluate()
    stage.pass_time(1)
    stage.submit(Signal("late"))
    stage.evaluate()
    for data, so_far in ((1, "z"), (2, "zb"), (3, "zba")):
        stage.submit(Signal("go", data))
        assert taken(stage) == {"first": None} | {path: n for n, path in enumerate(so_far, 1)}
    assert stage.state is ExecutionState.SUCCESS


def test_signals_recorded_before_the_queue_existed_fold_as_before() -> None:
    """In old events each signal replaced the one before it, and one signal ended every wait."""
    stage = Stage(SIDE_BY_SIDE)
    old = [SignalReceived("go", 1), SignalReceived("go", 2), SignalReceived("go", 2, "z")]
    for facts, kept in ((old[:1], {"go": (1,)}), (old[:2], {"go": (2,)}), (old, {})):
        event = stage.events[-1]
        events = [replace(event, fact=fact, seq=event.seq + n) for n, fact in enumerate(facts, 1)]
        assert fold(stage.execution.plan, [*stage.events, *events]).signals == kept


def test_queued_signals_are_bounded_in_bytes_too() -> None:
    stage = Stage(WAITS)
    stage.evaluate()
    large = "x" * (MAX_PAYLOAD - 2)
    for number in range(MAX_KEPT_DATA // MAX_PAYLOAD):
        stage.submit(Signal(f"n{number}", large))
    problem = refusal(stage, Signal("one-more", "x"))
    assert problem.code is ProblemCode.PAYLOAD_TOO_LARGE
    assert f"more than {MAX_KEPT_DATA} bytes" in problem.message
