"""An execution is WAITING_FOR_APPROVAL if nothing can progress without a person: never during an evaluation."""

import pytest

from models.events.events import ENGINE
from models.lifecycle.commands.commands import Prepare, SetCondition
from models.states import Condition, VoteDecision
from tests.models.lifecycle.stage import Stage
from tests.models.lifecycle.test_approvals import vote

FLOW = "id: x\nnamespace: y\ntasks:\n  - {id: ok, type: approval, message: m}\n"
EVALUATED = {
    "a condition": "  - {id: b, type: log, message: b, when: '{{ execution.id }}'}\n",
    "a condition of an approval": "  - {id: b, type: approval, when: '{{ execution.id }}'}\n",
    "a wait": "  - {id: b, type: wait, duration: '{{ execution.id }}'}\n",
    "the inputs of a subflow": "  - {id: b, type: subflow, flow: z, inputs: {n: '{{ execution.id }}'}}\n",
    "the items of a foreach": "  - {id: b, type: foreach, items: '{{ [1] }}', tasks: [{id: t, type: fail}]}\n",
    "the message of another approval": "  - {id: b, type: approval, message: '{{ execution.id }}'}\n",
}


def request(stage: Stage, path: str = "ok") -> None:
    """Evaluates its message, and nothing else."""
    stage.submit(Prepare(path, stage.task(path).attempt, {"message": "m"}), ENGINE)


@pytest.mark.parametrize("what", EVALUATED)
def test_an_execution_is_running_during_an_evaluation(what: str) -> None:
    stage = Stage(FLOW + EVALUATED[what])
    request(stage)
    assert stage.states["ok"] == "WAITING_FOR_APPROVAL"
    assert (stage.state, stage.moves()) == ("RUNNING", ["RUNNING"])


def test_a_condition_that_fails_leaves_only_the_person() -> None:
    stage = Stage(FLOW + EVALUATED["a condition"])
    request(stage)
    stage.submit(SetCondition("b", 0, False), ENGINE)
    assert stage.moves() == ["RUNNING", "WAITING_FOR_APPROVAL"]


def test_a_condition_that_holds_continues_without_waiting_for_approval() -> None:
    stage = Stage(FLOW + EVALUATED["a condition"])
    request(stage)
    stage.submit(SetCondition("b", 0, True), ENGINE)
    assert stage.states["b"] == "QUEUED"
    assert stage.moves() == ["RUNNING"]


def test_tasks_after_one_decision_are_evaluated_while_another_request_is_open() -> None:
    stage = Stage(
        FLOW
        + "  - {id: too, type: approval, message: m}\n"
        + "  - {id: b, type: log, message: b, needs: [ok], when: '{{ execution.id }}'}\n"
    )
    request(stage)
    request(stage, "too")
    assert stage.state == "WAITING_FOR_APPROVAL"
    vote(stage, VoteDecision.APPROVE)
    assert (stage.state, stage.task("b").condition) == ("RUNNING", Condition.EVALUATING)
    stage.submit(SetCondition("b", 0, False), ENGINE)
    assert stage.moves() == ["RUNNING", "WAITING_FOR_APPROVAL", "RUNNING", "WAITING_FOR_APPROVAL"]


def test_a_condition_within_an_iteration_is_evaluated_too() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntasks:\n"
        "  - {id: each, type: foreach, items: '{{ [1] }}', tasks: [\n"
        "      {id: ok, type: approval, message: m}, {id: t, type: log, message: m, when: '{{ item }}'}]}\n"
    )
    stage.submit(Prepare("each", 1, {"items": [1]}), ENGINE)
    request(stage, "each[0].ok")
    assert stage.moves() == ["RUNNING"]
    stage.submit(SetCondition("each[0].t", 0, False), ENGINE)
    assert stage.moves() == ["RUNNING", "WAITING_FOR_APPROVAL"]
