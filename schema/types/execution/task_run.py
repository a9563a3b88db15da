"""Task runs and their attempts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any, Final, Self
from uuid import UUID

import strawberry

from models.ids import typed
from models.lifecycle.action_permissions import permitted_on
from models.lifecycle.actions import Action, availability
from models.lifecycle.apply.attempt_values import NOTHING, Given
from models.lifecycle.notes_and_archive import in_the_past
from models.lifecycle.results import within_limit
from models.lifecycle.task_path import parse_path
from models.lifecycle.waiting import waiting_of_task
from models.states import AttemptState, TaskRunState
from runner.history.point_in_time import HistoricalKey, moment_of, past_of
from runner.store.execution.nodes import TaskRunWithResults
from runner.store.json import load
from runner.store.rows import ApprovalRow, AttemptRow
from schema.context import Info
from schema.enums import LogLevel, LogStream
from schema.lists.bounds import MAX_CHILDREN, MAX_ROWS, up_to
from schema.loading.batches import metrics_of_task_run
from schema.loading.snapshots import plan_of, row_of, snapshot_of
from schema.scalars import JSON, BigInt
from schema.types.actors import StateChange
from schema.types.approval import Approval
from schema.types.artifact.artifact import ArtifactUse
from schema.types.execution.durations import seconds_between
from schema.types.execution.log import LogConnection
from schema.types.execution.log_pages import LogPage, lines_of, read_logs
from schema.types.execution.measures import Metric
from schema.types.execution.rows_of_task_runs import RelatedRows, rows_at
from schema.types.execution.waiting import Waiting, waiting_views
from schema.types.flow.flow import Task
from schema.types.node import Node
from schema.types.problems import ActionAvailability
from schema.types.row_view import NotReady, Read, RowView, read_ahead, reading

if TYPE_CHECKING:
    from schema.types.execution.execution import Execution


LABEL: Final = 80
"""Maximum number of characters of an iteration's label."""


def message_of(error: Mapping[str, Any]) -> str:
    """Returns the message of an error or failure, followed by that of the child execution if it has one."""
    message: str = error["message"]
    return f"{message}: {error['below']}" if error.get("below") else message


@strawberry.type
class TaskError:
    code: str
    message: str
    exit_code: int | None = None

    @classmethod
    def of(cls, text: str | None) -> Self | None:
        """`text` is JSON. The message of a child execution is only in it if the viewer may see the child."""
        if text is None:
            return None
        error = load(text)
        return cls(code=error["code"], message=message_of(error), exit_code=error.get("exit_code"))


@strawberry.type
class Resources:
    max_rss_bytes: BigInt | None
    cpu_seconds: float | None

    @classmethod
    def of(cls, text: str | None) -> Self | None:
        if text is None:
            return None
        used = load(text)
        return cls(max_rss_bytes=used.get("maxRssBytes"), cpu_seconds=used.get("cpuSeconds"))


_ATTEMPT_READS: Final[Mapping[str, Read[AttemptRow]]] = {
    "id": lambda row: typed("att", row["id"]),
    "state": lambda row: AttemptState(row["state"]),
    "duration": lambda row: seconds_between(
        row["started_at"], row["ended_at"] or moment_of(row["id"])
    ),
    "error": lambda row: TaskError.of(row["error"]),
    "resources": lambda row: Resources.of(row["resources"]),
}


@reading(_ATTEMPT_READS)
@strawberry.type
class Attempt(RowView[AttemptRow], Node):
    row: strawberry.Private[AttemptRow]
    number: int
    state: AttemptState
    worker: str | None
    started_at: datetime
    ended_at: datetime | None
    duration: float | None
    exit_code: int | None
    error: TaskError | None
    resources: Resources | None

    @strawberry.field
    async def outputs(self, info: Info) -> JSON:
        return JSON((await self._given(info)).outputs)

    @strawberry.field
    async def properties(self, info: Info) -> JSON:
        return JSON((await self._given(info)).properties)

    @strawberry.field
    async def progress(self, info: Info) -> float | None:
        return (await self._given(info)).progress

    @strawberry.field
    async def message(self, info: Info) -> str | None:
        return (await self._given(info)).message

    @up_to(MAX_CHILDREN, usual=5)
    async def metrics(self, info: Info, first: int | None = None) -> list[Metric]:
        execution, task_run = self.row["execution_id"], self.row["task_run_id"]
        most = first or MAX_CHILDREN
        rows = await metrics_of_task_run(info, execution, most, task_run, self.number)
        return [Metric.of(row) for row in rows]

    @up_to(MAX_ROWS, usual=2)
    async def artifacts(self, info: Info) -> list[ArtifactUse]:
        rows = await info.context.loaders.by_task_run("artifacts").load(self.row["execution_id"])
        mine = rows.get(self.row["task_run_id"], ())
        return [ArtifactUse.of(row) for row in mine if row["attempt"] == self.number]

    async def _given(self, info: Info) -> Given:
        given = await info.context.loaders.given.load(self.row["execution_id"])
        return given.get((self.row["task_run_id"], self.number), NOTHING)


