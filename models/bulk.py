"""One action on many executions: its parameters, the command for each execution, and whether it is allowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from models.access.viewer import Permission, Viewer, not_permitted
from models.errors import Problem, ProblemCode, Refused
from models.labels import check_labels
from models.lifecycle import action_permissions
from models.lifecycle.actions import Action, Availability, availability, check_end
from models.lifecycle.approvals.consent import SUCCEEDED, refusal, undecided
from models.lifecycle.approvals.voters import why_not
from models.lifecycle.commands.commands import (
    Cancel,
    CastVote,
    ChangeState,
    Command,
    ForceRun,
    Pause,
    Restart,
    Resume,
    RetryFailed,
    SetLabels,
)
from models.lifecycle.commands.records import AddNote, Archive, Delete, Unarchive
from models.lifecycle.notes_and_archive import check_text
from models.lifecycle.reruns.rerun_plan import refuse_unsaved
from models.lifecycle.snapshot import Approval, Execution
from models.states import ApprovalState, ExecutionState, LabelMode, VoteDecision

MOST: Final = 10_000
"""Executions in one set."""
MOST_ATOMIC: Final = 1_000
"""Executions that are changed in one transaction: more would hold their locks for too long."""


class BulkMode(StrEnum):
    ATOMIC = "ATOMIC"
    EACH = "EACH"


class BulkState(StrEnum):
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class BulkOutcome(StrEnum):
    DONE = "DONE"
    REFUSED = "REFUSED"
    LEFT = "LEFT"


_ONE_BY_ONE: Final = frozenset({Action.PREPARE_EXECUTION, Action.CHANGE_TASK_RUN_STATE})
PERMISSIONS: Final[Mapping[Action, Permission]] = {
    action: permission
    for action, permission in action_permissions.PERMISSIONS.items()
    if action not in _ONE_BY_ONE
}
"""The actions that exist in bulk, and the permission that each needs."""

_PARAMETERS: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.CANCEL: ("cascade", "force"),
    Action.PAUSE: ("cascade",),
    Action.RESUME: ("cascade",),
    Action.FORCE_RUN: ("cascade",),
    Action.REPLAY: ("from_task", "latest"),
    Action.CHANGE_STATE: ("state",),
    Action.SET_LABELS: ("labels", "mode"),
    Action.ADD_NOTE: ("text",),
    Action.DELETE: ("logs", "metrics", "artifacts"),
}
_API_NAMES: Final = {"from_task": "fromTask", "latest": "revision"}
_NEEDED: Final = {
    Action.CHANGE_STATE: "state",
    Action.SET_LABELS: "labels",
    Action.ADD_NOTE: "text",
}


@dataclass(frozen=True, slots=True)
class Instruction:
    """An action with its parameters; None is "not given"."""

    action: Action
    labels: Mapping[str, str] | None = None
    mode: LabelMode | None = None
    state: ExecutionState | None = None
    text: str | None = None
    cascade: bool | None = None
    force: bool | None = None
    from_task: str | None = None
    latest: bool | None = None
    logs: bool | None = None
    metrics: bool | None = None
    artifacts: bool | None = None

    def check(self) -> None:
        """Raises Refused for an action that does not exist in bulk, and for wrong parameters."""
        if self.action not in PERMISSIONS:
            actions = ", ".join(PERMISSIONS)
            raise _wrong(
                f"{self.action.value} is not a bulk action; use one of {actions}", "action"
            )
        mine = _PARAMETERS.get(self.action, ())
        for name in (one for names in _PARAMETERS.values() for one in names):
            if name not in mine and getattr(self, name) is not None:
                shown = _API_NAMES.get(name, name)
                raise _wrong(f"{self.action.value} does not take {shown}; leave it out", shown)
        needed = _NEEDED.get(self.action)
        if needed and getattr(self, needed) is None:
            raise _wrong(f"{self.action.value} needs {needed}", needed)
        self._check_values()

    def _check_values(self) -> None:
        if self.labels is not None:
            check_labels(self.labels)
        if self.text is not None:
            check_text(self.text)
        if self.state is not None:
            check_end(self.state)

    def check_reason(self, reason: str | None) -> None:
        if self.action is Action.CHANGE_STATE and not (reason or "").strip():
            raise _wrong("changing a state needs a reason; it is stored with each event", "reason")

    def command(self, note_id: UUID) -> Command:
        """Returns the command for each execution. For votes, use `vote`; a replay has no command."""
        simple = _SIMPLE.get(self.action)
        if simple:
            return simple
        match self.action:
            case Action.CANCEL:
                return Cancel(force=bool(self.force), cascade=self.cascade is not False)
            case Action.PAUSE | Action.RESUME | Action.FORCE_RUN:
                return _CASCADING[self.action](self.cascade is not False)
            case Action.CHANGE_STATE if self.state:
                return ChangeState(self.state)
            case Action.SET_LABELS:
                return SetLabels(self.labels or {}, self.mode or LabelMode.MERGE)
            case Action.ADD_NOTE if self.text:
                return AddNote(note_id, self.text)
            case Action.DELETE:
                kept = {name: getattr(self, name) is not False for name in _PARAMETERS[self.action]}
                return Delete(**kept)
        raise _wrong(f"{self.action.value} is not a bulk action", "action")


_SIMPLE: Final[Mapping[Action, Command]] = {
    Action.RETRY_FAILED: RetryFailed(),
    Action.RESTART: Restart(),
    Action.ARCHIVE: Archive(),
    Action.UNARCHIVE: Unarchive(),
}
_CASCADING: Final[Mapping[Action, type[Pause] | type[Resume] | type[ForceRun]]] = {
    Action.PAUSE: Pause,
    Action.RESUME: Resume,
    Action.FORCE_RUN: ForceRun,
}
VOTES: Final[Mapping[Action, VoteDecision]] = {
    Action.APPROVE: VoteDecision.APPROVE,
    Action.REJECT: VoteDecision.REJECT,
}


def vote(
    execution: Execution, action: Action, roles: frozenset[str], comment: str | None
) -> CastVote:
    """Returns the vote on the only pending request. Raises Refused if there is none, or more than one."""
    found = _open_requests(execution)
    if len(found) != 1:
        raise Refused.because(
            ProblemCode.INVALID_STATE,
            f"pending approvals: {len(found)}; only an execution with exactly one can be decided in bulk",
        )
    return CastVote(found[0].id, VOTES[action], roles, comment)


def _open_requests(execution: Execution) -> list[Approval]:
    requests = (task.approval for task in execution.tasks.values())
    return [one for one in requests if one and one.state is ApprovalState.PENDING]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Whether an action is allowed on one execution now, and if not, why."""

    allowed: bool
    code: ProblemCode | None = None
    reason: str | None = None


