"""Admission of executions: from CREATED to RUNNING, at the scheduled time and when the flow has a free slot."""

from models.concurrency import Admission, admit
from models.events.events import FailureRecorded, PriorityChanged, TaskError
from models.lifecycle.advance.advance import advance, move
from models.lifecycle.advance.starting import start
from models.lifecycle.commands.commands import Admit, Begin, CancelForNewer, ForceRun
from models.lifecycle.commands.subflows import FollowParent
from models.lifecycle.pausing import leave_pause
from models.lifecycle.snapshot import Execution, is_engine_task
from models.lifecycle.stopping import kill
from models.lifecycle.transition_builder import TransitionBuilder
from models.states import WAITING_FOR_WORKER, ExecutionState, TaskRunState

FORCED_PRIORITY = 10_000
"""The priority of executions that were forced to run: above the `MAX_PRIORITY` of a request."""


def admit_or_queue(builder: TransitionBuilder) -> None:
    """Runs a new or restarted execution, or applies its flow's concurrency limit."""
    execution = builder.execution
    slots = None if execution.shares_slot else builder.context.slots
    admission, victim = admit(slots)
    if admission is not Admission.RUN and execution.state is ExecutionState.RESTARTED:
        admission, victim = Admission.QUEUE, None
    if victim is not None:
        builder.defer_to(
            victim, CancelForNewer(), f"made room for {execution.name}: concurrency limit"
        )
    if admission is Admission.RUN:
        move(builder, ExecutionState.RUNNING)
        advance(builder)
    elif admission is Admission.QUEUE:
        move(builder, ExecutionState.QUEUED)
    else:
        _drop(builder, admission)


def _drop(builder: TransitionBuilder, admission: Admission) -> None:
    if admission is Admission.FAIL:
        message = "its flow's concurrency limit was reached"
        builder.emit(FailureRecorded(TaskError("CONCURRENCY_LIMIT", message)))
    _cancel_everything(builder)
    failed = admission is Admission.FAIL
    move(builder, ExecutionState.FAILED if failed else ExecutionState.CANCELLED)


def _cancel_everything(builder: TransitionBuilder) -> None:
    for task in list(builder.execution.tasks.values()):
        if not task.ended:
            builder.move_task(task, TaskRunState.CANCELLED)


def begin_at_its_time(builder: TransitionBuilder, _: Begin) -> None:
    if builder.execution.state is ExecutionState.CREATED:
        admit_or_queue(builder)


def admit_from_line(builder: TransitionBuilder, _: Admit) -> None:
    """Does nothing if there is no slot after all: the execution that frees one triggers the next admission."""
    execution = builder.execution
    slots = builder.context.slots
    if execution.state is ExecutionState.QUEUED and (slots is None or slots.is_next(execution.id)):
        move(builder, ExecutionState.RUNNING)
        if execution.parent:  # it may have been paused while this execution was queued
            follow = FollowParent(execution.parent, pause=True)
            builder.defer_to(execution.id, follow, "the execution that started it is paused")
        advance(builder)


def cancel_for_newer(builder: TransitionBuilder, _: CancelForNewer) -> None:
    execution = builder.execution
    if execution.state is ExecutionState.QUEUED:
        _cancel_everything(builder)
        move(builder, ExecutionState.CANCELLED)
    elif not execution.ended and execution.state is not ExecutionState.KILLING:
        kill(builder)
        advance(builder)


def force_run(builder: TransitionBuilder, command: ForceRun) -> None:
    """Starts the execution now, ignoring limits and backoff, with the highest priority."""
    execution = builder.execution
    if execution.options.priority < FORCED_PRIORITY:
        builder.emit(PriorityChanged(FORCED_PRIORITY))
    if execution.state is ExecutionState.PAUSED:
        failed = execution.has_failed
        to = ExecutionState.FAILED_FINISHING if failed else ExecutionState.RUNNING
        leave_pause(builder, to, command.cascade)
    else:
        move(builder, ExecutionState.RUNNING)
    skip_waiting(builder)
    advance(builder)


def skip_waiting(builder: TransitionBuilder) -> None:
    """Makes the jobs of all waiting task runs due now and first in their queues; retries skip their backoff."""
    for path in list(builder.execution.tasks):
        task = builder.execution.tasks[path]
        if task.state not in WAITING_FOR_WORKER:
            continue
        if is_engine_task(builder.execution.spec_of(task)):
            start(builder, task)
            continue
        if task.state is TaskRunState.RETRYING:
            builder.move_task(task, TaskRunState.QUEUED)
        builder.requeue(builder.execution.tasks[path])


def can_be_forced(execution: Execution) -> bool:
    """Checks whether a task run of a RUNNING execution waits for a worker or a backoff."""
    return any(task.state in WAITING_FOR_WORKER for task in execution.tasks.values())
