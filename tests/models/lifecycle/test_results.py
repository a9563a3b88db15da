"""Results of a foreach: combined from its iterations, up to 16 MiB, and never copied into an event."""

import pytest

from models.events.events import AttemptEnded
from models.lifecycle.commands.commands import ChangeTaskRunState
from models.lifecycle.results import MAX_RESULTS, TOO_LARGE, TOO_LARGE_MESSAGE, results_of
from models.payloads import json_size
from models.states import AttemptState, TaskRunState
from tests.models.lifecycle.stage import Stage

MIB = 1024 * 1024
FLOW = """id: f
namespace: acme
outputs: {n: 1}
tasks:
  - id: each
    type: foreach
    items: [1, 2]
    tasks: [{id: a, type: log, message: a}]
  - {id: after, type: log, message: a, needs: [each]}
"""


def with_sizes(letter: str, size: int) -> Stage:
    """Returns a foreach whose two iterations have so many bytes together, as JSON, of this letter."""
    stage = Stage(FLOW)
    stage.evaluate({"items": [1, 2]})
    rest = size - json_size({"a": [{"t": ""}, {"t": ""}]})
    width = len(letter.encode())
    first, last = divmod(rest, width)
    stage.run("each[0].a", AttemptState.SUCCESS, outputs={"t": letter * (first - 1)})
    stage.run("each[1].a", AttemptState.SUCCESS, outputs={"t": letter + "x" * last})
    return stage


@pytest.mark.parametrize("letter", ["x", "中", "я"], ids=["ascii", "chinese", "cyrillic"])
@pytest.mark.parametrize("limit", [MIB, MAX_RESULTS])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_sizes_around_the_limits(letter: str, limit: int, off: int) -> None:
    stage = with_sizes(letter, limit + off)
    results = results_of(stage.execution, stage.task("each"))
    if limit + off > MAX_RESULTS:
        assert results == {TOO_LARGE: TOO_LARGE_MESSAGE}
        return
    assert json_size(results) == limit + off
    assert [one["t"][:1] for one in results["a"]] == [letter, letter]


def test_no_event_and_no_row_holds_them() -> None:
    stage = with_sizes("x", 1000)
    assert stage.task("each").outputs == {}
    ends = [event.fact for event in stage.events if isinstance(event.fact, AttemptEnded)]
    assert [fact.outputs for fact in ends if fact.path == "each"] == [None]


def test_a_running_foreach_has_no_results() -> None:
    stage = Stage(FLOW)
    stage.evaluate({"items": [1, 2]})
    stage.run("each[0].a", AttemptState.SUCCESS, outputs={"t": 1})
    assert results_of(stage.execution, stage.task("each")) == {}


def test_changed_outputs_of_an_iteration_change_the_cache_key_of_its_foreach() -> None:
    stage = with_sizes("x", 100)
    stage.run("after", AttemptState.SUCCESS)
    stage.evaluate({"n": 1})
    before = stage.task("each").holder
    stage.submit(ChangeTaskRunState("each[0].a", TaskRunState.SUCCESS, outputs={"t": "changed"}))
    assert stage.task("each").holder != before
    assert results_of(stage.execution, stage.task("each"))["a"][0] == {"t": "changed"}
