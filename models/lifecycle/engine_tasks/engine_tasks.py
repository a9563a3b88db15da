"""Runs the tasks of the engine itself, without a worker: waits, approvals, subflows, foreach. Also handles the results
of evaluated expressions."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from models.events.events import (
    ConditionEvaluated,
    FailureRecorded,
    OutputsSet,
    ProgressReported,
    SignalReceived,
    TaskError,
)
from models.lifecycle.advance.advance import advance, end_of, fail_condition, move
from models.lifecycle.advance.foreach import expand
from models.lifecycle.advance.starting import may_start_attempt, start
from models.lifecycle.approvals import approvals
from models.lifecycle.commands.commands import (
    Conclude,
    Prepare,
    SetCondition,
    Signal,
    StartChild,
    WakeUp,
)
from models.lifecycle.commands.outcomes import Errored, Succeeded
from models.lifecycle.ending import end_attempt, error_end
from models.lifecycle.engine_tasks.signals import (
    check_event,
    longest_waiting,
    require_capacity,
    require_not_ended,
)
from models.lifecycle.snapshot import TaskRun
from models.lifecycle.transition_builder import TransitionBuilder
from models.spec import ApprovalTask, ForeachTask, SubflowTask, WaitTask
from models.states import Condition, ExecutionState, TaskRunState


def record_condition(builder: TransitionBuilder, command: SetCondition) -> None:
    """Records the result of an evaluated `when`."""
    task = builder.execution.tasks[command.path]
    if task.state is not TaskRunState.CREATED or task.condition is not Condition.EVALUATING:
        return
    if isinstance(command.result, TaskError):
        fail_condition(builder, task, command.result)
    else:
        builder.emit(ConditionEvaluated(task.path, command.result))
    advance(builder)


def prepare(builder: TransitionBuilder, command: Prepare) -> None:
    """Continues an engine task with its evaluated settings: waits, requests approval, starts the child, or adds the
    iterations."""
    task = _running(builder, command.path, command.attempt)
    if task is None or task.child or task.path in builder.execution.families:
        return
    if isinstance(command.result, TaskError):
        to_state = error_end(builder.execution.spec_of(task))
        end_attempt(builder, task, Errored(command.result), to_state)
    else:
        _run(builder, task, command.result)
    advance(builder)


def _run(builder: TransitionBuilder, task: TaskRun, values: Mapping[str, Any]) -> None:
    spec = builder.execution.spec_of(task)
    if isinstance(spec, ApprovalTask):
        approvals.request(builder, task, spec, str(values.get("message", spec.message)))
    elif isinstance(spec, ForeachTask):
        expand(builder, task, values.get("items"))
    elif isinstance(spec, SubflowTask):
        builder.emit(ProgressReported(task.path, task.attempt, inputs=values))
        builder.defer(StartChild(task.path, task.attempt))
    elif isinstance(spec, WaitTask):
        _wait(builder, task, spec, values)


def _running(builder: TransitionBuilder, path: str, attempt: int) -> TaskRun | None:
    """Returns the task run if this attempt of it still runs."""
    task = builder.execution.tasks[path]
    runs = task.state is TaskRunState.RUNNING and task.attempt == attempt
    return task if runs else None


# -- waiting ----------------------------------------------------------------------------------------------------------


def _wait(
    builder: TransitionBuilder, task: TaskRun, spec: WaitTask, values: Mapping[str, Any]
) -> None:
    """Waits for the evaluated `seconds`, or for an event, which may have arrived already."""
    if spec.event is not None:
        if queue := builder.execution.signals.get(spec.event):
            _take_signal(builder, task, spec.event, queue[0])
            return
        message = f"waits for the event {spec.event}"
        builder.emit(ProgressReported(task.path, task.attempt, message=message))
        return
    seconds = float(values["seconds"])
    until = builder.now + timedelta(seconds=seconds)
    message = f"waits until {until.isoformat()}"
    builder.emit(ProgressReported(task.path, task.attempt, message=message, wake_at=until))
    builder.defer(WakeUp(task.path, task.attempt), seconds)


def wake_up(builder: TransitionBuilder, command: WakeUp) -> None:
    """Ends a wait whose time has come, or starts the next attempt of an engine task after its backoff."""
    task = builder.execution.tasks[command.path]
    if task.attempt != command.attempt:
        return
    if task.state is TaskRunState.RUNNING:
        end_attempt(builder, task, Succeeded(), TaskRunState.SUCCESS)
    elif task.state is TaskRunState.RETRYING and may_start_attempt(builder.execution, task):
        start(builder, task)
    advance(builder)


def receive(builder: TransitionBuilder, command: Signal) -> None:
    """Receives an event sent through the API. It ends the wait that began first; without one it is queued.

    It is queued behind others in any case: a wait that has just begun takes the oldest one when it is prepared.
    """
    require_not_ended(builder.execution)
    check_event(command.name, command.data)
    task = longest_waiting(builder.execution, command.name)
    if task is None or command.name in builder.execution.signals:
        require_capacity(builder.execution, command)
        builder.emit(SignalReceived(command.name, command.data, queued=True))
    else:
        _take_signal(builder, task, command.name, command.data)
    advance(builder)


def _take_signal(builder: TransitionBuilder, task: TaskRun, name: str, data: Any) -> None:
    builder.emit(SignalReceived(name, data, task.path))
    outputs = {"event": name, "data": data}
    end_attempt(builder, task, Succeeded(), TaskRunState.SUCCESS, outputs)


# -- the end ----------------------------------------------------------------------------------------------------------


def conclude(builder: TransitionBuilder, command: Conclude) -> None:
    """Ends the execution with its evaluated outputs. If it is paused, they are evaluated again at resume."""
    execution = builder.execution
    if execution.state is not ExecutionState.RUNNING or not all(
        task.ended for task in execution.tasks.values()
    ):
        return
    if isinstance(command.result, TaskError):
        builder.emit(FailureRecorded(command.result))
        advance(builder)
        return
    if command.result:
        builder.emit(OutputsSet(None, command.result))
    move(builder, end_of(builder.execution))
