"""An execution as the domain sees it: immutable, whole, without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.events import TaskError
from models.graph import Graph
from models.spec import ApprovalTask, FlowSpec, TaskSpec, WaitTask
from models.states import (
    EXECUTION_ENDS,
    FAILED_ENDS,
    TASK_RUN_ENDS,
    ApprovalState,
    AttemptState,
    CommentRule,
    ExecutionState,
    FailureAction,
    TaskRunState,
    VoteDecision,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A revision made ready to run: the document, its graph, its tasks by key. Shared by all its executions."""

    flow_id: UUID
    revision_id: UUID
    revision: int
    spec: FlowSpec
    graph: Graph
    tasks: Mapping[str, TaskSpec]

    @classmethod
    def of(cls, flow_id: UUID, revision_id: UUID, revision: int, spec: FlowSpec) -> "Plan":
        tasks = {task.id: task for task in spec.tasks}
        graph = Graph.of({task.id: task.needs for task in spec.tasks})
        return cls(flow_id, revision_id, revision, spec, graph, tasks)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The newest attempt of a task run. Without a lease it is the engine's own."""

    id: UUID
    number: int
    state: AttemptState
    worker: str | None
    lease: UUID | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Vote:
    id: UUID
    actor: str
    decision: VoteDecision
    comment: str | None
    at: datetime
    override: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """A request for a decision; its policy is a copy, made when the task run began to wait."""

    id: UUID
    attempt: int
    state: ApprovalState
    message: str
    required: int
    users: tuple[str, ...]
    roles: tuple[str, ...]
    comment_rule: CommentRule
    requested_at: datetime
    decided_at: datetime | None = None
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskRun:
    """`attempt` is the newest attempt's number, 0 before the first; those up to `attempt_base` and the `lost`
    ones since do not count against `retry`."""

    id: UUID
    path: str
    key: str
    position: int
    state: TaskRunState = TaskRunState.CREATED
    attempt: int = 0
    attempt_base: int = 0
    lost: int = 0
    progress: float = 0.0
    message: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: TaskError | None = None
    retry_at: datetime | None = None
    wake_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    newest: Attempt | None = None
    approval: Approval | None = None

    @property
    def ended(self) -> bool:
        return self.state in TASK_RUN_ENDS

    @property
    def lease(self) -> UUID | None:
        """The lease of the attempt that runs now, if a worker has it."""
        newest = self.newest
        return newest.lease if newest and newest.state is AttemptState.RUNNING else None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the execution fails: its first failing task run, or, without a path, the execution itself."""

    path: str | None
    attempt: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Paused:
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Killing:
    """`force` when no grace is left."""

    by: str
    at: datetime
    force: bool = False


@dataclass(frozen=True, slots=True)
class Execution:
    id: UUID
    plan: Plan
    name: str
    kind: str
    state: ExecutionState
    seq: int
    state_seq: int
    created_by: str
    created_at: datetime
    inputs: Mapping[str, Any]
    labels: Mapping[str, str]
    on_failure: FailureAction
    priority: int
    disabled_tasks: tuple[str, ...]
    trigger: Mapping[str, Any] | None
    tasks: Mapping[str, TaskRun]
    rerun_of: UUID | None = None
    progress: float = 0.0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    failure: Failure | None = None
    paused: Paused | None = None
    killing: Killing | None = None

    @property
    def ended(self) -> bool:
        return self.state in EXECUTION_ENDS

    def spec_of(self, task: TaskRun) -> TaskSpec:
        return self.plan.tasks[task.key]

    def failed_tasks(self) -> list[TaskRun]:
        return [task for task in self.tasks.values() if task.state in FAILED_ENDS]

    @property
    def has_failed(self) -> bool:
        return self.failure is not None


def is_engine_task(spec: TaskSpec) -> bool:
    """Whether the engine itself carries the task, without a worker and a lease."""
    return isinstance(spec, ApprovalTask | WaitTask)
