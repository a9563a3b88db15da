"""Attempts: taken by a worker, reported on, ended, lost."""

from datetime import timedelta
from typing import Any

from models.errors import Problem, ProblemCode
from models.events import (
    ApprovalRequested,
    AttemptEnded,
    AttemptStarted,
    FailureRecorded,
    LabelsSet,
    LateResult,
    OutputsSet,
    ProgressReported,
    PropertiesSet,
    TaskError,
)
from models.lifecycle.commands import (
    Conclude,
    Finish,
    KillDeadline,
    Lose,
    Prepare,
    Report,
    Start,
    WakeUp,
)
from models.lifecycle.settle import FENCE_AFTER, end_killed, move, settle
from models.lifecycle.snapshot import TaskRun
from models.lifecycle.steps import Steps
from models.retry import MAX_LOST, delay_before, may_retry
from models.spec import ApprovalTask, TaskSpec
from models.states import (
    WAITING_FOR_WORKER,
    AttemptState,
    ExecutionState,
    OnWorkerLost,
    TaskRunState,
)

_RUNS = frozenset({ExecutionState.RUNNING, ExecutionState.FAILED_FINISHING})


def start(steps: Steps, command: Start) -> None:
    """Accepted only where the job is still true; otherwise nothing is recorded and the job is dropped."""
    task = steps.execution.tasks.get(command.path)
    if (
        task is None
        or steps.execution.state not in _RUNS
        or task.state not in WAITING_FOR_WORKER
        or command.attempt != task.attempt + 1
    ):
        steps.refused = Problem(
            ProblemCode.INVALID_STATE, "the job no longer holds: its task run does not wait for it"
        )
        return
    steps.record(
        AttemptStarted(task.path, command.attempt, command.attempt_id, command.worker, task.state)
    )
    steps.lease(task.path, command.lease)


def report(steps: Steps, command: Report) -> None:
    task = steps.execution.tasks[command.path]
    if task.lease != command.lease:
        steps.refused = _void_lease()
        return
    if command.outputs:
        steps.record(OutputsSet(task.path, command.outputs))
    if command.properties:
        steps.record(PropertiesSet(task.path, command.properties))
    if command.labels:
        steps.record(LabelsSet({**steps.execution.labels, **command.labels}, task.path))
    if not (command.progress is None and command.message is None and command.inputs is None):
        steps.record(
            ProgressReported(
                task.path, task.attempt, command.progress, command.message, command.inputs
            )
        )


def finish(steps: Steps, command: Finish) -> None:
    task = steps.execution.tasks[command.path]
    newest = task.newest
    if task.lease != command.lease:
        if newest and newest.lease == command.lease and newest.state is command.state:
            return  # told twice: the first answer did not reach the worker
        worker = newest.worker if newest and newest.number == command.attempt else None
        steps.record(LateResult(task.path, command.attempt, command.state, worker, command.error))
        steps.refused = _void_lease()
        return
    _end(steps, task, command)
    settle(steps)


def lose(steps: Steps, command: Lose) -> None:
    task = steps.execution.tasks[command.path]
    if task.lease != command.lease:
        return
    error = TaskError("WORKER_LOST", "its worker was not heard of until the lease ran out")
    _end(
        steps,
        task,
        Finish(task.path, command.lease, AttemptState.LOST, task.attempt, error=error),
    )
    settle(steps)


def fence(steps: Steps, _: KillDeadline) -> None:
    """What has outlived its kill loses its lease; the execution ends now."""
    execution = steps.execution
    killing = execution.killing
    if execution.state is not ExecutionState.KILLING or killing is None:
        return
    if steps.now < killing.at + timedelta(seconds=FENCE_AFTER):
        return
    for task in list(execution.tasks.values()):
        if task.state is TaskRunState.KILLING:
            end_killed(steps, task, AttemptState.LOST, "not ended within its grace; fenced")
    settle(steps)


def _void_lease() -> Problem:
    return Problem(
        ProblemCode.CONFLICT, "the lease of this attempt is void: it was fenced, lost or ended"
    )


# -- what an end makes of the task run --------------------------------------------------------------------------------


def _end(steps: Steps, task: TaskRun, command: Finish) -> None:
    spec = steps.execution.spec_of(task)
    to_state, delay = _next(steps, task, spec, command)
    retries = to_state is TaskRunState.RETRYING
    steps.record(
        AttemptEnded(
            path=task.path,
            attempt=task.attempt,
            state=command.state,
            from_state=task.state,
            to_state=to_state,
            inputs=command.inputs,
            outputs=command.outputs,
            error=command.error,
            exit_code=command.exit_code,
            resources=command.resources,
            retry_at=steps.now + timedelta(seconds=delay) if retries else None,
            reason=command.reason,
        )
    )


