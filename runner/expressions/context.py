"""Builds the variables that expressions can use."""

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
    """Returns the variables, as JSON values, for a task run; None for expressions of the flow, which have no `task`.

    SECRET inputs are masked. `outputs` has ended task runs only. `env` are the environment variables that the operator
    allows.
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
        "flow": {"id": spec.id, "namespace": spec.namespace, "revision": execution.plan.revision},
        "trigger": dict(execution.trigger or {}),
        "labels": dict(execution.labels),
        "env": dict(env or {}),
    }
    if task is not None:
        names["task"] = {"id": task.key, "attempt": task.attempt}
        names |= _iteration(execution, task)
    return names


class Outputs(Mapping[str, Any]):
    """Results by task key, built when they are read: those of a foreach may be large."""

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
        """Adds the results of one more task run."""
        return Outputs(self._execution, {**self._runs, run.key: run}, self._outside)

    def seen(self, outside: Outside) -> "Outputs":
        """Removes results from executions outside of the viewer's scope."""
        runs = {key: run for key, run in self._runs.items() if not outside.has(run.path)}
        return Outputs(self._execution, runs, outside)


def _outputs(execution: Execution, task: TaskRun | None) -> Outputs:
    """Returns the outputs by key: those of the outer tasks, and within a foreach also those of the same iteration."""
    levels = [""]
    level = task.level if task else ""
    while level:
        levels.append(level)
        level = level[: level.rindex("[")].rpartition(".")[0]
        level = f"{level}." if level else ""
    # Looked up one by one, as there may be thousands of iterations. External runs have no plan and no iterations.
    keys = execution.plan.tasks or execution.tasks
    found = (execution.tasks.get(f"{level}{key}") for level in levels for key in keys)
    return Outputs(execution, {run.key: run for run in found if run is not None and run.ended})


def _iteration(execution: Execution, task: TaskRun) -> dict[str, Any]:
    """Returns `item` and `index` of the innermost foreach that contains the task."""
    if task.parent is None or task.index is None:
        return {}
    items = execution.tasks[task.parent].inputs["items"]
    return {"item": items[task.index], "index": task.index}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def tasks_before(plan: CompiledFlow, key: str) -> frozenset[str]:
    """Returns the tasks that have always ended when this one runs: its expressions can use their outputs."""
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