@strawberry.type
class Iteration:
    index: int
    item: JSON

    @read_ahead("ready_label")
    def label(self) -> str:
        return self.ready_label

    @property
    def ready_label(self) -> str:
        text = (
            self.item if isinstance(self.item, str) else json.dumps(self.item, ensure_ascii=False)
        )
        return text if len(text) <= LABEL else f"{text[: LABEL - 1]}…"


_READS: Final[Mapping[str, Read[TaskRunWithResults]]] = {
    "id": lambda row: typed("run", row["id"]),
    "key": itemgetter("path"),
    "state": lambda row: TaskRunState(row["state"]),
    "inputs": lambda row: load(row["inputs"]),
    "duration": lambda row: seconds_between(
        row["started_at"], row["ended_at"] or moment_of(row["id"])
    ),
    "error": lambda row: TaskError.of(row["error"]),
}


@reading(_READS)
@strawberry.type
class TaskRun(RowView[TaskRunWithResults], Node):
    row: strawberry.Private[TaskRunWithResults]
    related: strawberry.Private[RelatedRows] = RelatedRows()
    key: str
    state: TaskRunState
    progress: float
    message: str | None
    inputs: JSON
    retry_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    error: TaskError | None

    @classmethod
    def all_of(cls, rows: Iterable[TaskRunWithResults], related: RelatedRows) -> list[Self]:
        """Returns the task runs of `rows`, with the related rows that were read for all of them."""
        views = [cls.of(row) for row in rows]
        for view in views:
            view.related = related
        return views

    @property
    def uuid(self) -> UUID:
        return self.row["id"]

    @property
    def execution_key(self) -> UUID:
        return self.row["execution_id"]

    @read_ahead("ready_outputs")
    async def outputs(self, info: Info) -> JSON:
        if self.row["results"] is not None:
            return self.ready_outputs
        found = await info.context.loaders.results.load(self.uuid)
        if not found:
            return JSON({})
        outside = await info.context.loaders.visibility.outside.load(self.execution_key)
        return JSON(outside.results(self.key, within_limit(load(found[0]["results"]))))

    @property
    def ready_outputs(self) -> JSON:
        if self.row["results"] is None:
            raise NotReady  # combined from its iterations
        return JSON(load(self.row["results"]))

    @strawberry.field
    async def execution(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution.execution")]:
        from schema.types.execution.execution import Execution

        return Execution.of(await row_of(info, self.execution_key))

    @read_ahead("ready_task")
    async def task(self, info: Info) -> Task:
        plan = await plan_of(info, self.execution_key)
        return RelatedRows(plan=plan).task(self.key)

    @property
    def ready_task(self) -> Task:
        return self.related.task(self.key)

    @read_ahead("ready_iteration")
    async def iteration(self, info: Info) -> Iteration | None:
        items = await info.context.loaders.items.load(self.execution_key)
        return _iteration(self.key, RelatedRows(items=items))

    @property
    def ready_iteration(self) -> Iteration | None:
        return _iteration(self.key, self.related)

    @strawberry.field
    async def cached_from(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution.execution")] | None:
        return await execution_by_id(info, self.row["source_execution"])

    @read_ahead("ready_child")
    async def child(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution.execution")] | None:
        return await execution_by_id(info, self.row["child_id"])

    @property
    def ready_child(self) -> "Execution | None":
        from schema.types.execution.execution import Execution

        return Execution.maybe(self.related.execution(self.row["child_id"]))

    @read_ahead("ready_state_history")
    async def state_history(self, info: Info) -> list[StateChange]:
        rows = await info.context.loaders.by_task_run("task_moves").load(self.execution_key)
        return [StateChange.of(row) for row in rows.get(self.uuid, ())]

    @property
    def ready_state_history(self) -> list[StateChange]:
        return [StateChange.of(row) for row in rows_at(self.related.moves, self.uuid)]

    @read_ahead("ready_attempts")
    async def attempts(self, info: Info) -> list[Attempt]:
        return [Attempt.of(row) for row in await info.context.loaders.attempts.load(self.uuid)]

    @property
    def ready_attempts(self) -> list[Attempt]:
        return [Attempt.of(row) for row in rows_at(self.related.attempts, self.uuid)]

    @up_to(MAX_CHILDREN, usual=5)
    async def metrics(self, info: Info, first: int | None = None) -> list[Metric]:
        most = first or MAX_CHILDREN
        rows = await metrics_of_task_run(info, self.execution_key, most, self.uuid)
        return [Metric.of(row) for row in rows]

    @up_to(MAX_ROWS, usual=2)
    async def artifacts(self, info: Info) -> list[ArtifactUse]:
        rows = await info.context.loaders.by_task_run("artifacts").load(self.execution_key)
        return [ArtifactUse.of(row) for row in rows.get(self.uuid, ()) if not row["set_aside"]]

    @strawberry.field
    async def logs(
        self,
        info: Info,
        attempt: int | None = None,
        min_level: LogLevel | None = None,
        stream: LogStream | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        around: int | None = None,
    ) -> LogConnection:
        page = LogPage.of(first, after, last, before, around)
        wanted = await lines_of(info, self.execution_key, self.uuid, attempt, min_level, stream)
        return await read_logs(info, wanted, page)

    @read_ahead("ready_approval")
    async def approval(self, info: Info) -> Approval | None:
        rows = await info.context.loaders.by_task_run("approvals").load(self.execution_key)
        return _latest(rows.get(self.uuid, ()))

    @property
    def ready_approval(self) -> Approval | None:
        return _latest(rows_at(self.related.approvals, self.uuid))

    @strawberry.field
    async def waiting_for(self, info: Info) -> list[Waiting]:
        snapshot = await snapshot_of(info, self.execution_key)
        live = await info.context.loaders.live_queues.load(None)
        return await waiting_views(
            info, self.execution_key, waiting_of_task(snapshot, snapshot.tasks[self.key], live)
        )

    @strawberry.field
    async def available_actions(self, info: Info) -> list[ActionAvailability]:
        if past := past_of(self.execution_key):
            refused = in_the_past(past.seq)
            return [ActionAvailability.of(one) for one in refused if one.action in _ON_TASK_RUNS]
        snapshot = await snapshot_of(info, self.execution_key)
        task = snapshot.tasks[self.key]
        permissions = info.context.viewer.permissions_in(snapshot.plan.spec.namespace)
        found = (availability(snapshot, action, task) for action in _ON_TASK_RUNS)
        return [
            ActionAvailability.of(permitted_on(snapshot, task, one, permissions)) for one in found
        ]


_ON_TASK_RUNS = (Action.APPROVE, Action.REJECT, Action.REPLAY, Action.CHANGE_TASK_RUN_STATE)


async def execution_by_id(info: Info, id: UUID | None) -> "Execution | None":
    from schema.types.execution.execution import Execution

    return Execution.maybe(await info.context.loaders.execution.load(id)) if id else None


async def task_run_by_id(info: Info, execution_id: UUID, task_run_id: UUID) -> TaskRun | None:
    """Returns a task run of an execution, from the historical view if `execution_id` belongs to one."""
    past = past_of(execution_id)
    key = HistoricalKey(task_run_id, past) if past else task_run_id
    return TaskRun.maybe(await info.context.loaders.task_run.load(key))


def _iteration(path: str, related: RelatedRows) -> Iteration | None:
    place = parse_path(path)
    if place.parent is None or place.iteration is None:
        return None
    return Iteration(index=place.iteration, item=related.item(place.parent, place.iteration))


def _latest(rows: Sequence[ApprovalRow]) -> Approval | None:
    return Approval.of(rows[-1]) if rows else None
