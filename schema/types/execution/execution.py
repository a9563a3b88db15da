"""Executions. Columns of the row are plain attributes; other rows are read by loaders."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import strawberry

from models.ids import typed, untyped
from models.lifecycle import snapshot
from models.lifecycle.action_permissions import permitted
from models.lifecycle.actions import available_actions
from models.lifecycle.notes_and_archive import in_the_past
from models.lifecycle.waiting import SlotQueue, waiting_for
from models.secrets import without_secrets
from models.states import EXECUTION_ENDS, ExecutionState, FailureAction, Origin
from models.trigger_kinds import TriggerKind
from runner.history.point_in_time import past_of
from runner.history.visibility import failure_seen
from runner.live.followed_execution import NO_MOMENT, StreamPosition
from runner.store.execution.history import moment_read
from runner.store.execution.snapshots import failure_action_of
from runner.store.json import load
from runner.store.lists.alike import line_of
from runner.store.lists.filter_rows import trigger_of
from runner.store.lists.neighbours import Side
from runner.store.rows import ExecutionRow
from schema.context import Info
from schema.enums import ArtifactDirection, LineageDirection
from schema.execution.following import cursor_of
from schema.lists.bounds import (
    MAX_CHILDREN,
    MAX_METRICS,
    MAX_ROWS,
    MAX_TASK_RUNS,
    checked_first,
    up_to,
)
from schema.lists.measured import values_of
from schema.loading.batches import metrics_of, neighbour, resolved_by
from schema.loading.snapshots import snapshot_of
from schema.scalars import JSON
from schema.types.actors import Actor, Label, StateChange, labels_of
from schema.types.approval import Approval
from schema.types.artifact.artifact import ArtifactUse
from schema.types.comparison.stats import DurationStats, TaskDuration
from schema.types.execution.durations import seconds_queued, seconds_taken
from schema.types.execution.event import ExecutionEvent, event_window, read_events
from schema.types.execution.execution_logs import LogsOfExecution
from schema.types.execution.failure import Failure
from schema.types.execution.git import GitInfo
from schema.types.execution.graph import ExecutionGraph, GraphEdge
from schema.types.execution.measures import Metric
from schema.types.execution.note import Note
from schema.types.execution.rows_of_task_runs import read_related
from schema.types.execution.task_run import TaskRun
from schema.types.execution.waiting import Waiting, waiting_views
from schema.types.flow.flow import Flow, FlowRevision
from schema.types.node import Node
from schema.types.problems import ActionAvailability
from schema.types.row_view import Read, RowView, reading

if TYPE_CHECKING:
    from schema.types.flow.dependencies import ExecutionDependencies


_READS: Final[Mapping[str, Read[ExecutionRow]]] = {
    "id": lambda row: typed("exec", row["id"]),
    "state": lambda row: ExecutionState(row["state"]),
    "inputs": lambda row: without_secrets(load(row["inputs"])),
    "outputs": lambda row: load(row["outputs"]),
    "labels": lambda row: labels_of(load(row["labels"])),
    "properties": lambda row: load(row["properties"]),
    "on_failure": failure_action_of,
    "disabled_tasks": lambda row: load(row["disabled_tasks"]),
    "trigger": lambda row: load(row["trigger"]),
    "trigger_kind": trigger_of,
    "git": lambda row: GitInfo.of(load(row["git"])),
    "origin": lambda row: Origin(row["origin"]),
    "created_by": lambda row: Actor.of(row["created_by"]),
    "duration": seconds_taken,
    "queued_for": seconds_queued,
    "original_id": lambda row: typed("exec", row["original_id"]) if row["original_id"] else None,
}


@reading(_READS)
@strawberry.type
class Execution(RowView[ExecutionRow], LogsOfExecution, Node):
    row: strawberry.Private[ExecutionRow]
    name: str
    namespace: str
    flow_key: str
    kind: str
    state: ExecutionState
    seq: int
    progress: float
    inputs: JSON
    outputs: JSON
    labels: list[Label]
    properties: JSON
    on_failure: FailureAction
    priority: int
    disabled_tasks: list[str]
    trigger: JSON | None
    trigger_kind: TriggerKind
    git: GitInfo | None
    origin: Origin
    created_by: Actor
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    idle: float
    idle_since: datetime | None
    duration: float | None
    queued_for: float | None
    scheduled_at: datetime | None
    original_id: strawberry.ID | None
    archived: bool

    @strawberry.field
    async def flow(self, info: Info) -> Flow | None:
        key = self.row["flow_id"]
        row = await info.context.loaders.flow.load(key) if key else None
        return Flow.of(row) if row else None

    @strawberry.field
    async def revision(self, info: Info) -> FlowRevision | None:
        key = self.row["revision_id"]
        row = await info.context.loaders.revision.load(key) if key else None
        return FlowRevision.of(row) if row else None

    @strawberry.field
    def cursor(self) -> str:
        row = self.row
        return cursor_of(row["id"], StreamPosition(row["seq"], moment_read(row) or NO_MOMENT))

    @strawberry.field
    async def state_history(self, info: Info) -> list[StateChange]:
        created = {
            "seq": 1,
            "to_state": ExecutionState.CREATED.value,
            "at": self.created_at,
            "actor": self.row["created_by"],
            "reason": None,
        }
        rows = await info.context.loaders.moves.load(self.row["id"])
        return [StateChange.of(row) for row in (created, *rows)]

    @strawberry.field
    async def rerun_of(self, info: Info) -> "Execution | None":
        return await self._linked(info, self.row["rerun_of"])

    @strawberry.field
    async def replay_of(self, info: Info) -> "Execution | None":
        return await self._linked(info, self.row["replay_of"])

    @strawberry.field
    async def cached_from(self, info: Info) -> "Execution | None":
        return await self._linked(info, self.row["cached_from"])

    @strawberry.field
    async def parent(self, info: Info) -> "Execution | None":
        return await self._linked(info, self.row["parent_id"])

    @up_to(MAX_CHILDREN, usual=20)
    async def children(self, info: Info) -> list["Execution"]:
        return [
            Execution.of(row)
            for row in await info.context.loaders.children.load(self.row["id"])
            if info.context.viewer.scope.covers(row["namespace"])
        ]

    @strawberry.field
    async def dependencies(
        self,
        info: Info,
        direction: LineageDirection = LineageDirection.BOTH,
        depth: int | None = None,
    ) -> Annotated["ExecutionDependencies", strawberry.lazy("schema.types.flow.dependencies")]:
        from schema.types.flow.dependencies import dependencies_of_execution

        return await dependencies_of_execution(info, self.row, direction, depth)

    @strawberry.field
    async def resolved_by(self, info: Info) -> "Execution | None":
        return Execution.maybe(await resolved_by(info, self.row))

    async def _linked(self, info: Info, id: UUID | None) -> "Execution | None":
        return Execution.maybe(await info.context.loaders.execution.load(id)) if id else None

    @strawberry.field
    async def previous(self, info: Info) -> "Execution | None":
        return await self._neighbour(info, Side(newer=False))

    @strawberry.field
    async def next(self, info: Info) -> "Execution | None":
        return await self._neighbour(info, Side(newer=True))

    @strawberry.field
    async def last_success(self, info: Info) -> "Execution | None":
        return await self._neighbour(info, Side(newer=False, successful=True))

    @strawberry.field
    async def duration_stats(self, info: Info) -> DurationStats | None:
        tally = await info.context.loaders.usual_durations.load(line_of(self.row))
        return DurationStats.of(tally) if tally else None

    @strawberry.field
    async def usual_task_durations(self, info: Info) -> list[TaskDuration]:
        found = await info.context.loaders.usual_task_durations.load(line_of(self.row))
        return [TaskDuration(key=one.key, p50=one.p50, count=one.count) for one in found]

    async def _neighbour(self, info: Info, side: Side) -> "Execution | None":
        return Execution.maybe(await neighbour(info, self.row, side))

    @strawberry.field
    async def task_runs(self, info: Info, first: int | None = None) -> list[TaskRun]:
        size = checked_first(first, MAX_TASK_RUNS)
        rows = (await info.context.loaders.task_runs.load(self.row["id"]))[:size]
        return TaskRun.all_of(rows, await read_related(info, self.row["id"], rows))

    @strawberry.field
    async def task(self, info: Info, key: str) -> TaskRun | None:
        row = (await info.context.loaders.task_runs_by_path.load(self.row["id"])).get(key)
        return TaskRun.maybe(row)

    @strawberry.field
    async def graph(self, info: Info) -> ExecutionGraph:
        rows = await info.context.loaders.task_runs.load(self.row["id"])
        found = await snapshot_of(info, self.row["id"])
        edges = [
            GraphEdge(source=need, target=path)
            for path, task in found.tasks.items()
            for need in (run.path for run in found.needs_of(task))
        ]
        return ExecutionGraph(nodes=[TaskRun.of(row) for row in rows], edges=edges)

    @strawberry.field
    async def events(
        self,
        info: Info,
        first: int | None = None,
        after: int | None = None,
        last: int | None = None,
        before: int | None = None,
        task_run_id: strawberry.ID | None = None,
    ) -> list[ExecutionEvent]:
        window = event_window(first, after, last, before)
        task_run = untyped("run", task_run_id) if task_run_id else None
        return await read_events(info, self.row["id"], window, task_run, self.seq)

    @up_to(MAX_METRICS, usual=200)
    async def metrics(
        self,
        info: Info,
        task_run_id: strawberry.ID | None = None,
        name: str | None = None,
        first: int | None = None,
    ) -> list[Metric]:
        task_run = untyped("run", task_run_id) if task_run_id else None
        rows = await metrics_of(info, self.row["id"], first or MAX_METRICS, task_run, name)
        return [Metric.of(row) for row in rows]

    @strawberry.field
    async def columns(self, info: Info, names: list[str]) -> JSON | None:
        return JSON(await values_of(info, self.row, names))

    @up_to(MAX_CHILDREN, usual=50)
    async def artifacts(
        self, info: Info, direction: ArtifactDirection | None = None
    ) -> list[ArtifactUse]:
        rows = await info.context.loaders.artifacts.load(self.row["id"])
        return [
            ArtifactUse.of(row)
            for row in rows
            if not row["set_aside"] and (direction is None or row["direction"] == direction.value)
        ]

    @up_to(MAX_ROWS, usual=10)
    async def approvals(self, info: Info) -> list[Approval]:
        return [
            Approval.of(row) for row in await info.context.loaders.approvals.load(self.row["id"])
        ]

    @up_to(MAX_ROWS, usual=10)
    async def notes(self, info: Info) -> list[Note]:
        return [Note.of(row) for row in await info.context.loaders.notes.load(self.row["id"])]

    @strawberry.field
    async def available_actions(self, info: Info) -> list[ActionAvailability]:
        if past := past_of(self.row["id"]):
            return [ActionAvailability.of(one) for one in in_the_past(past.seq)]
        found = available_actions(await snapshot_of(info, self.row["id"]))
        namespace = self.row["namespace"]
        permissions = info.context.viewer.permissions_in(namespace)
        return [ActionAvailability.of(permitted(one, permissions, namespace)) for one in found]

    @strawberry.field
    async def waiting_for(self, info: Info) -> list[Waiting]:
        found = await snapshot_of(info, self.row["id"])
        live = await info.context.loaders.live_queues.load(None)
        line = await _line(info, found)
        return await waiting_views(info, self.row["id"], waiting_for(found, live, line))

    @strawberry.field
    async def failure(self, info: Info) -> Failure | None:
        if self.row["failure"] is None:
            return await self._set_to_failed(info)
        outside = await info.context.loaders.visibility.outside.load(self.row["id"])
        return Failure.of(self.row["id"], failure_seen(outside, load(self.row["failure"])))

    async def _set_to_failed(self, info: Info) -> Failure | None:
        """Returns the failure of an execution that somebody changed to FAILED after it had ended otherwise."""
        if self.state is not ExecutionState.FAILED:
            return None
        moves = await info.context.loaders.moves.load(self.row["id"])
        changes = [StateChange.of(row) for row in moves if row["seq"] <= self.seq][-2:]
        if len(changes) < 2 or ExecutionState(changes[0].state) not in EXECUTION_ENDS:
            return None
        before, last = changes
        why = f": {last.reason}" if last.reason else ""
        message = f"set from {before.state} to FAILED by {last.actor.name}{why}"
        return Failure.by_hand(self.row["id"], message)


async def _line(info: Info, execution: snapshot.Execution) -> SlotQueue | None:
    """Returns the executions that hold the slots for which a QUEUED one waits; names are omitted if the viewer may not
    see the execution."""
    if execution.state is not ExecutionState.QUEUED:
        return None
    place = await info.context.loaders.place_in_line.load(execution.id)
    if place is None:
        return None
    holders = await info.context.loaders.execution.load_many(list(place.holders))
    return SlotQueue(place.limit, [row["name"] for row in holders if row], place.position)
