"""The actions that are available now. Mutations and the page's buttons use the same table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from models.errors import Problem, ProblemCode, Refused
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.transition_builder import TransitionBuilder
from models.states import EXECUTION_ENDS, WAITING_FOR_WORKER, ExecutionState, Section, TaskRunState


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
    Action.RESTART: frozenset(
        {
            ExecutionState.FAILED,
            ExecutionState.KILLED,
            ExecutionState.REJECTED,
            ExecutionState.ERROR,
            ExecutionState.CANCELLED,
        }
    ),
    Action.REPLAY: EXECUTION_ENDS,
    Action.PREPARE_EXECUTION: EXECUTION_ENDS,
    Action.FORCE_RUN: frozenset(
        {
            ExecutionState.CREATED,
            ExecutionState.QUEUED,
            ExecutionState.PAUSED,
            ExecutionState.RESTARTED,
            ExecutionState.RUNNING,
        }
    ),
    Action.CHANGE_STATE: EXECUTION_ENDS,
    Action.CHANGE_TASK_RUN_STATE: ALL - {ExecutionState.KILLING},
    Action.SET_LABELS: ALL,
    Action.APPROVE: ALL - EXECUTION_ENDS,
    Action.REJECT: ALL - EXECUTION_ENDS,
    Action.ADD_NOTE: ALL,
    Action.ARCHIVE: EXECUTION_ENDS,
    Action.UNARCHIVE: EXECUTION_ENDS,
    Action.DELETE: EXECUTION_ENDS,
}
"""The states in which each action is possible, if the content of the execution allows it too."""

WHEN: Final[Mapping[Action, str]] = {
    Action.CANCEL: "an execution that has not ended can be cancelled",
    Action.PAUSE: "only a RUNNING, FAILED_FINISHING or WAITING_FOR_APPROVAL execution can be paused",
    Action.RESUME: "only a PAUSED execution can be resumed",
    Action.RETRY_FAILED: "failed task runs can be retried while the execution is FAILED_FINISHING, "
    "or PAUSED with a failure",
    Action.RESTART: "only a FAILED, KILLED, REJECTED, ERROR or CANCELLED execution can be restarted",
    Action.REPLAY: "only an execution that has ended can be replayed",
    Action.PREPARE_EXECUTION: "a draft can be prepared only from an execution that has ended",
    Action.FORCE_RUN: "only a CREATED, QUEUED, PAUSED or RESTARTED execution can be forced to run, or a RUNNING one "
    "with task runs QUEUED or RETRYING",
    Action.CHANGE_STATE: "only the state of an execution that has ended can be changed",
    Action.CHANGE_TASK_RUN_STATE: "only the state of a task run that has ended can be changed, "
    "while the execution is not KILLING",
    Action.APPROVE: "only an execution with a task run WAITING_FOR_APPROVAL can be approved",
    Action.REJECT: "only an execution with a task run WAITING_FOR_APPROVAL can be rejected",
    Action.ARCHIVE: "only an execution that has ended, and is not archived, can be archived",
    Action.UNARCHIVE: "only an archived execution can be unarchived",
    Action.DELETE: "only an execution that has ended can be deleted; cancel it first",
}


_NEEDS_RUNNER: Final = frozenset(Action) - {
    Action.CHANGE_STATE,
    Action.SET_LABELS,
    Action.ADD_NOTE,
    Action.ARCHIVE,
    Action.UNARCHIVE,
    Action.DELETE,
}
_NEEDS_DOCUMENT: Final = _NEEDS_RUNNER - {Action.CANCEL, Action.REPLAY, Action.PREPARE_EXECUTION}
RAN_ELSEWHERE: Final = "it runs elsewhere and is only recorded here; use the system that runs it"


def available_actions(execution: Execution) -> list[Availability]:
    return [availability(execution, action) for action in Action]


def availability(execution: Execution, action: Action, task: TaskRun | None = None) -> Availability:
    """Returns the availability for the execution, or for its task run `task`."""
    if execution.ran_elsewhere and action in _NEEDS_RUNNER:
        return _availability_elsewhere(execution, action)
    if execution.plan.unreadable and action in _NEEDS_DOCUMENT:
        return Availability(action, False, ProblemCode.INVALID_STATE, execution.plan.unreadable)
    if execution.state not in ALLOWED_IN[action]:
        sentence = f"{WHEN[action]}; this one is {execution.state.value}"
        return Availability(action, False, ProblemCode.INVALID_STATE, sentence)
    if not _content_allows(execution, action, task):
        sentence = _reason(action, task)
        if action in _VOTES and execution.state is ExecutionState.WAITING_FOR_APPROVAL:
            sentence = f"{sentence}: the approval is pending in an execution that a subflow started; decide it there"
        return Availability(action, False, ProblemCode.INVALID_STATE, sentence)
    return Availability(action, True)


def _availability_elsewhere(execution: Execution, action: Action) -> Availability:
    """An execution that has not started can be cancelled here, as its runner must report the start first."""
    if action is not Action.CANCEL:
        return Availability(action, False, ProblemCode.INVALID_STATE, RAN_ELSEWHERE)
    if execution.state is ExecutionState.CREATED:
        return Availability(action, True)
    state = execution.state.value
    sentence = f"an execution that runs elsewhere can be cancelled here only while CREATED; this one is {state}"
    hint = "" if execution.ended else ": cancel it in the system that runs it"
    return Availability(action, False, ProblemCode.INVALID_STATE, f"{sentence}{hint}")


def _reason(action: Action, task: TaskRun | None) -> str:
    if task and action is Action.CHANGE_TASK_RUN_STATE:
        return f"{WHEN[action]}; this one is {task.state.value}"
    return _NOTHING_TO_DO.get(action) or f"{WHEN[action]}; this one has none"


_VOTES: Final = frozenset({Action.APPROVE, Action.REJECT})
_NOTHING_TO_DO: Final[Mapping[Action, str]] = {
    Action.RETRY_FAILED: "nothing to retry: no task run is FAILED, ERROR or KILLED",
    Action.RESTART: "nothing to run again: no task run is FAILED, ERROR, KILLED, REJECTED or CANCELLED; "
    "replay it instead",
    Action.FORCE_RUN: "nothing to force: no task run is QUEUED or RETRYING",
    Action.CHANGE_TASK_RUN_STATE: "no task run has ended yet",
    Action.ARCHIVE: f"{WHEN[Action.ARCHIVE]}; this one is archived",
    Action.UNARCHIVE: f"{WHEN[Action.UNARCHIVE]}; this one is not archived",
}


def _content_allows(execution: Execution, action: Action, task: TaskRun | None) -> bool:
    tasks = [task] if task else list(execution.tasks.values())
    if action is Action.RETRY_FAILED:
        return any(task.state in RETRIED for task in tasks)
    if action is Action.RESTART:
        return has_something_to_restart(execution)
    if action is Action.FORCE_RUN and execution.state is ExecutionState.RUNNING:
        return any(task.state in WAITING_FOR_WORKER for task in tasks)
    if action is Action.CHANGE_TASK_RUN_STATE:
        return any(task.ended for task in tasks)
    if action in (Action.APPROVE, Action.REJECT):
        waiting = TaskRunState.WAITING_FOR_APPROVAL
        return any(task.state is waiting for task in tasks)
    if action in (Action.ARCHIVE, Action.UNARCHIVE):
        return execution.archived is (action is Action.UNARCHIVE)
    return True


RETRIED: Final = frozenset({TaskRunState.FAILED, TaskRunState.ERROR, TaskRunState.KILLED})
RESTARTED: Final = RETRIED | {TaskRunState.REJECTED, TaskRunState.CANCELLED}


def has_something_to_restart(execution: Execution) -> bool:
    """Checks the flow's own tasks and for a failure of the execution itself; `errors` and `finally` do not count."""
    if execution.failure and execution.failure.path is None:
        return True
    return any(
        task.state in RESTARTED
        for task in execution.tasks.values()
        if execution.section_of(task) is Section.TASKS
    )


