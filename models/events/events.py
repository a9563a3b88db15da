"""The facts of an execution: one frozen dataclass each. `decide` makes them, `evolve` applies them.

A fact names a task run by its `path` within the execution. States stand in the fact where it changes one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.events.approval_events import (
    ApprovalClosed,
    ApprovalEscalated,
    ApprovalOverridden,
    ApprovalReminded,
    ApprovalRequested,
    ApprovalVoted,
)
from models.events.event_types import EventType
from models.events.record_events import Archived, GitSet, NoteAdded, Unarchived
from models.run_options import RunOptions
from models.states import (
    AttemptState,
    Channel,
    ExecutionState,
    FailureAction,
    Origin,
    TaskRunState,
)
from models.task_error import TaskError as TaskError  # noqa: PLC0414 - the facts name it


@dataclass(frozen=True, slots=True)
class Carried:
    """A task run that is not run: its end, the earlier task run that holds its outputs, and the digest of what the
    decisions that stand for its own were made on."""

    state: TaskRunState
    outputs_from: UUID
    decided_on: str | None = None


@dataclass(frozen=True, slots=True)
class Parent:
    """The attempt of a subflow task that started an execution."""

    execution_id: UUID
    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ExecutionCreated(RunOptions):
    """`shares_slot`: one of the same flow holds the slot of both while it waits for this; without a `parent` it is a
    test, which takes none. `starters`, `scope`: see `Execution`. `given_labels`: not the flow's. Of `origin` EXTERNAL
    it has no revision; `created_at` is when it was created there, and `afterwards` says that it is recorded when all of
    it may be over."""

    flow_id: UUID | None
    revision_id: UUID | None
    revision: int | None
    namespace: str
    flow_key: str
    kind: str
    name: str
    inputs: Mapping[str, Any]
    labels: Mapping[str, str]
    on_failure: FailureAction
    trigger: Mapping[str, Any] | None
    task_runs: Mapping[str, UUID]
    rerun_of: UUID | None = None
    replay_of: UUID | None = None
    original_id: UUID | None = None
    cached_from: UUID | None = None
    carried: Mapping[str, Carried] = field(default_factory=dict)
    parent: Parent | None = None
    shares_slot: bool = False
    cache_key: str | None = None
    origin: Origin = Origin.HEADWAY
    git: Mapping[str, Any] | None = None
    properties: Mapping[str, Any] | None = None
    heartbeat_ttl: float | None = None
    starters: tuple[str, ...] = ()
    scope: tuple[str, ...] | None = None
    created_at: datetime | None = None
    afterwards: bool = False
    given_labels: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ExecutionMoved:
    """`told_at` is when it happened, where that was told from outside and is not when it was recorded. `cascade`: of a
    pause or kill, whether the executions that its subflows started follow. `shares_slot`: of a child that its parent,
    of the same flow, brought back: it uses that one's slot. `cached_from`: it ended in CACHED, with what this one had
    made."""

    from_state: ExecutionState
    to_state: ExecutionState
    told_at: datetime | None = None
    cascade: bool = True
    shares_slot: bool = False
    cached_from: UUID | None = None


@dataclass(frozen=True, slots=True)
class TaskRunMoved:
    path: str
    from_state: TaskRunState
    to_state: TaskRunState
    error: TaskError | None = None


@dataclass(frozen=True, slots=True)
class TaskRunsAdded:
    """The iterations of the foreach at `path`: ids of their task runs by path, in their order."""

    path: str
    task_runs: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class ConditionAsked:
    path: str


@dataclass(frozen=True, slots=True)
class ConditionJudged:
    path: str
    holds: bool


@dataclass(frozen=True, slots=True)
class ChildLinked:
    """The execution that a subflow's attempt has started, or goes on with since that one's event `child_seq`."""

    path: str
    attempt: int
    child: UUID
    child_seq: int | None = None


@dataclass(frozen=True, slots=True)
class ChildStateChanged:
    """The child of a subflow's task run stands still, or goes on. `held`: it, or one below it, is paused or waits for a
    person, so that time does not count. `child_seq` is the child's event that says so: older news is ignored."""

    path: str
    child: UUID
    state: ExecutionState
    held: bool
    child_seq: int


@dataclass(frozen=True, slots=True)
class SignalReceived:
    """An event for the wait at `path`, or `queued` by its name; older ones took the place of the one before them."""

    name: str
    data: Any
    path: str | None = None
    queued: bool = False


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    priority: int


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """`worker` is None for an attempt of the engine itself (wait, approval): it has no lease."""

    path: str
    attempt: int
    id: UUID
    worker: str | None
    from_state: TaskRunState
    to_state: TaskRunState = TaskRunState.RUNNING


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """`state` is the attempt's end, `to_state` the task run's, RETRYING until `retry_at`; `message` stays.

    With `sets_aside` whatever the attempt gave stays with it: outputs, properties, progress. One that is LOST and
    `handed_back` by its worker does not count towards the task's `max_lost`.
    """

    path: str
    attempt: int
    state: AttemptState
    from_state: TaskRunState
    to_state: TaskRunState
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    error: TaskError | None = None
    exit_code: int | None = None
    resources: Mapping[str, Any] | None = None
    retry_at: datetime | None = None
    reason: str | None = None
    cache_key: str | None = None
    outputs_from: UUID | None = None
    message: str | None = None
    sets_aside: bool = False
    handed_back: bool = False


