"""The snapshot of an execution: immutable and complete, without I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from models.access.viewer import EVERYWHERE, Scope
from models.approval import ApprovalPolicy, scheduled_by
from models.events.events import Parent, TaskError
from models.graph import Graph
from models.lifecycle.clock import Stopwatch
from models.lifecycle.status import ChildStanding, Failure, Killing, Paused
from models.lifecycle.task_path import parse_path
from models.run_options import RunOptions
from models.spec import ApprovalTask, ExternalTask, FlowSpec, ForeachTask, TaskSpec
from models.states import (
    EXECUTION_ENDS,
    FAILED_ENDS,
    TASK_RUN_ENDS,
    ApprovalState,
    AttemptState,
    Condition,
    ExecutionState,
    FailureAction,
    Origin,
    Section,
    TaskRunState,
    VoteDecision,
)

TIMED_OUT = "TIMED_OUT"
"""The error code of a timeout."""


@dataclass(frozen=True, slots=True)
class CompiledFlow:
    """A revision compiled for running: the document, its graph, its tasks by key. All its executions share it.

    `tasks` includes those within a foreach, of `errors` and of `finally`; `parents` has the foreach around each task;
    `has_last_tasks` is true if there are `errors` or `finally`; `asking` has the approvals that the document does not
    disable, and each foreach with one in it. `unreadable` is the reason why the revision cannot be read: then only
    its names are set.
    """

    flow_id: UUID | None
    revision_id: UUID | None
    revision: int | None
    spec: FlowSpec
    graph: Graph
    tasks: Mapping[str, TaskSpec]
    sections: Mapping[str, Section]
    parents: Mapping[str, str | None]
    has_last_tasks: bool = False
    has_approvals: bool = False
    asking: frozenset[str] = frozenset()
    unreadable: str | None = None

    @classmethod
    def of(cls, flow_id: UUID, revision_id: UUID, revision: int, spec: FlowSpec) -> "CompiledFlow":
        placed = list(spec.placed_tasks())
        tasks = {task.id: task for task, _, _ in placed}
        return cls(
            flow_id,
            revision_id,
            revision,
            spec,
            Graph.of({task.id: task.needs for task, _, _ in placed}),
            tasks,
            {task.id: section for task, section, _ in placed},
            {task.id: parent for task, _, parent in placed},
            bool(spec.errors or spec.finally_tasks),
            any(isinstance(task, ApprovalTask) for task in tasks.values()),
            frozenset(_approvals_in((*spec.tasks, *spec.errors, *spec.finally_tasks))),
        )

    def outermost(self, key: str) -> str:
        """Returns the task itself, or the outermost foreach around it."""
        while parent := self.parents[key]:
            key = parent
        return key

    def spec_of(self, key: str) -> TaskSpec:
        """Returns the document of a task. External runs and unreadable revisions have none: an ExternalTask, a type
        that no flow has."""
        if self.revision_id is None or self.unreadable:
            return cast(TaskSpec, ExternalTask(id=key))
        return self.tasks[key]

    @property
    def is_saved(self) -> bool:
        """False for a text that was run without being saved: it is not listed as a revision of its flow."""
        return self.revision is None or self.revision > 0

    @property
    def outer_keys(self) -> list[str]:
        """The keys of the task runs that an execution begins with; a foreach adds the others once it has its items."""
        return [key for key, parent in self.parents.items() if parent is None]

    @classmethod
    def external(cls, namespace: str, key: str) -> "CompiledFlow":
        """Returns the flow of an external run: a name without a revision."""
        spec = FlowSpec.model_construct(id=key, namespace=namespace, tasks=())
        return cls(None, None, None, spec, Graph.of({}), {}, {}, {})

    @classmethod
    def unread(
        cls, flow_id: UUID, revision_id: UUID, revision: int, namespace: str, key: str, why: str
    ) -> "CompiledFlow":
        """Returns the flow of a revision that this process cannot read; `why` is the reason."""
        spec = cls.external(namespace, key).spec
        return cls(flow_id, revision_id, revision, spec, Graph.of({}), {}, {}, {}, unreadable=why)


def _approvals_in(tasks: Sequence[TaskSpec]) -> Iterator[str]:
    """Yields the keys of the approvals that are not disabled, and of each foreach around one."""
    for task in tasks:
        if task.disabled:
            continue
        if isinstance(task, ApprovalTask):
            yield task.id
        elif isinstance(task, ForeachTask) and (within := list(_approvals_in(task.tasks))):
            yield from (task.id, *within)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The newest attempt of a task run. An attempt of an engine task has no lease."""

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
    groups: tuple[str, ...] = ()
    form: Mapping[str, Any] | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval request. `escalated` roles may decide in addition to those of the policy."""

    id: UUID
    attempt: int
    state: ApprovalState
    message: str
    policy: ApprovalPolicy
    requested_at: datetime
    expires_at: datetime | None = None
    decided_at: datetime | None = None
    escalated: tuple[str, ...] = ()
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True)
class TaskRun:
    """`attempt` is the number of the newest attempt, 0 before the first. Attempts up to `attempt_base` and `lost` ones
    after it do not count against `retry`; the lost ones that were `handed_back` do not count against `max_lost` either.

    The path names the task among its siblings: `key`, or `each[3].key` within the fourth iteration of a foreach.
    `condition` is the result of `when`; None if it was not evaluated. With `outputs_from` another task run holds
    the outputs; `carried` are these outputs, loaded with it and not part of the events. `outputs_id` names the
    outputs since their last change: task runs that reuse outputs by the task run's own id have those from before.
    `decided_on` is the digest of what its approval, also a reused one, decides on."""

    id: UUID
    path: str
    key: str
    position: int
    state: TaskRunState = TaskRunState.CREATED
    attempt: int = 0
    attempt_base: int = 0
    lost: int = 0
    handed_back: int = 0
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
    condition: Condition | None = None
    child: UUID | None = None
    standing: ChildStanding | None = None
    clock_base: float = field(default=0.0, compare=False)
    cache_key: str | None = None
    outputs_from: UUID | None = None
    outputs_id: UUID | None = field(default=None, compare=False)
    carried: Mapping[str, Any] = field(default_factory=dict, compare=False)
    decided_on: str | None = None

    @property
    def results(self) -> Mapping[str, Any]:
        """Its outputs, own and reused ones."""
        return {**self.carried, **self.outputs} if self.outputs_from else self.outputs

    @property
    def output_source(self) -> UUID:
        """The id by which other task runs reuse its current outputs."""
        return self.outputs_id or self.outputs_from or self.id

    @property
    def level(self) -> str:
        """The prefix that its path shares with its siblings' paths: empty, or `each[3].`."""
        return parse_path(self.path).level

    @property
    def parent(self) -> str | None:
        """The path of the foreach that it is an iteration of."""
        return parse_path(self.path).parent

    @property
    def index(self) -> int | None:
        """The position of its iteration, from 0."""
        return parse_path(self.path).iteration

    @property
    def ended(self) -> bool:
        return self.state in TASK_RUN_ENDS

    @property
    def lease(self) -> UUID | None:
        """The lease of the running attempt, if a worker has it."""
        newest = self.newest
        return newest.lease if newest and newest.state is AttemptState.RUNNING else None