def require(execution: Execution, action: Action, *path: str, task: TaskRun | None = None) -> None:
    """Raises Refused INVALID_STATE with the state and the available actions; `path` is the argument that named it."""
    found = availability(execution, action, task)
    if not found.allowed:
        code = found.code or ProblemCode.INVALID_STATE
        problem = invalid_state(execution, found.reason or "", code)
        if task is not None:  # not offered, even if other task runs allow it
            actions = problem.details["available_actions"]
            possible = [found if _same(one, action) else one for one in actions]
            problem = replace(problem, details={**problem.details, "available_actions": possible})
        raise Refused([replace(problem, path=path)])


def _same(offered: Availability, action: Action) -> bool:
    return offered.allowed and offered.action is action


def invalid_state(
    execution: Execution, sentence: str, code: ProblemCode = ProblemCode.INVALID_STATE
) -> Problem:
    return Problem(
        code,
        sentence,
        details={
            "state": execution.state,
            "available_actions": available_actions(execution),
            "namespace": execution.plan.spec.namespace,
        },
    )


CHANGED_TO: Final = (
    ExecutionState.SUCCESS,
    ExecutionState.WARNING,
    ExecutionState.FAILED,
    ExecutionState.KILLED,
    ExecutionState.CANCELLED,
)
TASK_CHANGED_TO: Final = (
    TaskRunState.SUCCESS,
    TaskRunState.WARNING,
    TaskRunState.FAILED,
    TaskRunState.SKIPPED,
)


def require_state(builder: TransitionBuilder, state: ExecutionState) -> None:
    """Raises Refused unless the execution has ended, a reason is given, and people can set the state."""
    require(builder.execution, Action.CHANGE_STATE)
    _require_reason(builder)
    check_end(state)


def check_end(state: ExecutionState) -> None:
    """Raises Refused for a state that people cannot set."""
    _require_one_of(state, CHANGED_TO)


def require_task_state(builder: TransitionBuilder, task: TaskRun, state: TaskRunState) -> None:
    require(builder.execution, Action.CHANGE_TASK_RUN_STATE, task=task)
    _require_reason(builder)
    _require_one_of(state, TASK_CHANGED_TO)


def _require_reason(builder: TransitionBuilder) -> None:
    if not (builder.context.origin.reason or "").strip():
        sentence = "changing a state needs a reason; it is stored with the event"
        raise Refused.because(ProblemCode.VALIDATION, sentence, "reason")


def _require_one_of(state: StrEnum, allowed: Sequence[StrEnum]) -> None:
    if state not in allowed:
        names = ", ".join(each.value for each in allowed)
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"cannot be set to {state.value}; choose one of {names}",
            "state",
        )
