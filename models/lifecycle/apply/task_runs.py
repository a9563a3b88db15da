"""The task runs of an execution while it changes: a step of thousands must not copy thousands."""

from collections.abc import ItemsView, Iterator, Mapping, ValuesView

from models.lifecycle.snapshot import TaskRun

_MOST_CHANGES = 128
"""Copied at each change, so that those of a few task runs stay plain, and those of many are copied whole but rarely."""


class TaskRuns(Mapping[str, TaskRun]):
    """Immutable: task runs of which some have changed, in the order that they had."""

    __slots__ = ("_changes", "_flat", "_unchanged")

    def __init__(self, unchanged: dict[str, TaskRun], changes: dict[str, TaskRun]) -> None:
        self._unchanged = unchanged
        self._changes = changes
        self._flat: dict[str, TaskRun] | None = None

    def __getitem__(self, path: str) -> TaskRun:
        changed = self._changes.get(path)
        return self._unchanged[path] if changed is None else changed

    def __iter__(self) -> Iterator[str]:
        return iter(self._unchanged)

    def __len__(self) -> int:
        return len(self._unchanged)

    def values(self) -> ValuesView[TaskRun]:
        return self.flat().values()

    def items(self) -> ItemsView[str, TaskRun]:
        return self.flat().items()

    def flat(self) -> dict[str, TaskRun]:
        """As a plain mapping, made when it is first asked for."""
        if self._flat is None:
            self._flat = {**self._unchanged, **self._changes}
        return self._flat

    def parts(self) -> tuple[dict[str, TaskRun], dict[str, TaskRun]]:
        """The parts that another change is made of."""
        if self._flat is None and len(self._changes) < _MOST_CHANGES:
            return self._unchanged, self._changes
        return self.flat(), {}


def changed(tasks: Mapping[str, TaskRun], task: TaskRun) -> Mapping[str, TaskRun]:
    """With this one in the place of that with its path, which there is."""
    if len(tasks) <= _MOST_CHANGES:
        return {**tasks, task.path: task}
    unchanged, changes = tasks.parts() if isinstance(tasks, TaskRuns) else (dict_of(tasks), {})
    return TaskRuns(unchanged, {**changes, task.path: task})


def dict_of(tasks: Mapping[str, TaskRun]) -> dict[str, TaskRun]:
    """Plain, and copied only where it is not."""
    if isinstance(tasks, TaskRuns):
        return tasks.flat()
    return tasks if isinstance(tasks, dict) else dict(tasks)
