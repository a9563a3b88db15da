"""The rules of scopes alone: the intersection of two scopes, and the parts of each event that come from outside."""

import json
from dataclasses import fields
from datetime import UTC, datetime
from itertools import product
from typing import Any, Final

import pytest

from models.access.viewer import EVERYWHERE, Scope
from models.events.events import TYPES
from models.ids import new_id
from models.lifecycle.snapshot import CompiledFlow
from models.lifecycle.visibility.outside import NOTHING, Outside, outside_of
from models.lifecycle.visibility.separation import shows_child, shows_parent
from models.spec import parse_flow
from runner.history.visibility import event_seen, task_run_seen
from runner.store.execution.event_log import EventRow
from runner.store.scopes import kept, scope_of

NAMES: Final = ("acme", "acme.a", "acme.a.x", "acme.b", "acmea", "beta")
SCOPES: Final = (
    EVERYWHERE,
    Scope(()),
    *(Scope((name,)) for name in NAMES),
    *(Scope(pair) for pair in product(NAMES, repeat=2)),
)
MARK: Final = "0xSECRET"
SOURCE: Final = """
id: top
namespace: acme.a
tasks:
  - {id: sub, type: subflow, namespace: acme.b, flow: vault}
  - {id: near, type: subflow, namespace: acme.a.x, flow: near}
  - {id: each, type: foreach, items: [1], tasks: [{id: inner, type: subflow, namespace: acme.b, flow: vault}]}
errors: [{id: tidy, type: subflow, namespace: acme.b, flow: tidy}]
"""
PLAN: Final = CompiledFlow.of(new_id(), new_id(), 1, parse_flow(SOURCE))
OURS: Final = Scope(("acme.a",))
OWN: Final = {
    "path", "attempt", "inputs", "properties", "labels", "name", "data", "worker", "from_state", "to_state", "reason",
    "task_runs", "holds", "queued", "id", "approval_id", "resources", "exit_code", "retry_at", "cache_key",
    "outputs_from", "sets_aside", "handed_back", "progress", "wake_at", "position", "attempt_id", "attempt_state",
    "attempt_started_at", "started_at", "ended_at", "policy", "expires_at", "decision", "comment", "override", "groups",
    "form", "key", "roles", "at", "to", "remind_at", "decided_on",
}  # fmt: skip
"""Fields of events that the parent sets itself, or that only refer to a row, which is read within the viewer's
scope."""
OF_APPROVALS: Final = "APPROVAL"
STATES: Final = {"ATTEMPT_ENDED", "LATE_RESULT"}
"""Events whose `state` is that of the parent's own attempt."""


@pytest.mark.parametrize("one", SCOPES, ids=str)
def test_the_intersection_of_two_scopes(one: Scope) -> None:
    for other in SCOPES:
        both = one.within(other)
        assert [both.covers(name) for name in NAMES] == [
            one.covers(name) and other.covers(name) for name in NAMES
        ]
    assert scope_of(kept(one)) == one


def test_which_tasks_lead_outside() -> None:
    found = outside_of(PLAN, OURS, EVERYWHERE)
    assert set(found.started) == {"sub", "inner", "tidy"}
    assert found.around == {"each"}
    assert outside_of(PLAN, EVERYWHERE, OURS) is NOTHING
    assert outside_of(PLAN, Scope(("acme",)), EVERYWHERE) is NOTHING
    assert set(outside_of(PLAN, OURS, OURS).started.values()) == {None}


def test_with_an_unreadable_document_everything_may_come_from_outside() -> None:
    plan = CompiledFlow.unread(new_id(), new_id(), 1, "acme.a", "top", "too new")
    found = outside_of(plan, OURS, EVERYWHERE)
    assert found.has("anything") and found.results("anything", {"key": MARK}) == {}
    error = {"code": "SUBFLOW", "message": MARK, "below": MARK}
    assert MARK not in json.dumps(found.error("anything", error))


