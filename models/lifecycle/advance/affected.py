"""Finds the task runs that a change may affect: usually a few of thousands."""

from collections.abc import Iterable, Sequence

from models.lifecycle.snapshot import Execution
from models.spec import ForeachTask
from models.states import Section


def affected_by(execution: Execution, touched: Iterable[str]) -> Sequence[str]:
    """Returns the paths of the flow's tasks, in order: the siblings of the touched ones, the foreach around them, and
    all task runs within a touched foreach."""
    found: set[str] = set()
    for path in touched:
        task = execution.tasks[path]
        if execution.section_of(task) is not Section.TASKS:
            continue
        found.update(_siblings(execution, task.parent, task.level))
        if task.parent is not None:
            found.add(task.parent)
        found.update(execution.families.get(path, ()))
    return sorted(found, key=lambda path: execution.tasks[path].position)


def _siblings(execution: Execution, parent: str | None, level: str) -> Iterable[str]:
    """Returns the paths of the task runs of one iteration, or of the flow's own tasks."""
    if parent is None:
        plan = execution.plan
        return [key for key in plan.outer_keys if plan.sections[key] is Section.TASKS]
    foreach = execution.spec_of(execution.tasks[parent])
    assert isinstance(foreach, ForeachTask)
    return [level + child.id for child in foreach.tasks]
