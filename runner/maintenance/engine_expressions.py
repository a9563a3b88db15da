"""Evaluates expressions for the engine: the settings of its own tasks, conditions (`when`), and outputs of flows."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from models.durations import MAX_SECONDS, parse_duration
from models.errors import Refused
from models.events.events import TaskError
from models.lifecycle.commands.commands import Command, Conclude, Evaluate, Prepare, SetCondition
from models.lifecycle.snapshot import Execution, TaskRun
from models.payloads import NotTaken, measured
from models.spec import ApprovalTask, ForeachTask, SubflowTask, TaskSpec, WaitTask
from runner.expressions.context import expression_names
from runner.expressions.evaluator import EvaluationFailed, Evaluator

_Rendered = Mapping[str, Any] | TaskError


Clock = Callable[[], Awaitable[datetime]]


async def evaluate(
    evaluator: Evaluator, execution: Execution, request: Evaluate, clock: Clock
) -> Command:
    """`clock` reads the database's clock, as that of this machine may be wrong. Returns the command with the result."""
    if request.path is None:
        templates = {"outputs": execution.plan.spec.outputs}
        values = await _render(evaluator, execution, None, templates)
        return Conclude(values if isinstance(values, TaskError) else values["outputs"])
    task = execution.tasks[request.path]
    spec = execution.spec_of(task)
    if request.condition:
        return await _condition(evaluator, execution, task, spec)
    values = await _render(evaluator, execution, task, _templates(spec))
    waits = isinstance(spec, WaitTask) and spec.event is None
    if waits and not isinstance(values, TaskError):
        values = _seconds(values, await clock())
    return Prepare(request.path, request.attempt or task.attempt, values)


async def _condition(
    evaluator: Evaluator, execution: Execution, task: TaskRun, spec: TaskSpec
) -> Command:
    values = await _render(evaluator, execution, task, {"when": spec.when})
    result = values if isinstance(values, TaskError) else values["when"]
    if not isinstance(result, bool | TaskError):
        message = f"`when` must give true or false, got {result!r:.80}"
        result = TaskError("EXPRESSION", message)
    return SetCondition(task.path, task.attempt, result)


async def _render(
    evaluator: Evaluator, execution: Execution, task: TaskRun | None, templates: Mapping[str, Any]
) -> _Rendered:
    """Evaluates templates. The values are stored with the execution, so each must be within the limit."""
    try:
        rendered: Mapping[str, Any] = await evaluator.render(
            templates, expression_names(execution, task)
        )
        for name, value in rendered.items():
            measured(value, name)
    except EvaluationFailed as failed:
        return TaskError(failed.code, str(failed))
    except NotTaken as error:
        return TaskError(error.code, str(error))
    return rendered


def _templates(spec: TaskSpec) -> Mapping[str, Any]:
    if isinstance(spec, ApprovalTask):
        return {"message": spec.message}
    if isinstance(spec, ForeachTask):
        return {"items": spec.items}
    if isinstance(spec, SubflowTask):
        return {"inputs": spec.inputs, "labels": spec.labels}
    assert isinstance(spec, WaitTask)
    if spec.event is not None:
        return {}
    return {"duration": spec.duration} if spec.duration is not None else {"until": spec.until}


def _seconds(values: Mapping[str, Any], now: datetime) -> _Rendered:
    """Converts `duration` or `until` to seconds from now, or returns an error."""
    try:
        if "duration" in values:
            seconds = parse_duration(values["duration"])
        else:
            until = datetime.fromisoformat(str(values["until"]))
            until = until if until.tzinfo else until.replace(tzinfo=UTC)
            seconds = (until - now).total_seconds()
            if seconds > MAX_SECONDS:
                raise ValueError("must be a time within 100 years")
    except (ValueError, OverflowError, Refused) as error:
        return TaskError("EXPRESSION", f"cannot wait for {dict(values)}: {error}")
    return {"seconds": max(0.0, seconds)}
