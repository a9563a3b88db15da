"""Hides the part of an execution that a viewer may not see: what came from flows outside of the viewer's scope."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from models.access.viewer import Scope
from models.lifecycle.snapshot import CompiledFlow
from models.lifecycle.task_path import parse_path
from models.spec import SubflowTask

SUBFLOW: Final = "SUBFLOW"
"""The error code of a subflow whose execution did not succeed."""


def did_not_succeed(namespace: str, flow: str) -> str:
    """Returns the message for viewers who may not see the subflow's execution."""
    return f"the subflow {namespace}/{flow} did not succeed"


@dataclass(frozen=True, slots=True)
class Outside:
    """`started` has, by key, the subflow tasks that name a flow outside of a scope, each with the message to show if it
    failed; None if the flow did not exist for the execution either, so that its own message reveals nothing. `around`
    are the foreach tasks with such a task. `unknown`: the document cannot be read, so any task may be one."""

    started: Mapping[str, str | None] = field(default_factory=dict)
    around: frozenset[str] = frozenset()
    unknown: bool = False

    def __bool__(self) -> bool:
        return bool(self.started) or self.unknown

    def has(self, path: str) -> bool:
        return bool(self) and (self.unknown or parse_path(path).key in self.started)

    def holds(self, path: str) -> bool:
        """Checks whether results at the path came from outside, or have parts that did."""
        return bool(self) and (self.has(path) or parse_path(path).key in self.around)

    def results(self, path: str, results: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the results of the task run at the path, without what came from outside."""
        if not self.holds(path):
            return results
        if self.has(path):
            return {}
        return {key: self._iterations(key, given) for key, given in results.items()}

    def _iterations(self, key: str, given: Any) -> Any:
        if not isinstance(given, list) or not self.holds(key):
            return given
        return [self.results(key, one) if isinstance(one, Mapping) else {} for one in given]

    def error(self, path: str, error: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the error or failure of the task run at the path, without what came from outside."""
        if not self.has(path):
            return error
        shown = {name: value for name, value in error.items() if name != "below"}
        if error["code"] != SUBFLOW:
            return shown
        sentence = self.started.get(parse_path(path).key, "the subflow did not succeed")
        return shown if sentence is None else shown | {"message": sentence}


NOTHING: Final = Outside()


def outside_of(plan: CompiledFlow, scope: Scope, reach: Scope) -> Outside:
    """`scope` is a viewer's, `reach` that of the execution."""
    if scope.namespaces is None:
        return NOTHING
    if plan.unreadable:
        return Outside(unknown=True)
    started: dict[str, str | None] = {}
    around: set[str] = set()
    for key, task in plan.tasks.items():
        if not isinstance(task, SubflowTask):
            continue
        namespace = task.namespace or plan.spec.namespace
        if scope.covers(namespace):
            continue
        message = did_not_succeed(namespace, task.flow)
        started[key] = message if reach.covers(namespace) else None
        around |= _around(plan, key)
    return Outside(started, frozenset(around)) if started else NOTHING


def _around(plan: CompiledFlow, key: str) -> set[str]:
    found: set[str] = set()
    at = plan.parents[key]
    while at is not None:
        found.add(at)
        at = plan.parents[at]
    return found