def evaluate(execution: Execution, instruction: Instruction, viewer: Viewer) -> Evaluation:
    """Decides like the action's button on the execution's page, for this viewer."""
    action = instruction.action
    permission = PERMISSIONS[action]
    namespace = execution.plan.spec.namespace
    if not viewer.may(permission, namespace):
        return Evaluation(False, ProblemCode.FORBIDDEN, not_permitted(permission, namespace))
    found: Availability = availability(execution, action)
    if found.allowed and action in VOTES:
        return _evaluate_vote(execution, instruction, viewer)
    if found.allowed and action is Action.REPLAY and not instruction.latest:
        return _evaluate_replay(execution, viewer)
    if found.allowed and instruction.state in SUCCEEDED:
        return _evaluate_end(execution, viewer)
    return Evaluation(found.allowed, found.code, found.reason)


def _evaluate_vote(execution: Execution, instruction: Instruction, viewer: Viewer) -> Evaluation:
    roles = viewer.roles_in(execution.plan.spec.namespace)
    try:
        vote(execution, instruction.action, roles, None)
    except Refused as refused:
        return _refusal(refused.problems[0])
    (request,) = _open_requests(execution)
    problem = why_not(execution, request, viewer.actor, roles, viewer.same_person)
    return _refusal(problem) if problem else Evaluation(True)


def _evaluate_replay(execution: Execution, viewer: Viewer) -> Evaluation:
    try:
        refuse_unsaved(execution.plan, viewer.permissions_in(execution.plan.spec.namespace))
    except Refused as refused:
        return _refusal(refused.problems[0])
    return Evaluation(True)


def _evaluate_end(execution: Execution, viewer: Viewer) -> Evaluation:
    """Evaluates a change to an end state that passes the undecided approvals."""
    passed_by = undecided(execution)
    if passed_by and not viewer.may(Permission.OVERRIDE_APPROVAL, execution.plan.spec.namespace):
        return _refusal(refusal(passed_by))
    return Evaluation(True)


def _refusal(problem: Problem) -> Evaluation:
    return Evaluation(False, problem.code, problem.message)


def shared_namespace(namespaces: list[str]) -> str | None:
    """Returns the nearest namespace that contains all of these; None if there is none."""
    paths = [name.split(".") for name in namespaces]
    shared: list[str] = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ".".join(shared) or None


def _wrong(sentence: str, path: str) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, path)
