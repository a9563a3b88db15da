"""The part of an execution that a viewer of it may not see: whatever came of flows outside of that one's scope."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from models.access.viewer import Scope
from models.lifecycle.snapshot import CompiledFlow
from models.lifecycle.task_path import place_of
from models.spec import SubflowTask

SUBFLOW: Final = "SUBFLOW"
"""The code of a failure that the execution of a subflow caused."""


def did_not_succeed(namespace: str, flow: str) -> str:
    """All that is told of it where not everybody may know more."""
    return f"the subflow {namespace}/{flow} did not succeed"


@dataclass(frozen=True, slots=True)
class Outside:
    """`started` are, by key, the subflow tasks that name a flow outside of a scope, each with what may be told where it
    failed; None where the flow did not exist for the execution either, so that its failure tells nothing. `around` are
    the foreach tasks that hold such. `unknown`: the document cannot be read, and so no task is known to be none."""

    started: Mapping[str, str | None] = field(default_factory=dict)
    around: frozenset[str] = frozenset()
    unknown: bool = False

    def __bool__(self) -> bool:
        return bool(self.started) or self.unknown

    def has(self, path: str) -> bool:
        return bool(self) and (self.unknown or place_of(path).key in self.started)

    def holds(self, path: str) -> bool:
        """Whether results at the path have parts that came from outside, or are such themselves."""
        return bool(self) and (self.has(path) or place_of(path).key in self.around)

    def results(self, path: str, results: Mapping[str, Any]) -> Mapping[str, Any]:
        """Those of the task run at the path, without what came from outside."""
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
        """Of the task run at the path, or of the failure that it is."""
        if not self.has(path):
            return error
        told = {name: value for name, value in error.items() if name != "below"}
        if error["code"] != SUBFLOW:
            return told
        sentence = self.started.get(place_of(path).key, "the subflow did not succeed")
        return told if sentence is None else told | {"message": sentence}


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
        told = did_not_succeed(namespace, task.flow)
        started[key] = told if reach.covers(namespace) else None
        around |= _around(plan, key)
    return Outside(started, frozenset(around)) if started else NOTHING


def _around(plan: CompiledFlow, key: str) -> set[str]:
    found: set[str] = set()
    at = plan.parents[key]
    while at is not None:
        found.add(at)
        at = plan.parents[at]
    return found
