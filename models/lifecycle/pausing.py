"""Pause and resume. Running attempts continue; nothing new starts, not even a retry."""

from models.events.events import Parent
from models.lifecycle.actions import Action, require
from models.lifecycle.advance.advance import advance, move
from models.lifecycle.commands.commands import Evaluate, Pause, Resume
from models.lifecycle.commands.subflows import FollowParent
from models.lifecycle.stopping import reason_for_child
from models.lifecycle.transition_builder import TransitionBuilder
from models.spec import SubflowTask
from models.states import WAITING_FOR_WORKER, ExecutionState, TaskRunState


def pause(builder: TransitionBuilder, command: Pause) -> None:
    require(builder.execution, Action.PAUSE)
    move(builder, ExecutionState.PAUSED, cascade=command.cascade)
    if command.cascade:
        _defer_to_children(builder, pause=True)


def resume(builder: TransitionBuilder, command: Resume) -> None:
    """Resumes the execution, and starts what was held back."""
    require(builder.execution, Action.RESUME)
    failed = builder.execution.has_failed
    leave_pause(
        builder,
        ExecutionState.FAILED_FINISHING if failed else ExecutionState.RUNNING,
        command.cascade,
    )
    advance(builder)


def leave_pause(builder: TransitionBuilder, to: ExecutionState, cascade: bool = True) -> None:
    """Gives new jobs to the task runs that were held back, since jobs taken during the pause were dropped, and starts
    the subflows that were held back."""
    for task in builder.execution.tasks.values():
        if task.state in WAITING_FOR_WORKER:
            builder.enqueue(task)
        elif (
            task.state is TaskRunState.RUNNING
            and task.child is None
            and isinstance(builder.execution.spec_of(task), SubflowTask)
        ):
            builder.defer(Evaluate(task.path, task.attempt))
    move(builder, to)
    if cascade:
        _defer_to_children(builder, pause=False)


def _defer_to_children(builder: TransitionBuilder, pause: bool) -> None:
    what = "was paused" if pause else "was resumed"
    for task in builder.execution.tasks.values():
        if task.child and task.state is TaskRunState.RUNNING:
            parent = Parent(builder.execution.id, task.path, task.attempt)
            why = reason_for_child(builder, task, what)
            builder.defer_to(task.child, FollowParent(parent, pause), why)
