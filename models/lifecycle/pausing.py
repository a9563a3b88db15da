"""Pause and resume. What runs goes on; nothing new starts, retries included."""

from models.events.events import Parent
from models.lifecycle.actions import Action, require
from models.lifecycle.advance.settle import advance, move
from models.lifecycle.commands.commands import Evaluate, Pause, Resume
from models.lifecycle.commands.subflows import FollowParent
from models.lifecycle.steps import Decision
from models.lifecycle.stopping import because
from models.spec import SubflowTask
from models.states import WAITING_FOR_WORKER, ExecutionState, TaskRunState


def pause(steps: Decision, command: Pause) -> None:
    require(steps.execution, Action.PAUSE)
    move(steps, ExecutionState.PAUSED, cascade=command.cascade)
    if command.cascade:
        _have_children_follow(steps, pause=True)


def resume(steps: Decision, command: Resume) -> None:
    """Judged again, with what was held back."""
    require(steps.execution, Action.RESUME)
    failed = steps.execution.has_failed
    leave_pause(
        steps,
        ExecutionState.FAILED_FINISHING if failed else ExecutionState.RUNNING,
        command.cascade,
    )
    advance(steps)


def leave_pause(steps: Decision, to: ExecutionState, cascade: bool = True) -> None:
    """Task runs that were held back get their jobs anew, since those taken meanwhile were dropped; and so do subflows,
    of which none were started."""
    for task in steps.execution.tasks.values():
        if task.state in WAITING_FOR_WORKER:
            steps.line_up(task)
        elif (
            task.state is TaskRunState.RUNNING
            and task.child is None
            and isinstance(steps.execution.spec_of(task), SubflowTask)
        ):
            steps.promise(Evaluate(task.path, task.attempt))
    move(steps, to)
    if cascade:
        _have_children_follow(steps, pause=False)


def _have_children_follow(steps: Decision, pause: bool) -> None:
    what = "was paused" if pause else "goes on"
    for task in steps.execution.tasks.values():
        if task.child and task.state is TaskRunState.RUNNING:
            parent = Parent(steps.execution.id, task.path, task.attempt)
            why = because(steps, task, what)
            steps.promise_to(task.child, FollowParent(parent, pause), why)
