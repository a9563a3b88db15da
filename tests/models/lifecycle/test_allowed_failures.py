"""`allow_failure` and expressions: an expression that cannot be evaluated is a failure of its task."""

import pytest

from models.events.events import TaskError
from models.states import AttemptState
from tests.models.lifecycle.stage import Stage

S, F = AttemptState.SUCCESS, AttemptState.FAILED
LEAST = {
    "wait": "duration: 1",
    "approval": "message: m",
    "subflow": "flow: other",
    "foreach": "items: [1], tasks: [{id: u, type: log, message: m}]",
}
WRONG = TaskError("EXPRESSION", "no")


@pytest.mark.parametrize("retry", ["", ", retry: {max_attempts: 3}"])
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("type", ["worker", "when", *LEAST])
def test_an_allowed_failure_covers_an_expression_that_cannot_be_evaluated(
    type: str, allowed: bool, retry: str
) -> None:
    settings = LEAST.get(type, "message: m")
    more = ", when: '{{ true }}'" if type == "when" else "" if type == "foreach" else retry
    kind = type if type in LEAST else "log"
    stage = Stage(
        "id: x\nnamespace: y\ntasks:\n"
        f"  - {{id: a, type: {kind}, {settings}{more}, allow_failure: {str(allowed).lower()}}}\n"
        "  - {id: b, type: log, message: b, needs: [a]}\n"
    )
    if type == "worker":
        stage.run("a", F, error=WRONG, erred=True)
    else:
        stage.evaluate(error=WRONG)
    if not allowed:
        assert (stage.states, stage.state) == ({"a": "ERROR", "b": "CANCELLED"}, "ERROR")
        return
    assert stage.states == {"a": "WARNING", "b": "QUEUED"}
    assert stage.task("a").error == WRONG
    stage.run("b", S)
    assert stage.state == "WARNING"


def test_an_error_of_headway_is_no_failure_of_the_task() -> None:
    stage = Stage(
        "id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a, allow_failure: true}]\n"
    )
    stage.run("a", F, error=TaskError("INTERNAL", "no"), erred=True)
    assert (stage.states, stage.state) == ({"a": "ERROR"}, "ERROR")


def test_items_that_are_no_list_are_an_allowed_failure_too() -> None:
    tasks = "[{id: u, type: log, message: m}]"
    stage = Stage(
        "id: x\nnamespace: y\ntasks:\n"
        f"  - {{id: a, type: foreach, items: '{{{{ 1 }}}}', allow_failure: true, tasks: {tasks}}}\n"
    )
    stage.evaluate({"items": 1})
    assert (stage.states, stage.state) == ({"a": "WARNING"}, "WARNING")
