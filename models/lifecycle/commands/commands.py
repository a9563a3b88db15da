"""The commands to an execution. People's actions, workers' reports, and what the engine promised itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from models.access.viewer import EVERYWHERE, Scope
from models.events.events import TaskError
from models.lifecycle.commands.external import RecordExecution, Retold
from models.lifecycle.commands.outcomes import AttemptOutcome
from models.lifecycle.commands.records import RecordCommand, RemoveFiles
from models.lifecycle.commands.subflows import (
    Adopt,
    AwaitChild,
    ResumeChild,
    ToChild,
    ToParent,
)
from models.lifecycle.provenance import Links, Reused
from models.lifecycle.snapshot import CompiledFlow
from models.run_options import RunOptions
from models.states import (
    ExecutionState,
    FailureAction,
    LabelMode,
    TaskRunState,
    VoteDecision,
)

# -- people -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Create:
    """Inputs are validated already; where one has the execution's `id` in it, it has that. With an `idempotency_key`
    the same `digest` gives the first answer again. `reused` are task runs by key that are not run; with
    `links.cached_from` nothing is, and `outputs` are its outputs. `limited`: the flow's newest revision has a limit.

    `starters` are people who have it started beside who asks, who may have it pass approvals (`may_override`).
    `subflows` are the tasks whose flows ask people, with why the decisions made there do not stand, if so. `latest` is
    the newest revision, where a person asks for an older one. `scope`: see `Execution`."""

    plan: CompiledFlow
    id: UUID | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    on_failure: FailureAction | None = None
    options: RunOptions = field(default_factory=RunOptions)
    trigger: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    digest: str | None = None
    links: Links = field(default_factory=Links)
    reused: Mapping[str, Reused] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    system_labels: Mapping[str, str] = field(default_factory=dict)
    limited: bool = False
    shares_slot: bool = False
    cache_key: str | None = None
    starters: tuple[str, ...] = ()
    scope: Scope = EVERYWHERE
    may_override: bool = False
    subflows: Mapping[str, str | None] = field(default_factory=dict)
    latest: CompiledFlow | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Asked again while KILLING, or with `force`, it leaves no grace. `cascade` cancels what its subflows started."""

    force: bool = False
    cascade: bool = True


@dataclass(frozen=True, slots=True)
class Pause:
    """`cascade` pauses what its subflows started, too."""

    cascade: bool = True


@dataclass(frozen=True, slots=True)
class Resume:
    """`cascade` lets what its subflows started go on, too."""

    cascade: bool = True


@dataclass(frozen=True, slots=True)
class RetryFailed: ...


@dataclass(frozen=True, slots=True)
class Restart: ...


@dataclass(frozen=True, slots=True)
class ForceRun:
    """`cascade`: where it was paused, what its subflows started goes on too."""

    cascade: bool = True


@dataclass(frozen=True, slots=True)
class ChangeState:
    """`may_override`: who asks may have it pass approvals."""

    state: ExecutionState
    may_override: bool = False


@dataclass(frozen=True, slots=True)
class ChangeTaskRunState:
    """`may_override`: who asks may have it pass approvals. `subflows` are the tasks whose flows ask people."""

    path: str
    state: TaskRunState
    outputs: Mapping[str, Any] | None = None
    may_override: bool = False
    subflows: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SetLabels:
    labels: Mapping[str, str]
    mode: LabelMode = LabelMode.MERGE
    may_override: bool = False


@dataclass(frozen=True, slots=True)
class CastVote:
    """`voter_roles` are what the voter holds; whether they suffice is decided under the lock.

    `override` is a vote past the policy, which needs `may_override`. `same_person` are the actors that the voter is
    beside who asks: a vote counts as the person's, whichever of them gave it.
    """

    approval_id: UUID
    decision: VoteDecision
    voter_roles: frozenset[str]
    comment: str | None = None
    form: Mapping[str, Any] | None = None
    override: bool = False
    key: str | None = None
    may_override: bool = False
    same_person: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Signal:
    """An event sent to the execution: taken by a `wait` for its name, or kept until one comes."""

    name: str
    data: Any = None


