"""From CREATED to RUNNING: at its time, and when its flow has a slot for it."""

from models.concurrency import Admission, admit
from models.events.events import FailureRecorded, PriorityChanged, TaskError
from models.lifecycle.advance.settle import advance, move
from models.lifecycle.advance.starting import start
from models.lifecycle.commands.commands import Admit, Begin, ForceRun, MakeRoom
from models.lifecycle.commands.subflows import FollowParent
from models.lifecycle.pausing import leave_pause
from models.lifecycle.snapshot import Execution, is_engine_task
from models.lifecycle.steps import Decision
from models.lifecycle.stopping import kill
from models.states import (
    WAITING_FOR_WORKER,
    ExecutionState,
    TaskRunState,
)

FIRST_IN_LINE = 10_000
"""The priority of what was forced to run; people give at most 1 000."""


def handle(steps: Decision) -> None:
    """Run a new or restarted execution, or do what its flow's limit says."""
    execution = steps.execution
    slots = None if execution.shares_slot else steps.context.slots
    admission, victim = admit(slots)
    if admission is not Admission.RUN and execution.state is ExecutionState.RESTARTED:
        admission, victim = Admission.QUEUE, None
    if victim is not None:
        steps.promise_to(victim, MakeRoom(), f"made room for {execution.name}: its flow's limit")
    if admission is Admission.RUN:
        move(steps, ExecutionState.RUNNING)
        advance(steps)
    elif admission is Admission.QUEUE:
        move(steps, ExecutionState.QUEUED)
    else:
        _drop(steps, admission)


def _drop(steps: Decision, admission: Admission) -> None:
    if admission is Admission.FAIL:
        told = "its flow's concurrency limit was reached"
        steps.record(FailureRecorded(TaskError("CONCURRENCY_LIMIT", told)))
    _cancel_everything(steps)
    failed = admission is Admission.FAIL
    move(steps, ExecutionState.FAILED if failed else ExecutionState.CANCELLED)


def _cancel_everything(steps: Decision) -> None:
    for task in list(steps.execution.tasks.values()):
        if not task.ended:
            steps.move_task(task, TaskRunState.CANCELLED)


def begin_at_its_time(steps: Decision, _: Begin) -> None:
    if steps.execution.state is ExecutionState.CREATED:
        handle(steps)


def admit_from_line(steps: Decision, _: Admit) -> None:
    """Nothing, if there is no slot for it after all: whoever frees one asks again."""
    execution = steps.execution
    slots = steps.context.slots
    if execution.state is ExecutionState.QUEUED and (slots is None or slots.is_next(execution.id)):
        move(steps, ExecutionState.RUNNING)
        if execution.parent:  # which may have been paused while this one waited
            follow = FollowParent(execution.parent, pause=True)
            steps.promise_to(execution.id, follow, "the execution that started it is paused")
        advance(steps)


def make_room(steps: Decision, _: MakeRoom) -> None:
    execution = steps.execution
    if execution.state is ExecutionState.QUEUED:
        _cancel_everything(steps)
        move(steps, ExecutionState.CANCELLED)
    elif not execution.ended and execution.state is not ExecutionState.KILLING:
        kill(steps)
        advance(steps)


def force_run(steps: Decision, command: ForceRun) -> None:
    """Starts now, past limits and backoff, and goes first in line."""
    execution = steps.execution
    if execution.priority < FIRST_IN_LINE:
        steps.record(PriorityChanged(FIRST_IN_LINE))
    if execution.state is ExecutionState.PAUSED:
        failed = execution.has_failed
        to = ExecutionState.FAILED_FINISHING if failed else ExecutionState.RUNNING
        leave_pause(steps, to, command.cascade)
    else:
        move(steps, ExecutionState.RUNNING)
    hasten(steps)
    advance(steps)


def hasten(steps: Decision) -> None:
    """Jobs due now and before all others; a retry waits no longer."""
    for path in list(steps.execution.tasks):
        task = steps.execution.tasks[path]
        if task.state not in WAITING_FOR_WORKER:
            continue
        if is_engine_task(steps.execution.spec_of(task)):
            start(steps, task)
            continue
        if task.state is TaskRunState.RETRYING:
            steps.move_task(task, TaskRunState.QUEUED)
        steps.line_up_first(steps.execution.tasks[path])


def can_be_forced(execution: Execution) -> bool:
    """Of a RUNNING one: whether anything in it waits for a worker or a backoff."""
    return any(task.state in WAITING_FOR_WORKER for task in execution.tasks.values())
