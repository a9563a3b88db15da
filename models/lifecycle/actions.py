"""What people ask for, and what they may ask for now. The mutation and the button read the same table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from models.errors import Problem, ProblemCode, Refused
from models.events import KillForced, LabelsSet
from models.labels import changed_labels
from models.lifecycle.commands import Cancel, KillDeadline, Pause, Resume, RetryFailed, SetLabels
from models.lifecycle.settle import FENCE_AFTER, kill, move, settle, start
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.steps import Steps
from models.states import (
    EXECUTION_ENDS,
    TASK_RUN_RETURNS,
    WAITING_FOR_WORKER,
    ExecutionState,
    TaskRunState,
)


class Action(StrEnum):
    CANCEL = "CANCEL"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    RETRY_FAILED = "RETRY_FAILED"
    RESTART = "RESTART"
    REPLAY = "REPLAY"
    PREPARE_EXECUTION = "PREPARE_EXECUTION"
    FORCE_RUN = "FORCE_RUN"
    CHANGE_STATE = "CHANGE_STATE"
    CHANGE_TASK_RUN_STATE = "CHANGE_TASK_RUN_STATE"
    SET_LABELS = "SET_LABELS"
    ADD_NOTE = "ADD_NOTE"
    ARCHIVE = "ARCHIVE"
    UNARCHIVE = "UNARCHIVE"
    DELETE = "DELETE"
    APPROVE = "APPROVE"
    REJECT = "REJECT"


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an action is possible now; if not, a code and a sentence that names what would allow it."""

    action: Action
    allowed: bool
    code: ProblemCode | None = None
    reason: str | None = None


ALL: Final = frozenset(ExecutionState)
ALLOWED_IN: Final[Mapping[Action, frozenset[ExecutionState]]] = {
    Action.CANCEL: ALL - EXECUTION_ENDS,
    Action.PAUSE: frozenset(
        {
            ExecutionState.RUNNING,
            ExecutionState.FAILED_FINISHING,
            ExecutionState.WAITING_FOR_APPROVAL,
        }
    ),
    Action.RESUME: frozenset({ExecutionState.PAUSED}),
    Action.RETRY_FAILED: frozenset({ExecutionState.FAILED_FINISHING, ExecutionState.PAUSED}),
    Action.SET_LABELS: ALL,
    Action.APPROVE: ALL - EXECUTION_ENDS,
    Action.REJECT: ALL - EXECUTION_ENDS,
}
"""The states in which each action is possible; an action without a row is not built yet."""

_WHEN: Final[Mapping[Action, str]] = {
    Action.CANCEL: "an execution that has not ended can be cancelled",
    Action.PAUSE: "only a RUNNING, FAILED_FINISHING or WAITING_FOR_APPROVAL execution can be paused",
    Action.RESUME: "only a PAUSED execution can be resumed",
    Action.RETRY_FAILED: "failed task runs can be retried while the execution is FAILED_FINISHING, "
    "or PAUSED with a failure",
    Action.APPROVE: "only an execution with a task run WAITING_FOR_APPROVAL can be approved",
    Action.REJECT: "only an execution with a task run WAITING_FOR_APPROVAL can be rejected",
}


def available_actions(execution: Execution) -> list[Availability]:
    return [availability(execution, action) for action in Action]


def availability(execution: Execution, action: Action, task: TaskRun | None = None) -> Availability:
    """Of the execution; or, with `task`, of that one of its task runs."""
    states = ALLOWED_IN.get(action)
    if states is None:
        name = action.value.lower().replace("_", " ")
        return Availability(action, False, ProblemCode.NOT_YET, f"{name} is not built yet")
    if execution.state in states and _content_allows(execution, action, task):
        return Availability(action, True)
    sentence = f"{_WHEN[action]}; this one is {execution.state.value}"
    if action is Action.RETRY_FAILED and execution.state in states:
        sentence = "nothing to retry: no task run is FAILED, ERROR or KILLED"
    return Availability(action, False, ProblemCode.INVALID_STATE, sentence)


def _content_allows(execution: Execution, action: Action, task: TaskRun | None) -> bool:
    tasks = [task] if task else execution.tasks.values()
    if action is Action.RETRY_FAILED:
        return any(_is_put_back(task) for task in tasks)
    if action in (Action.APPROVE, Action.REJECT):
        waiting = TaskRunState.WAITING_FOR_APPROVAL
        return any(task.state is waiting for task in tasks)
    return True


def require(execution: Execution, action: Action) -> None:
    """Raises Refused INVALID_STATE, carrying the state and the available actions."""
    found = availability(execution, action)
    if not found.allowed:
        raise Refused([invalid_state(execution, found)])


def invalid_state(execution: Execution, found: Availability) -> Problem:
    return Problem(
        found.code or ProblemCode.INVALID_STATE,
        found.reason or "",
        details={"state": execution.state, "available_actions": available_actions(execution)},
    )


# -- their effects ----------------------------------------------------------------------------------------------------


def cancel(steps: Steps, command: Cancel) -> None:
    require(steps.execution, Action.CANCEL)
    if steps.execution.state is not ExecutionState.KILLING:
        kill(steps, command.force)
        return
    assert steps.execution.killing
    if not steps.execution.killing.force:
        steps.record(KillForced())
        steps.promise(KillDeadline(), FENCE_AFTER)


def pause(steps: Steps, _: Pause) -> None:
    require(steps.execution, Action.PAUSE)
    move(steps, ExecutionState.PAUSED)


def resume(steps: Steps, _: Resume) -> None:
    """Judged again; what was held back gets its jobs anew, since those taken meanwhile were dropped."""
    require(steps.execution, Action.RESUME)
    _leave_pause(steps)
    settle(steps)


def retry_failed(steps: Steps, _: RetryFailed) -> None:
    require(steps.execution, Action.RETRY_FAILED)
    if steps.execution.state is ExecutionState.PAUSED:
        _line_up_again(steps)
    for task in list(steps.execution.tasks.values()):
        if task.state is TaskRunState.CANCELLED:
            steps.move_task(task, TaskRunState.CREATED)
    for task in list(steps.execution.tasks.values()):
        if _is_put_back(task):
            start(steps, task)
    move(steps, ExecutionState.RUNNING)
    settle(steps)


def set_labels(steps: Steps, command: SetLabels) -> None:
    require(steps.execution, Action.SET_LABELS)
    labels = changed_labels(steps.execution.labels, command.labels, command.mode)
    if labels != steps.execution.labels:
        steps.record(LabelsSet(labels))


def _is_put_back(task: TaskRun) -> bool:
    return TaskRunState.QUEUED in TASK_RUN_RETURNS[task.state]


def _leave_pause(steps: Steps) -> None:
    _line_up_again(steps)
    failed = steps.execution.has_failed
    move(steps, ExecutionState.FAILED_FINISHING if failed else ExecutionState.RUNNING)


def _line_up_again(steps: Steps) -> None:
    for task in steps.execution.tasks.values():
        if task.state in WAITING_FOR_WORKER:
            steps.line_up(task)
