"""Pause and resume. What runs goes on; nothing new starts, retries included."""

from models.events.events import Parent
from models.lifecycle.actions import Action, require
from models.lifecycle.advance.advance import advance, move
from models.lifecycle.commands.commands import Evaluate, Pause, Resume
from models.lifecycle.commands.subflows import FollowParent
from models.lifecycle.stopping import because
from models.lifecycle.transition_builder import TransitionBuilder
from models.spec import SubflowTask
from models.states import WAITING_FOR_WORKER, ExecutionState, TaskRunState


def pause(builder: TransitionBuilder, command: Pause) -> None:
    require(builder.execution, Action.PAUSE)
    move(builder, ExecutionState.PAUSED, cascade=command.cascade)
    if command.cascade:
        _have_children_follow(builder, pause=True)


def resume(builder: TransitionBuilder, command: Resume) -> None:
    """Judged again, with what was held back."""
    require(builder.execution, Action.RESUME)
    failed = builder.execution.has_failed
    leave_pause(
        builder,
        ExecutionState.FAILED_FINISHING if failed else ExecutionState.RUNNING,
        command.cascade,
    )
    advance(builder)


def leave_pause(builder: TransitionBuilder, to: ExecutionState, cascade: bool = True) -> None:
    """Task runs that were held back get their jobs anew, since those taken meanwhile were dropped; and so do subflows,
    of which none were started."""
    for task in builder.execution.tasks.values():
        if task.state in WAITING_FOR_WORKER:
            builder.line_up(task)
        elif (
            task.state is TaskRunState.RUNNING
            and task.child is None
            and isinstance(builder.execution.spec_of(task), SubflowTask)
        ):
            builder.promise(Evaluate(task.path, task.attempt))
    move(builder, to)
    if cascade:
        _have_children_follow(builder, pause=False)


def _have_children_follow(builder: TransitionBuilder, pause: bool) -> None:
    what = "was paused" if pause else "goes on"
    for task in builder.execution.tasks.values():
        if task.child and task.state is TaskRunState.RUNNING:
            parent = Parent(builder.execution.id, task.path, task.attempt)
            why = because(builder, task, what)
            builder.promise_to(task.child, FollowParent(parent, pause), why)
