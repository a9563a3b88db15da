"""Attempts of workers: their start, reports, end and loss."""

from datetime import timedelta

from models.errors import Problem, ProblemCode
from models.events.events import (
    AttemptStarted,
    LabelsSet,
    LateResult,
    OutputsSet,
    ProgressReported,
    PropertiesSet,
    TaskError,
)
from models.lifecycle.advance.advance import advance
from models.lifecycle.advance.starting import may_start_attempt
from models.lifecycle.commands.commands import Finish, KillDeadline, Lose, Report, Start
from models.lifecycle.commands.outcomes import (
    AttemptOutcome,
    Errored,
    FromCache,
    HandedBack,
    Killed,
    Lost,
    Succeeded,
    TimedOut,
)
from models.lifecycle.ending import end_attempt, error_end
from models.lifecycle.external import record
from models.lifecycle.snapshot import TaskRun
from models.lifecycle.stopping import end_stopped, timed_out
from models.lifecycle.transition_builder import TransitionBuilder
from models.retry import delay_before, may_retry
from models.spec import TaskSpec
from models.states import WAITING_FOR_WORKER, ExecutionState, OnWorkerLost, TaskRunState


def start(builder: TransitionBuilder, command: Start) -> None:
    """Starts the attempt if its task run still waits for it; otherwise nothing is recorded and the job is dropped."""
    task = builder.execution.tasks.get(command.path)
    if (
        task is None
        or not may_start_attempt(builder.execution, task)
        or task.state not in WAITING_FOR_WORKER
        or command.attempt != task.attempt + 1
    ):
        builder.refused = Problem(
            ProblemCode.INVALID_STATE, "the job is obsolete: its task run does not wait for it"
        )
        return
    builder.emit(
        AttemptStarted(task.path, command.attempt, command.attempt_id, command.worker, task.state)
    )
    builder.lease(task.path, command.lease)


def report(builder: TransitionBuilder, command: Report) -> None:
    task = builder.execution.tasks[command.path]
    if task.lease != command.lease:
        builder.refused = _void_lease()
        return
    if command.outputs:
        builder.emit(OutputsSet(task.path, command.outputs, task.attempt))
    if command.properties:
        builder.emit(PropertiesSet(task.path, command.properties, task.attempt))
    if command.labels:
        builder.emit(LabelsSet({**builder.execution.labels, **command.labels}, task.path))
    if command.git:
        record.set_git(builder, command.git)
    if not (command.progress is None and command.message is None and command.inputs is None):
        builder.emit(
            ProgressReported(
                task.path, task.attempt, command.progress, command.message, command.inputs
            )
        )


def finish(builder: TransitionBuilder, command: Finish) -> None:
    task = builder.execution.tasks[command.path]
    newest = task.newest
    if task.lease != command.lease:
        if newest and newest.lease == command.lease and newest.state is command.outcome.state:
            return  # sent twice: the first response did not reach the worker
        worker = newest.worker if newest and newest.number == command.attempt else None
        state, error = command.outcome.state, command.outcome.error
        builder.emit(LateResult(task.path, command.attempt, state, worker, error))
        builder.refused = _void_lease()
        return
    _end(builder, task, command)
    advance(builder)


def lose(builder: TransitionBuilder, command: Lose) -> None:
    task = builder.execution.tasks[command.path]
    if task.lease != command.lease:
        return
    message = "its worker sent no heartbeat until the lease expired"
    spec = builder.execution.spec_of(task)
    if spec.on_worker_lost is OnWorkerLost.RETRY and not _may_be_lost_again(task, spec):
        message += f"; that is the last of {spec.max_lost} attempts that may be lost (max_lost)"
    error = TaskError("WORKER_LOST", message)
    _end(builder, task, Finish(task.path, command.lease, task.attempt, Lost(error)))
    advance(builder)


def fence(builder: TransitionBuilder, command: KillDeadline) -> None:
    """Fences attempts that have not ended by their kill deadline, and continues to the end of the execution."""
    for path, attempt in command.attempts:
        task = builder.execution.tasks[path]
        if task.state is TaskRunState.KILLING and task.attempt == attempt:
            end_stopped(builder, task, "not ended within its grace; fenced", fenced=True)
    advance(builder)


def _void_lease() -> Problem:
    return Problem(
        ProblemCode.CONFLICT, "the lease of this attempt is void: it was fenced, lost or ended"
    )


# -- the end of an attempt --------------------------------------------------------------------------------------------


def _end(builder: TransitionBuilder, task: TaskRun, command: Finish) -> None:
    spec = builder.execution.spec_of(task)
    outcome = _outcome(builder, task, command.outcome)
    to_state, delay = _next(builder, task, spec, outcome)
    retries = to_state is TaskRunState.RETRYING
    end_attempt(
        builder,
        task,
        outcome,
        to_state,
        command.outputs,
        inputs=command.inputs,
        exit_code=command.exit_code,
        resources=command.resources,
        retry_at=builder.now + timedelta(seconds=delay) if retries else None,
    )


def _next(
    builder: TransitionBuilder, task: TaskRun, spec: TaskSpec, outcome: AttemptOutcome
) -> tuple[TaskRunState, float]:
    """Returns the task run's next state, and the seconds until its next attempt."""
    if isinstance(outcome, FromCache):
        return TaskRunState.CACHED, 0.0
    if isinstance(outcome, Succeeded):
        return TaskRunState.SUCCESS, 0.0
    if task.state is TaskRunState.KILLING:
        timed_out = builder.execution.state is not ExecutionState.KILLING
        return (TaskRunState.FAILED if timed_out else TaskRunState.KILLED), 0.0
    if isinstance(outcome, Errored):
        by_expression = outcome.error.code == "EXPRESSION"
        return (error_end(spec) if by_expression else TaskRunState.ERROR), 0.0
    if isinstance(outcome, Lost | HandedBack):
        return _next_after_loss(task, spec, isinstance(outcome, HandedBack)), 0.0
    used = task.attempt - task.attempt_base - task.lost
    if may_retry(spec.retry, outcome.state, used):
        assert spec.retry
        return TaskRunState.RETRYING, delay_before(spec.retry, used, builder.context.random)
    return (TaskRunState.WARNING if spec.allow_failure else TaskRunState.FAILED), 0.0


def _outcome(builder: TransitionBuilder, task: TaskRun, outcome: AttemptOutcome) -> AttemptOutcome:
    """An attempt that is killed while its execution is not being killed has timed out, by the execution's timeout."""
    killed = task.state is TaskRunState.KILLING and isinstance(outcome, Killed)
    if killed and builder.execution.state is not ExecutionState.KILLING:
        return TimedOut(outcome.error or timed_out(task))
    return outcome


def _next_after_loss(task: TaskRun, spec: TaskSpec, handed_back: bool) -> TaskRunState:
    """A lost attempt does not use up the task's retries. A task that loses its worker too often is assumed to be the
    cause."""
    again = spec.on_worker_lost is OnWorkerLost.RETRY
    again = again and (handed_back or _may_be_lost_again(task, spec))
    return TaskRunState.QUEUED if again else TaskRunState.ERROR


def _may_be_lost_again(task: TaskRun, spec: TaskSpec) -> bool:
    """Checks the limit `max_lost`, including the loss that is being recorded."""
    return task.lost - task.handed_back + 1 < spec.max_lost