def _next(
    steps: Steps, task: TaskRun, spec: TaskSpec, command: Finish
) -> tuple[TaskRunState, float]:
    """The task run's next state, and the seconds until its next attempt."""
    if task.state is TaskRunState.KILLING:
        done = command.state is AttemptState.SUCCESS
        return (TaskRunState.SUCCESS if done else TaskRunState.KILLED), 0.0
    if command.state is AttemptState.SUCCESS:
        return TaskRunState.SUCCESS, 0.0
    if command.erred:
        return TaskRunState.ERROR, 0.0
    if command.state is AttemptState.LOST:
        return _next_after_loss(task, spec)
    used = task.attempt - task.attempt_base - task.lost
    if may_retry(spec.retry, command.state, used):
        assert spec.retry
        return TaskRunState.RETRYING, delay_before(spec.retry, used, steps.context.random)
    return (TaskRunState.WARNING if spec.allow_failure else TaskRunState.FAILED), 0.0


def _next_after_loss(task: TaskRun, spec: TaskSpec) -> tuple[TaskRunState, float]:
    """A lost attempt is no fault of the task and does not use up its retries, up to a bound."""
    again = spec.on_worker_lost is OnWorkerLost.RETRY and task.lost + 1 < MAX_LOST
    return (TaskRunState.QUEUED if again else TaskRunState.ERROR), 0.0


# -- the engine's own attempts ----------------------------------------------------------------------------------------


def prepare(steps: Steps, command: Prepare) -> None:
    """The settings of a wait or an approval are evaluated: wait, or ask."""
    task = steps.execution.tasks[command.path]
    if task.state is not TaskRunState.RUNNING or task.attempt != command.attempt:
        return
    if command.error:
        _end_own(steps, task, AttemptState.FAILED, TaskRunState.ERROR, error=command.error)
        settle(steps)
        return
    values = command.values or {}
    spec = steps.execution.spec_of(task)
    if isinstance(spec, ApprovalTask):
        _ask_for_approval(steps, task, spec, values)
        settle(steps)
    else:
        _wait(steps, task, values)


def _ask_for_approval(
    steps: Steps, task: TaskRun, spec: ApprovalTask, values: dict[str, Any] | Any
) -> None:
    steps.record(
        ApprovalRequested(
            path=task.path,
            attempt=task.attempt,
            id=steps.context.new_id(),
            message=str(values.get("message", spec.message)),
            required=spec.required,
            users=tuple(spec.users),
            roles=tuple(spec.roles),
            comment_rule=spec.comment,
            from_state=task.state,
        )
    )


def _wait(steps: Steps, task: TaskRun, values: dict[str, Any] | Any) -> None:
    """`seconds` from now: the courier has turned a duration or a time into it."""
    seconds = float(values["seconds"])
    until = steps.now + timedelta(seconds=seconds)
    steps.record(
        ProgressReported(
            task.path, task.attempt, message=f"waits until {until.isoformat()}", wake_at=until
        )
    )
    steps.promise(WakeUp(task.path, task.attempt), seconds)


def wake_up(steps: Steps, command: WakeUp) -> None:
    task = steps.execution.tasks[command.path]
    if task.state is not TaskRunState.RUNNING or task.attempt != command.attempt:
        return
    _end_own(steps, task, AttemptState.SUCCESS, TaskRunState.SUCCESS)
    settle(steps)


def _end_own(
    steps: Steps,
    task: TaskRun,
    state: AttemptState,
    to_state: TaskRunState,
    error: TaskError | None = None,
) -> None:
    steps.record(AttemptEnded(task.path, task.attempt, state, task.state, to_state, error=error))


def conclude(steps: Steps, command: Conclude) -> None:
    """The flow's outputs are evaluated: the execution ends. While paused they are asked for again at resume."""
    execution = steps.execution
    if execution.state is not ExecutionState.RUNNING or not all(
        task.ended for task in execution.tasks.values()
    ):
        return
    if command.error:
        steps.record(FailureRecorded(command.error))
        settle(steps)
        return
    if command.outputs:
        steps.record(OutputsSet(None, command.outputs))
    good = any(task.state is TaskRunState.WARNING for task in execution.tasks.values())
    move(steps, ExecutionState.WARNING if good else ExecutionState.SUCCESS)
