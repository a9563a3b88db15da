"""What may be asked of an execution. People's actions, workers' reports, and what the engine promised itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from models.events import TaskError
from models.lifecycle.snapshot import Plan
from models.states import AttemptState, FailureAction, LabelMode, VoteDecision

# -- people -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Create:
    """Inputs are validated already. With an `idempotency_key` the same `digest` gives the first answer again."""

    plan: Plan
    inputs: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    on_failure: FailureAction | None = None
    disabled_tasks: tuple[str, ...] = ()
    priority: int = 0
    trigger: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Asked again while KILLING, or with `force`, it leaves no grace."""

    force: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    pass


@dataclass(frozen=True, slots=True)
class Resume:
    pass


@dataclass(frozen=True, slots=True)
class RetryFailed:
    pass


@dataclass(frozen=True, slots=True)
class SetLabels:
    labels: Mapping[str, str]
    mode: LabelMode = LabelMode.MERGE


@dataclass(frozen=True, slots=True)
class CastVote:
    """`voter_roles` are what the voter holds; whether they suffice is decided under the lock."""

    approval_id: UUID
    decision: VoteDecision
    voter_roles: frozenset[str]
    comment: str | None = None


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
    """What a running task says of itself; outputs, properties and labels are merged."""

    path: str
    lease: UUID
    progress: float | None = None
    message: str | None = None
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    properties: Mapping[str, Any] | None = None
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """`state` is SUCCESS, FAILED, TIMED_OUT, KILLED or LOST (handed back while draining).

    `erred` means that Headway could not run it (an expression): the task run becomes ERROR and is not retried.
    """

    path: str
    lease: UUID
    state: AttemptState
    attempt: int
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    error: TaskError | None = None
    exit_code: int | None = None
    resources: Mapping[str, Any] | None = None
    reason: str | None = None
    erred: bool = False


@dataclass(frozen=True, slots=True)
class Lose:
    """The lease ran out by the database's clock."""

    path: str
    lease: UUID


# -- the engine's promises to itself, kept as rows until they are carried out ----------------------------------------


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Have the expressions of an engine task, or with no path the flow's outputs, evaluated. Not for `decide`:
    the courier carries it out and asks `Prepare` or `Conclude` with the result."""

    path: str | None
    attempt: int | None


@dataclass(frozen=True, slots=True)
class Prepare:
    """The evaluated settings of an engine task, or why they cannot be."""

    path: str
    attempt: int
    values: Mapping[str, Any] | None
    error: TaskError | None = None


@dataclass(frozen=True, slots=True)
class Conclude:
    """The evaluated outputs of the flow, or why they cannot be."""

    outputs: Mapping[str, Any] | None
    error: TaskError | None = None


@dataclass(frozen=True, slots=True)
class WakeUp:
    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class KillDeadline:
    """What has not ended by now is fenced."""


Command = (
    Create
    | Cancel
    | Pause
    | Resume
    | RetryFailed
    | SetLabels
    | CastVote
    | Start
    | Report
    | Finish
    | Lose
    | Prepare
    | Conclude
    | WakeUp
    | KillDeadline
)
Deferrable = Evaluate | WakeUp | KillDeadline
