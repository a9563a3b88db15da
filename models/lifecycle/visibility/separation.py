"""Decides whether an execution and its children may name each other. If not everyone who sees one may see the other,
rows and events contain no text of it, so that no search, list or export can reveal it."""

from models.access.viewer import Scope
from models.lifecycle.snapshot import Execution, TaskRun
from models.spec import SubflowTask


def shows_child(execution: Execution, task: TaskRun) -> bool:
    """Checks that everyone who sees the execution sees what this subflow starts: in the same namespace, or below."""
    return _is_within(_namespace_of(execution, task), execution.plan.spec.namespace)


def shows_parent(execution: Execution, task: TaskRun) -> bool:
    """Checks that everyone who sees what this subflow starts sees the execution too."""
    return _is_within(execution.plan.spec.namespace, _namespace_of(execution, task))


def _namespace_of(execution: Execution, task: TaskRun) -> str | None:
    """Returns the namespace of what the subflow starts; None if the document cannot be read."""
    spec = execution.spec_of(task)
    if not isinstance(spec, SubflowTask):
        return None
    return spec.namespace or execution.plan.spec.namespace


def _is_within(inner: str | None, outer: str | None) -> bool:
    return inner is not None and outer is not None and Scope((outer,)).covers(inner)
