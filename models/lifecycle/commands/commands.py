"""The commands to an execution: actions of people, reports of workers, and deferred commands of the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from models.access.viewer import EVERYWHERE, Scope
from models.events.events import TaskError
from models.lifecycle.commands.external import ExternalCommand, RecordExecution
from models.lifecycle.commands.outcomes import AttemptOutcome
from models.lifecycle.commands.records import RecordCommand, RemoveFiles
from models.lifecycle.commands.subflows import Adopt, AwaitChild, ResumeChild, ToChild, ToParent
from models.lifecycle.provenance import Links, Reused
from models.lifecycle.snapshot import CompiledFlow
from models.run_options import RunOptions
from models.states import ExecutionState, FailureAction, LabelMode, TaskRunState, VoteDecision

# -- people -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Create:
    """The inputs are validated already; `id` is set if an input contains it. With an `idempotency_key` the same digest
    returns the first execution again. `reused` are task runs by key that do not run; with `links.cached_from` none
    runs, and `outputs` are the execution's outputs. `limited`: the flow's newest revision has a concurrency limit.

    `starters` are people who caused the start in addition to the sender; `may_override`: the sender may override
    approvals. `subflows` are the tasks whose flows need approvals, each with the reason why decisions made there cannot
    be reused, if so. `latest` is the newest revision, if a person starts an older one. `scope`: see `Execution`."""

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
    """A second one while KILLING, or `force`, skips the grace period. `cascade` also cancels the children."""

    force: bool = False
    cascade: bool = True


@dataclass(frozen=True, slots=True)
class Pause:
    """`cascade` also pauses the children."""

    cascade: bool = True


@dataclass(frozen=True, slots=True)
class Resume:
    """`cascade` also resumes the children."""

    cascade: bool = True


@dataclass(frozen=True, slots=True)
class RetryFailed: ...


@dataclass(frozen=True, slots=True)
class Restart: ...


@dataclass(frozen=True, slots=True)
class ForceRun:
    """`cascade`: if the execution was paused, its children are resumed too."""

    cascade: bool = True


@dataclass(frozen=True, slots=True)
class ChangeState:
    """`may_override`: the sender may override approvals."""

    state: ExecutionState
    may_override: bool = False


@dataclass(frozen=True, slots=True)
class ChangeTaskRunState:
    """`may_override`: the sender may override approvals. `subflows` are the tasks whose flows need approvals."""

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
    """`voter_roles` are the voter's roles; whether they suffice is decided while the execution is locked.

    `override` decides without the policy, which requires `may_override`. `same_person` are the other actors of the same
    person: a vote counts as the person's, whichever actor cast it.
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
    """An event sent to the execution: taken by a `wait` for its name, or kept until there is one."""

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
    """A report of a running task; outputs, properties and labels are merged."""

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
    """The lease expired by the database's clock."""

    path: str
    lease: UUID


# -- the engine: most are deferred, as rows until they are run -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Evaluates the expressions of an engine task, its `when` (`condition`), or without a path the flow's outputs.
    Not for `decide`: the runner evaluates them and submits `Prepare`, `SetCondition` or `Conclude` with the result."""

    path: str | None
    attempt: int | None
    condition: bool = False


@dataclass(frozen=True, slots=True)
class Prepare:
    """The evaluated settings of an engine task, or the error."""

    path: str
    attempt: int
    result: Mapping[str, Any] | TaskError


@dataclass(frozen=True, slots=True)
class SetCondition:
    """Whether a task's `when` is true, or the error of its evaluation."""

    path: str
    attempt: int
    result: bool | TaskError


@dataclass(frozen=True, slots=True)
class StartChild:
    """Starts the execution of a subflow's attempt. Not for `decide`: the runner starts it, or submits `Prepare`."""

    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Begin:
    """Starts a scheduled execution, as its time has come."""


@dataclass(frozen=True, slots=True)
class Admit:
    """Runs a QUEUED execution if its flow has a slot for it."""


@dataclass(frozen=True, slots=True)
class AdmitNext:
    """Admits the next execution in the flow's queue. Not for `decide`: the runner finds it and submits `Admit`."""


@dataclass(frozen=True, slots=True)
class CancelForNewer:
    """Cancels the execution in favour of a newer one of its flow, which needs its slot or its place in the queue."""


@dataclass(frozen=True, slots=True)
class SetSystemLabels:
    """Sets labels of Headway itself, such as `system.replayed` on the source of a replay."""

    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Conclude:
    """The evaluated outputs of the flow, or the error."""

    result: Mapping[str, Any] | TaskError


@dataclass(frozen=True, slots=True)
class Continue:
    """Starts the tasks that an earlier decision left for the next one."""


@dataclass(frozen=True, slots=True)
class WakeUp:
    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class TimeOut:
    """The timeout of an engine task's attempt has passed."""

    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class TimeOutExecution:
    pass


@dataclass(frozen=True, slots=True)
class ApprovalDue:
    """A timer of an approval request is due: its timeout, its escalation, or its next reminder (`what`)."""

    path: str
    approval_id: UUID
    what: str


@dataclass(frozen=True, slots=True)
class KillDeadline:
    """Fences those of the attempts (path and number) that have not ended."""

    attempts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class FinallyDeadline:
    """The deadline of `finally` has passed, in an execution that is being killed since the event `since`."""

    since: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Ends an execution that Headway cannot continue in ERROR, with this code and message."""

    code: str
    message: str


PersonCommand = (
    Cancel
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
)
WorkerCommand = Start | Report | Finish | Lose
Beginning = Create | RecordExecution
DeferredCommand = (
    CancelForNewer
    | Cancel
    | ToParent
    | ToChild
    | Begin
    | SetSystemLabels
    | Continue
    | WakeUp
    | TimeOut
    | TimeOutExecution
    | ApprovalDue
    | KillDeadline
    | FinallyDeadline
)
"""Deferred commands that are submitted to the engine unchanged when they are due."""
Command = (
    Create
    | PersonCommand
    | WorkerCommand
    | Prepare
    | SetCondition
    | Adopt
    | AwaitChild
    | ResumeChild
    | Admit
    | Conclude
    | DeferredCommand
    | GiveUp
    | ExternalCommand
)
SideEffect = Evaluate | StartChild | AdmitNext | RemoveFiles
"""Deferred commands that need work outside of a transaction first."""
Deferrable = DeferredCommand | SideEffect