@dataclass(frozen=True, slots=True)
class OutputsSet:
    """Outputs merged into a task run's, or, without a path, the execution's own. `attempt` is the one that set them,
    if one did."""

    path: str | None
    outputs: Mapping[str, Any]
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class PropertiesSet:
    """Those of an `attempt` are taken back when it does not succeed."""

    path: str | None
    properties: Mapping[str, Any]
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class LabelsSet:
    """All labels as they are afterwards."""

    labels: Mapping[str, str]
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ProgressReported:
    """A running task said this of itself; `progress` in [0, 1]. `wake_at` is when a wait is over."""

    path: str
    attempt: int
    progress: float | None = None
    message: str | None = None
    inputs: Mapping[str, Any] | None = None
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FailureRecorded:
    """A failure of the execution itself and of none of its tasks, as an output that cannot be evaluated."""

    error: TaskError


@dataclass(frozen=True, slots=True)
class KillForced:
    """A second cancel: what is being killed gets no more grace."""


@dataclass(frozen=True, slots=True)
class LateResult:
    """The result of an attempt that had lost its lease; refused, kept for whoever asks."""

    path: str
    attempt: int
    state: AttemptState
    worker: str | None
    error: TaskError | None = None


@dataclass(frozen=True, slots=True)
class TaskRunRecorded:
    """A task run that ran elsewhere, as it is afterwards; inputs and outputs are None where they did not change."""

    path: str
    id: UUID
    position: int
    attempt: int
    from_state: TaskRunState | None
    to_state: TaskRunState
    attempt_id: UUID | None = None
    attempt_state: AttemptState | None = None
    attempt_started_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: float = 0.0
    message: str | None = None
    inputs: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None
    error: TaskError | None = None
    exit_code: int | None = None


Fact = (
    ExecutionCreated
    | ExecutionMoved
    | TaskRunMoved
    | AttemptStarted
    | AttemptEnded
    | OutputsSet
    | PropertiesSet
    | LabelsSet
    | ProgressReported
    | ApprovalRequested
    | ApprovalVoted
    | ApprovalClosed
    | ApprovalReminded
    | ApprovalEscalated
    | ApprovalOverridden
    | TaskRunsAdded
    | ConditionAsked
    | ConditionJudged
    | ChildLinked
    | ChildStateChanged
    | SignalReceived
    | PriorityChanged
    | FailureRecorded
    | KillForced
    | LateResult
    | NoteAdded
    | Archived
    | Unarchived
    | TaskRunRecorded
    | GitSet
)

TYPES: Mapping[type[Any], EventType] = {
    ExecutionCreated: EventType.EXECUTION_CREATED,
    ExecutionMoved: EventType.EXECUTION_STATE_CHANGED,
    TaskRunMoved: EventType.TASK_RUN_STATE_CHANGED,
    AttemptStarted: EventType.ATTEMPT_STARTED,
    AttemptEnded: EventType.ATTEMPT_ENDED,
    OutputsSet: EventType.OUTPUTS_SET,
    PropertiesSet: EventType.PROPERTIES_SET,
    LabelsSet: EventType.LABELS_SET,
    ProgressReported: EventType.PROGRESS_REPORTED,
    ApprovalRequested: EventType.APPROVAL_REQUESTED,
    ApprovalVoted: EventType.APPROVAL_VOTED,
    ApprovalClosed: EventType.APPROVAL_CLOSED,
    ApprovalReminded: EventType.APPROVAL_REMINDED,
    ApprovalEscalated: EventType.APPROVAL_ESCALATED,
    ApprovalOverridden: EventType.APPROVAL_OVERRIDDEN,
    TaskRunsAdded: EventType.TASK_RUNS_ADDED,
    ConditionAsked: EventType.CONDITION_ASKED,
    ConditionJudged: EventType.CONDITION_JUDGED,
    ChildLinked: EventType.CHILD_LINKED,
    ChildStateChanged: EventType.CHILD_STATE_CHANGED,
    SignalReceived: EventType.SIGNAL_RECEIVED,
    PriorityChanged: EventType.PRIORITY_CHANGED,
    FailureRecorded: EventType.FAILURE_RECORDED,
    KillForced: EventType.KILL_FORCED,
    LateResult: EventType.LATE_RESULT,
    NoteAdded: EventType.NOTE_ADDED,
    Archived: EventType.ARCHIVED,
    Unarchived: EventType.UNARCHIVED,
    TaskRunRecorded: EventType.TASK_RUN_RECORDED,
    GitSet: EventType.GIT_SET,
}


@dataclass(frozen=True, slots=True)
class CommandOrigin:
    """Who asks, through which channel, and why. `expected_seq` is the seq of the last state change the asker saw."""

    actor: str
    channel: Channel
    reason: str | None = None
    expected_seq: int | None = None


ENGINE = CommandOrigin(actor="engine", channel=Channel.ENGINE)


@dataclass(frozen=True, slots=True)
class Event:
    """A fact with its place: `seq` counts from 1 within the execution, without a gap."""

    execution_id: UUID
    seq: int
    at: datetime
    origin: CommandOrigin
    fact: Fact
    caused_by: int | None = None

    @property
    def type(self) -> EventType:
        return TYPES[type(self.fact)]
