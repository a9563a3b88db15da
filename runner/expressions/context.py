"""The names that expressions see."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from models.ids import typed
from models.lifecycle.results import TOO_LARGE_MESSAGE, is_too_large, results_of
from models.lifecycle.snapshot import CompiledFlow, Execution, TaskRun
from models.lifecycle.visibility.outside import NOTHING, Outside
from models.secrets import without_secrets
from models.states import Section
from runner.expressions.evaluator import TooLarge


def expression_names(
    execution: Execution, task: TaskRun | None, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Plain JSON values. Without a task run they are the flow's own: `task` is undefined then.

    SECRET inputs are masked. `outputs` holds ended task runs only; `env` is what the operator allowed to be seen.
    """
    spec = execution.plan.spec
    names: dict[str, Any] = {
        "inputs": without_secrets(execution.inputs),
        "outputs": _outputs(execution, task),
        "execution": {
            "id": typed("exec", execution.id),
            "name": execution.name,
            "namespace": spec.namespace,
            "flow": spec.id,
            "labels": dict(execution.labels),
            "createdAt": execution.created_at.isoformat(),
            "startedAt": _moment(execution.started_at),
        },
        "flow": {
            "id": spec.id,
            "namespace": spec.namespace,
            "revision": execution.plan.revision,
        },
        "trigger": dict(execution.trigger or {}),
        "labels": dict(execution.labels),
        "env": dict(env or {}),
    }
    if task is not None:
        names["task"] = {"id": task.key, "attempt": task.attempt}
        names |= _iteration(execution, task)
    return names


class Outputs(Mapping[str, Any]):
    """Results by key, put together as they are read: those of a foreach may be large."""

    def __init__(
        self, execution: Execution, runs: Mapping[str, TaskRun], outside: Outside = NOTHING
    ) -> None:
        self._execution = execution
        self._runs = runs
        self._outside = outside

    def __getitem__(self, key: str) -> dict[str, Any]:
        """Raises TooLarge."""
        results = results_of(self._execution, self._runs[key])
        if is_too_large(results):
            raise TooLarge(f"`outputs.{key}` is too large: {TOO_LARGE_MESSAGE}")
        return dict(self._outside.results(self._runs[key].path, results))

    def __contains__(self, key: object) -> bool:
        return key in self._runs

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def with_run(self, run: TaskRun) -> "Outputs":
        """With those of one more task run."""
        return Outputs(self._execution, {**self._runs, run.key: run}, self._outside)

    def seen(self, outside: Outside) -> "Outputs":
        """Without what came from outside."""
        runs = {key: run for key, run in self._runs.items() if not outside.has(run.path)}
        return Outputs(self._execution, runs, outside)


def _outputs(execution: Execution, task: TaskRun | None) -> Outputs:
    """By key, of the flow's own tasks; within a foreach, of those before it in the same iteration too."""
    levels = [""]
    level = task.level if task else ""
    while level:
        levels.append(level)
        level = level[: level.rindex("[")].rpartition(".")[0]
        level = f"{level}." if level else ""
    # Looked up one by one: iterations may be thousands. What ran elsewhere has no plan, and no iterations.
    keys = execution.plan.tasks or execution.tasks
    found = (execution.tasks.get(f"{level}{key}") for level in levels for key in keys)
    return Outputs(execution, {run.key: run for run in found if run is not None and run.ended})


def _iteration(execution: Execution, task: TaskRun) -> dict[str, Any]:
    """`item` and `index` of the innermost foreach around the task."""
    if task.parent is None or task.index is None:
        return {}
    items = execution.tasks[task.parent].inputs["items"]
    return {"item": items[task.index], "index": task.index}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def tasks_before(plan: CompiledFlow, key: str) -> frozenset[str]:
    """Those that have ended whenever this one runs: whose outputs its expressions may name."""
    before = {
        each
        for each in plan.outer_keys
        if plan.sections[key] is not Section.TASKS and plan.sections[each] is Section.TASKS
    }
    at: str | None = key
    while at is not None:
        before |= plan.graph.upstream(at)
        at = plan.parents[at]
    return frozenset(before)
