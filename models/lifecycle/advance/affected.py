"""The task runs that a change may have consequences for: of thousands, those few that stand near it."""

from collections.abc import Iterable, Sequence

from models.lifecycle.snapshot import Execution
from models.spec import ForeachTask
from models.states import Section


def affected_by(execution: Execution, touched: Iterable[str]) -> Sequence[str]:
    """Of the flow's tasks, in their order: what stands beside these, the foreach around them, and of a foreach itself
    all that is in it."""
    found: set[str] = set()
    for path in touched:
        task = execution.tasks[path]
        if execution.section_of(task) is not Section.TASKS:
            continue
        found.update(_beside(execution, task.parent, task.level))
        if task.parent is not None:
            found.add(task.parent)
        found.update(execution.families.get(path, ()))
    return sorted(found, key=lambda path: execution.tasks[path].position)


def _beside(execution: Execution, parent: str | None, level: str) -> Iterable[str]:
    """The task runs of one iteration, or the flow's own."""
    if parent is None:
        plan = execution.plan
        return [key for key in plan.outer_keys if plan.sections[key] is Section.TASKS]
    foreach = execution.spec_of(execution.tasks[parent])
    assert isinstance(foreach, ForeachTask)
    return [level + child.id for child in foreach.tasks]
