"""Changes of an execution since a cursor."""

from collections.abc import Sequence
from typing import Self
from uuid import UUID

import strawberry

from models.access.viewer import Scope
from models.ids import typed
from runner.history.visibility import seen_uses
from runner.live.followed_execution import Part
from runner.store.execution.event_log import EventRow
from runner.store.execution.nodes import TaskRunWithResults
from runner.store.rows import ExecutionRow
from schema.context import Info
from schema.execution.following import cursor_of
from schema.loading.snapshots import row_of
from schema.loading.visibility import seen_rows
from schema.types.approval import Approval
from schema.types.artifact.artifact import ArtifactUse
from schema.types.execution.event import ExecutionEvent, views_of
from schema.types.execution.execution import Execution
from schema.types.execution.measures import Metric
from schema.types.execution.note import Note
from schema.types.execution.rows_of_task_runs import read_related_of
from schema.types.execution.task_run import TaskRun


@strawberry.type
class ExecutionChange:
    key: strawberry.Private[UUID]
    reset: bool
    cursor: str
    seq: int
    more: bool
    task_run_rows: strawberry.Private[Sequence[TaskRunWithResults]]
    approvals: list[Approval]
    metrics: list[Metric]
    artifacts: list[ArtifactUse]
    gone_artifact_ids: list[strawberry.ID]
    notes: list[Note]
    child_rows: strawberry.Private[Sequence[ExecutionRow]]
    event_rows: strawberry.Private[Sequence[EventRow]]

    @classmethod
    def of(cls, id: UUID, part: Part, scope: Scope) -> Self:
        rows = part.rows
        return cls(
            key=id,
            reset=part.reset,
            cursor=cursor_of(id, part.place),
            seq=part.place.seq,
            more=part.more,
            task_run_rows=rows.get("task_runs", ()),
            approvals=[Approval.of(row) for row in rows.get("approvals", ())],
            metrics=[Metric.of(row) for row in rows.get("metrics", ())],
            artifacts=[
                ArtifactUse.of(row)
                for row in seen_uses(scope, rows.get("artifacts", ()))
                if not row["set_aside"]
            ],
            gone_artifact_ids=[
                strawberry.ID(typed("use", key)) for key in rows.get("gone_artifacts", ())
            ],
            notes=[Note.of(row) for row in rows.get("notes", ())],
            child_rows=rows.get("children", ()),
            event_rows=rows.get("events", ()),
        )

    @strawberry.field
    async def events(self, info: Info) -> list[ExecutionEvent]:
        return await views_of(info, self.key, self.event_rows)

    @strawberry.field
    async def task_runs(self, info: Info) -> list[TaskRun]:
        rows = await seen_rows(info.context.loaders.visibility, "task_runs", self.task_run_rows)
        return TaskRun.all_of(rows, await read_related_of(info, self.key, rows))

    @strawberry.field
    def children(self, info: Info) -> list[Execution]:
        scope = info.context.viewer.scope
        return [Execution.of(row) for row in self.child_rows if scope.covers(row["namespace"])]

    @strawberry.field
    async def execution(self, info: Info) -> Execution:
        return Execution.of(await row_of(info, self.key))
