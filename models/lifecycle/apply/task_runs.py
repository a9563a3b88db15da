"""The task runs of an execution while it changes, so that a change of one does not copy thousands."""

from collections.abc import ItemsView, Iterator, Mapping, ValuesView

from models.lifecycle.snapshot import TaskRun

_MAX_CHANGES = 128
"""The most changes kept in a dict of their own, which each change copies; with more, all task runs are copied into one
dict. Executions with at most this many task runs always use a plain dict."""


class TaskRuns(Mapping[str, TaskRun]):
    """An immutable mapping: task runs, and apart from them those that have changed. The order stays the same."""

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
        """Returns a plain dict, made at the first call."""
        if self._flat is None:
            self._flat = {**self._unchanged, **self._changes}
        return self._flat

    def parts(self) -> tuple[dict[str, TaskRun], dict[str, TaskRun]]:
        """Returns the unchanged and changed task runs to which another change can be added."""
        if self._flat is None and len(self._changes) < _MAX_CHANGES:
            return self._unchanged, self._changes
        return self.flat(), {}


def changed(tasks: Mapping[str, TaskRun], task: TaskRun) -> Mapping[str, TaskRun]:
    """Returns the task runs with `task` in place of the one with its path, which must exist."""
    if len(tasks) <= _MAX_CHANGES:
        return {**tasks, task.path: task}
    unchanged, changes = tasks.parts() if isinstance(tasks, TaskRuns) else (dict_of(tasks), {})
    return TaskRuns(unchanged, {**changes, task.path: task})


def dict_of(tasks: Mapping[str, TaskRun]) -> dict[str, TaskRun]:
    """Returns a plain dict, without copying one."""
    if isinstance(tasks, TaskRuns):
        return tasks.flat()
    return tasks if isinstance(tasks, dict) else dict(tasks)
