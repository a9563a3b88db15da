"""The names that expressions see."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.ids import typed
from models.lifecycle.snapshot import Execution, TaskRun


def expression_names(
    execution: Execution, task: TaskRun | None, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Plain JSON values. Without a task run they are the flow's own: `task` is undefined then.

    `outputs` holds ended task runs only; `env` is what the operator allowed to be seen.
    """
    spec = execution.plan.spec
    names: dict[str, Any] = {
        "inputs": dict(execution.inputs),
        "outputs": {run.path: dict(run.outputs) for run in execution.tasks.values() if run.ended},
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
    return names


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