@dataclass(frozen=True)
class Execution:
    """`tentative` are properties set by running attempts. `signals` are the data of events that were sent to the
    execution and that no `wait` has taken yet: by name, oldest first. `restarted_by` are people, and so are `starters`,
    who caused the start in addition to `created_by`: by requesting a backfill or restarting the parent. `recorded_at`
    is set if the execution was recorded long after it began. `scope` has the namespaces whose flows the execution can
    use: other flows do not exist for it.

    Derived, and stored because thousands of task runs need them at each step: `families`, the paths of each foreach's
    task runs; `done`, the finished part in millionths of a task run, for the progress; `unsettled`, the paths of task
    runs that changed since `advance` last handled them (None: unknown)."""

    id: UUID
    plan: CompiledFlow
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
    options: RunOptions
    trigger: Mapping[str, Any] | None
    tasks: Mapping[str, TaskRun]
    rerun_of: UUID | None = None
    replay_of: UUID | None = None
    original_id: UUID | None = None
    cached_from: UUID | None = None
    parent: Parent | None = None
    shares_slot: bool = False
    cache_key: str | None = None
    clock: Stopwatch = field(default=Stopwatch(), compare=False)
    restarted_by: tuple[str, ...] = ()
    starters: tuple[str, ...] = ()
    scope: Scope = EVERYWHERE
    signals: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    families: Mapping[str, Sequence[str]] = field(default_factory=dict, compare=False)
    done: int | None = field(default=None, compare=False)
    unsettled: frozenset[str] | None = field(default=None, compare=False)
    progress: float = 0.0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    tentative: Mapping[str, Sequence[Sequence[Any]]] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    failure: Failure | None = None
    paused: Paused | None = None
    killing: Killing | None = None
    archived: bool = False
    origin: Origin = Origin.HEADWAY
    git: Mapping[str, Any] | None = None
    recorded_at: datetime | None = None

    @property
    def ended(self) -> bool:
        return self.state in EXECUTION_ENDS

    @property
    def ran_elsewhere(self) -> bool:
        return self.origin is Origin.EXTERNAL

    @property
    def started_by(self) -> tuple[str, ...]:
        """Everyone who caused it to run: `allow_self: false` keeps them from deciding. First who saved its schedule."""
        return *scheduled_by(self.trigger), self.created_by, *self.starters, *self.restarted_by

    def spec_of(self, task: TaskRun) -> TaskSpec:
        return self.plan.spec_of(task.key)

    def section_of(self, task: TaskRun) -> Section:
        return self.plan.sections.get(task.key, Section.TASKS)

    def in_section(self, *sections: Section) -> list[TaskRun]:
        if not self.plan.has_last_tasks:
            return list(self.tasks.values()) if Section.TASKS in sections else []
        return [task for task in self.tasks.values() if self.section_of(task) in sections]

    def needs_of(self, task: TaskRun) -> list[TaskRun]:
        return [self.tasks[task.level + key] for key in self.plan.graph.needs(task.key)]

    def awaited_by(self, task: TaskRun) -> list[TaskRun]:
        """Returns the task runs that must end before it: its needs and, as disabled ones end at once, the needs of
        those."""
        if not self.plan.graph.needs(task.key):
            return []
        found = {need.path: need for need in self.needs_of(task)}
        passed = [need for need in found.values() if self.is_disabled(need)]
        while passed:
            for need in self.needs_of(passed.pop()):
                if need.path not in found:
                    found[need.path] = need
                    if self.is_disabled(need):
                        passed.append(need)
        return list(found.values())

    def children_of(self, task: TaskRun) -> list[TaskRun]:
        """Returns the task runs of a foreach's iterations, without those of a foreach within it."""
        return [self.tasks[path] for path in self.families.get(task.path, ())]

    def failure_is_allowed(self, task: TaskRun) -> bool:
        """Checks whether a foreach around the task has `allow_failure`."""
        around = self.plan.parents.get(task.key)
        while around is not None:
            if self.plan.tasks[around].allow_failure:
                return True
            around = self.plan.parents[around]
        return False

    def failed_tasks(self) -> list[TaskRun]:
        return [
            task
            for task in self.tasks.values()
            if task.state in FAILED_ENDS and not self.failure_is_allowed(task)
        ]

    def is_disabled(self, task: TaskRun) -> bool:
        return task.key in self.options.disabled_tasks or self.spec_of(task).disabled

    @property
    def has_failed(self) -> bool:
        return self.failure is not None

    @property
    def has_timed_out(self) -> bool:
        """Whether the execution's own timeout has passed, not that of a task."""
        failure = self.failure
        return failure is not None and failure.path is None and failure.code == TIMED_OUT


def is_engine_task(spec: TaskSpec) -> bool:
    """Checks whether the engine runs the task itself, without a worker and a lease."""
    return spec.by_engine