# -- workers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """A worker has taken the job of attempt `attempt`. `job_id` is acknowledged in the same transaction."""

    path: str
    attempt: int
    attempt_id: UUID
    worker: str
    lease: UUID
    job_id: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A running task says this of itself; outputs, properties and labels are merged."""

    path: str
    lease: UUID
    progress: float | None = None
    message: str | None = None
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    properties: Mapping[str, Any] | None = None
    labels: Mapping[str, str] | None = None
    git: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """The attempt has ended. `inputs` and `outputs` are those that no `Report` has carried."""

    path: str
    lease: UUID
    attempt: int
    outcome: AttemptOutcome
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    exit_code: int | None = None
    resources: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Lose:
    """The lease ran out by the database's clock."""

    path: str
    lease: UUID


# -- the engine's promises to itself, kept as rows until they are carried out ----------------------------------------


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Have the expressions of an engine task, its `when` (`condition`), or with no path the flow's outputs, evaluated.
    Not for `decide`: the courier carries it out and asks `Prepare`, `Judge` or `Conclude` with the result."""

    path: str | None
    attempt: int | None
    condition: bool = False


@dataclass(frozen=True, slots=True)
class Prepare:
    """The evaluated settings of an engine task, or why they cannot be evaluated."""

    path: str
    attempt: int
    result: Mapping[str, Any] | TaskError


@dataclass(frozen=True, slots=True)
class Judge:
    """Whether a task's `when` is true, or why it cannot be evaluated."""

    path: str
    attempt: int
    result: bool | TaskError


@dataclass(frozen=True, slots=True)
class StartChild:
    """Start the execution of a subflow's attempt. Not for `decide`: the courier does, or asks `Prepare`."""

    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Begin:
    """The time of a scheduled execution has come."""


@dataclass(frozen=True, slots=True)
class Admit:
    """Let a QUEUED execution run, if its flow has a slot for it."""


@dataclass(frozen=True, slots=True)
class AdmitNext:
    """Have the next in the flow's line admitted. Not for `decide`: the courier finds it and asks `Admit`."""


@dataclass(frozen=True, slots=True)
class MakeRoom:
    """Give way to a newer execution of the flow: its slot, or its place in the line."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Labels that Headway sets itself, such as `system.replayed` on the source of a replay."""

    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Conclude:
    """The evaluated outputs of the flow, or why they cannot be evaluated."""

    result: Mapping[str, Any] | TaskError


@dataclass(frozen=True, slots=True)
class GoOn:
    """Start what a decision left for the next one."""


@dataclass(frozen=True, slots=True)
class WakeUp:
    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class TimeOut:
    """An attempt of the engine's own has had its time."""

    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class TimeOutExecution:
    pass


@dataclass(frozen=True, slots=True)
class ApprovalDue:
    """A clock of a request has run out: its timeout, its escalation, or its next reminder."""

    path: str
    approval_id: UUID
    what: str


@dataclass(frozen=True, slots=True)
class KillDeadline:
    """Those attempts (path and number) that have not ended by now are fenced."""

    attempts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class FinallyDeadline:
    """`finally` has had its time in an execution that is being killed since the event `since`."""

    since: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Headway cannot go on with it: the execution ends in ERROR, with this code and sentence."""

    code: str
    message: str


WorkerCommand = Start | Report | Finish | Lose
Beginning = Create | RecordExecution
Promised = (
    MakeRoom
    | Cancel
    | ToParent
    | ToChild
    | Begin
    | Mark
    | GoOn
    | WakeUp
    | TimeOut
    | TimeOutExecution
    | ApprovalDue
    | KillDeadline
    | FinallyDeadline
)
"""Commands that the engine takes as they are when they are due, of this execution or of another."""
Command = (
    Create
    | Pause
    | Resume
    | RetryFailed
    | Restart
    | ForceRun
    | ChangeState
    | ChangeTaskRunState
    | SetLabels
    | CastVote
    | Signal
    | RecordCommand
    | WorkerCommand
    | Prepare
    | Judge
    | Adopt
    | AwaitChild
    | ResumeChild
    | Admit
    | Conclude
    | Promised
    | GiveUp
    | Retold
)
Errand = Evaluate | StartChild | AdmitNext | RemoveFiles
"""Work that has to be done outside of a transaction first."""
Deferrable = Promised | Errand
