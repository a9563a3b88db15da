"""Tells whether an execution and those that its subflow tasks start may speak of each other: where not everybody who
sees one may see the other, rows and events hold no text of it, and so no search, list or export can give it away."""

from models.access.viewer import Scope
from models.lifecycle.snapshot import Execution, TaskRun
from models.spec import SubflowTask


def shows_child(execution: Execution, task: TaskRun) -> bool:
    """Whether whoever sees the execution sees what this subflow starts: it lies in the same namespace, or below."""
    return _lies_within(_namespace_of(execution, task), execution.plan.spec.namespace)


def shows_parent(execution: Execution, task: TaskRun) -> bool:
    """Whether whoever sees what this subflow starts sees the execution too."""
    return _lies_within(execution.plan.spec.namespace, _namespace_of(execution, task))


def _namespace_of(execution: Execution, task: TaskRun) -> str | None:
    """None where no document tells."""
    spec = execution.spec_of(task)
    if not isinstance(spec, SubflowTask):
        return None
    return spec.namespace or execution.plan.spec.namespace


def _lies_within(inner: str | None, outer: str | None) -> bool:
    return inner is not None and outer is not None and Scope((outer,)).covers(inner)