def _row(type: str, path: str, data: dict[str, Any]) -> EventRow:
    return EventRow(
        execution_id=new_id(), seq=1, id=new_id(), type=type, at=datetime.now(UTC), task_run_id=new_id(), path=path,
        attempt=1, from_state=None, to_state=None, actor="engine", channel="ENGINE", reason=None, caused_by=None,
        data=json.dumps(data), terminal=False,
    )  # fmt: skip


OF_TASK_RUNS: Final = sorted(
    (type.value for fact, type in TYPES.items() if any(one.name == "path" for one in fields(fact)))
)


@pytest.mark.parametrize("path", ["sub", "each[0].inner", "tidy"])
@pytest.mark.parametrize("type", OF_TASK_RUNS)
def test_no_fact_reveals_outside_data(type: str, path: str) -> None:
    """Marks every field of each event that is not the parent's own, so that a new field has to be classified."""
    (fact,) = (each for each, name in TYPES.items() if name.value == type)
    own = OWN | ({"state"} if type in STATES or OF_APPROVALS in type else set())
    own |= {"message"} if OF_APPROVALS in type else set()
    error = {"code": "SUBFLOW", "message": MARK, "exit_code": None, "below": MARK}
    data: dict[str, Any] = {
        one.name: path if one.name == "path" else error if one.name == "error" else {"x": MARK}
        for one in fields(fact)
        if one.name == "path" or one.name not in own
    }
    seen = event_seen(outside_of(PLAN, OURS, EVERYWHERE), _row(type, path, data))
    assert MARK not in seen.data
    assert json.loads(seen.data)["path"] == path
    for near in ("near", "each"):
        row = _row(type, near, {**data, "path": near})
        assert event_seen(outside_of(PLAN, OURS, EVERYWHERE), row) is row
    assert event_seen(NOTHING, _row(type, path, data)).data == json.dumps(data)


def test_a_failure_that_came_of_no_child_keeps_its_words() -> None:
    outside = outside_of(PLAN, OURS, OURS)
    error = {"code": "SUBFLOW", "message": "no flow acme.b/vault"}
    row = {"path": "sub", "error": json.dumps(error), "outputs": json.dumps({"key": MARK})}
    seen = task_run_seen(outside, row)
    assert (json.loads(seen["error"]), json.loads(seen["outputs"])) == (error, {})
    own = {"code": "TIMED_OUT", "message": "took longer"}
    for found in (outside, outside_of(PLAN, OURS, EVERYWHERE)):
        assert found.error("sub", own) == own


class _ExecutionStub:
    """A stub with the attributes of an execution that `apart` uses."""

    def __init__(self, namespace: str, child: str | None) -> None:
        said = f", namespace: {child}" if child else ""
        text = (
            f"id: top\nnamespace: {namespace}\ntasks: [{{id: s, type: subflow, flow: f{said}}}]\n"
        )
        self.plan = CompiledFlow.of(new_id(), new_id(), 1, parse_flow(text))

    def spec_of(self, _: Any) -> Any:
        return self.plan.tasks["s"]


@pytest.mark.parametrize(("parent", "child"), list(product(NAMES, (None, *NAMES))))
def test_when_parents_and_children_show_each_other(parent: str, child: str | None) -> None:
    """The one shows the other only if no scope sees the one and not the other."""
    execution: Any = _ExecutionStub(parent, child)
    below = child or parent
    hidden = any(scope.covers(parent) and not scope.covers(below) for scope in SCOPES)
    assert shows_child(execution, None) is not hidden  # type: ignore[arg-type]
    hidden = any(scope.covers(below) and not scope.covers(parent) for scope in SCOPES)
    assert shows_parent(execution, None) is not hidden  # type: ignore[arg-type]


def test_results_without_outside_data() -> None:
    outside = Outside({"inner": "x"}, frozenset({"each"}))
    results = {"inner": [{"key": MARK}, {}], "own": [{"n": 1}], "inner2": 5}
    assert outside.results("each", results) == {"inner": [{}, {}], "own": [{"n": 1}], "inner2": 5}
    assert outside.results("own", results) is results
