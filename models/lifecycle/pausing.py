"""Pause and resume. What runs goes on; nothing new starts, retries included."""

from models.lifecycle.actions import Action, require
from models.lifecycle.commands import Pause, Resume
from models.lifecycle.settle import move, settle
from models.lifecycle.steps import Steps
from models.states import WAITING_FOR_WORKER, ExecutionState


def pause(steps: Steps, _: Pause) -> None:
    require(steps.execution, Action.PAUSE)
    move(steps, ExecutionState.PAUSED)


def resume(steps: Steps, _: Resume) -> None:
    """Judged again; what was held back gets its jobs anew, since those taken meanwhile were dropped."""
    require(steps.execution, Action.RESUME)
    line_up_again(steps)
    failed = steps.execution.has_failed
    move(steps, ExecutionState.FAILED_FINISHING if failed else ExecutionState.RUNNING)
    settle(steps)


def line_up_again(steps: Steps) -> None:
    for task in steps.execution.tasks.values():
        if task.state in WAITING_FOR_WORKER:
            steps.line_up(task)
