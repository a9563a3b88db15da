"""The facts of an execution: one frozen dataclass each. `decide` makes them, `evolve` applies them.

A fact names a task run by its `path` within the execution. A fact that changes a state has the old and the new one."""

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
from models.states import AttemptState, Channel, ExecutionState, FailureAction, Origin, TaskRunState
from models.task_error import TaskError as TaskError  # noqa: PLC0414 - the facts name it


@dataclass(frozen=True, slots=True)
class Carried:
    """A task run that is reused instead of run: its end state, and the earlier task run that holds its outputs.
    `decided_on` is the digest of the data that the reused approval was about."""

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
    """`shares_slot`: a waiting execution of the same flow holds the slot for both; without a `parent`, this is a test,
    which needs no slot. `starters`, `scope`: see `Execution`. `given_labels`: labels that are not the flow's. With
    `origin` EXTERNAL there is no revision; `created_at` is then the time of creation in the external system, and
    `afterwards` means that the run may have ended before it was recorded."""

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
    """`told_at` is the time of the change as an external system reported it, if it differs from the time of recording.
    `cascade`: whether a pause or kill applies to the executions of subflows too. `shares_slot`: the execution was
    restarted by a parent of the same flow and uses the parent's slot. `cached_from`: the execution ended in CACHED
    and reuses the outputs of that one."""

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
    """The iterations of the foreach at `path`: the ids of their task runs by path, in order."""

    path: str
    task_runs: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class ConditionRequested:
    path: str


@dataclass(frozen=True, slots=True)
class ConditionEvaluated:
    path: str
    holds: bool


@dataclass(frozen=True, slots=True)
class ChildLinked:
    """The execution that a subflow's attempt has started, or continues from the child's event `child_seq`."""

    path: str
    attempt: int
    child: UUID
    child_seq: int | None = None


@dataclass(frozen=True, slots=True)
class ChildStateChanged:
    """The child of a subflow's task run was held up, or continued. `held`: the child, or an execution below it, is
    paused or waits for a person, so that the time does not count. `child_seq` is the seq of the child's event; changes
    with an older seq are ignored."""

    path: str
    child: UUID
    state: ExecutionState
    held: bool
    child_seq: int


@dataclass(frozen=True, slots=True)
class SignalReceived:
    """An event for the wait task at `path`, or `queued` under its name. Facts of older releases are not queued: there,
    an event replaced the previous one of its name."""

    name: str
    data: Any
    path: str | None = None
    queued: bool = False


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    priority: int


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """`worker` is None for an attempt of the engine (wait, approval), which has no lease."""

    path: str
    attempt: int
    id: UUID
    worker: str | None
    from_state: TaskRunState
    to_state: TaskRunState = TaskRunState.RUNNING


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """`state` is the end of the attempt, `to_state` the new state of the task run: RETRYING until `retry_at`.

    `message` remains the task run's message. With `sets_aside`, the outputs, properties and progress of the attempt are
    not taken over by the task run. A LOST attempt that its worker `handed_back` does not count towards `max_lost`.
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
    """Outputs to merge into those of a task run or, without a path, of the execution. `attempt` is the attempt that
    set them, if any."""

    path: str | None
    outputs: Mapping[str, Any]
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class PropertiesSet:
    """Properties set by an `attempt` are removed again if it does not succeed."""

    path: str | None
    properties: Mapping[str, Any]
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class LabelsSet:
    """All labels after the change."""

    labels: Mapping[str, str]
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ProgressReported:
    """Reported by a running task; `progress` is in [0, 1]. `wake_at` is the time at which a wait ends."""

    path: str
    attempt: int
    progress: float | None = None
    message: str | None = None
    inputs: Mapping[str, Any] | None = None
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FailureRecorded:
    """A failure of the execution itself, not of a task: for example, an output that cannot be evaluated."""

    error: TaskError


@dataclass(frozen=True, slots=True)
class KillForced:
    """A second cancel: processes that are being killed get no further grace period."""


@dataclass(frozen=True, slots=True)
class LateResult:
    """The result of an attempt that had lost its lease; rejected, and kept for information."""

    path: str
    attempt: int
    state: AttemptState
    worker: str | None
    error: TaskError | None = None


@dataclass(frozen=True, slots=True)
class TaskRunRecorded:
    """A task run of an external run, after the change; inputs and outputs are None if they did not change."""

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
    | ConditionRequested
    | ConditionEvaluated
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
    ConditionRequested: EventType.CONDITION_REQUESTED,
    ConditionEvaluated: EventType.CONDITION_EVALUATED,
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
    """The actor, channel and reason of a command. `expected_seq` is the seq of the last state change that the client
    saw."""

    actor: str
    channel: Channel
    reason: str | None = None
    expected_seq: int | None = None


ENGINE = CommandOrigin(actor="engine", channel=Channel.ENGINE)


@dataclass(frozen=True, slots=True)
class Event:
    """A fact with its position: `seq` counts from 1 within the execution, without gaps."""

    execution_id: UUID
    seq: int
    at: datetime
    origin: CommandOrigin
    fact: Fact
    caused_by: int | None = None

    @property
    def type(self) -> EventType:
        return TYPES[type(self.fact)]
