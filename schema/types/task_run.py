"""Task runs and their attempts."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Self
from uuid import UUID

import strawberry

from models.ids import typed
from models.lifecycle.actions import Action, availability
from models.lifecycle.given import NOTHING, Given
from models.lifecycle.keeping import in_the_past
from models.lifecycle.permitted import permitted
from models.lifecycle.results import within_limit
from models.lifecycle.waiting import waiting_of_task
from models.states import AttemptState, TaskRunState
from runner.past import moment_of, past_of
from runner.store.json import load
from schema.context import Info
from schema.enums import LogLevel, LogStream
from schema.loading import row_of, snapshot_of
from schema.scalars import JSON, BigInt
from schema.types.actors import StateChange
from schema.types.approval import Approval
from schema.types.artifact import ArtifactUse
from schema.types.durations import seconds_between
from schema.types.flow import Task
from schema.types.log import LogConnection
from schema.types.log_pages import LogPage, lines_of, read_logs
from schema.types.measures import Metric
from schema.types.node import Node
from schema.types.problems import ActionAvailability
from schema.types.waiting import Waiting, waiting_views

if TYPE_CHECKING:
    from schema.types.execution import Execution


LABEL: Final = 80
"""Characters of an item that a list shows."""


@strawberry.type
class TaskError:
    code: str
    message: str
    exit_code: int | None = None

    @classmethod
    def of(cls, text: str | None) -> Self | None:
        return None if text is None else cls(**load(text))


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


@strawberry.type
class Attempt(Node):
    number: int
    state: AttemptState
    worker: str | None
    started_at: datetime
    ended_at: datetime | None
    duration: float | None
    exit_code: int | None
    error: TaskError | None
    resources: Resources | None
    execution_key: strawberry.Private[UUID]
    task_run_key: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            id=strawberry.ID(typed("att", row["id"])),
            execution_key=row["execution_id"],
            task_run_key=row["task_run_id"],
            number=row["number"],
            state=AttemptState(row["state"]),
            worker=row["worker"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            duration=seconds_between(row["started_at"], row["ended_at"] or moment_of(row["id"])),
            exit_code=row["exit_code"],
            error=TaskError.of(row["error"]),
            resources=Resources.of(row["resources"]),
        )

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

    @strawberry.field
    async def metrics(self, info: Info) -> list[Metric]:
        rows = await info.context.loaders.metrics.load(self.execution_key)
        return [Metric.of(row) for row in rows if self._has(row)]

    @strawberry.field
    async def artifacts(self, info: Info) -> list[ArtifactUse]:
        rows = await info.context.loaders.artifacts.load(self.execution_key)
        return [ArtifactUse.of(row) for row in rows if self._has(row)]

    async def _given(self, info: Info) -> Given:
        given = await info.context.loaders.given.load(self.execution_key)
        return given.get((self.task_run_key, self.number), NOTHING)

    def _has(self, row: Any) -> bool:
        return (row["task_run_id"], row["attempt"]) == (self.task_run_key, self.number)


@strawberry.type
class Iteration:
    index: int
    item: JSON

    @strawberry.field
    def label(self) -> str:
        text = (
            self.item if isinstance(self.item, str) else json.dumps(self.item, ensure_ascii=False)
        )
        return text if len(text) <= LABEL else f"{text[: LABEL - 1]}…"


@strawberry.type
class TaskRun(Node):
    source_key: strawberry.Private[UUID | None]
    child_key: strawberry.Private[UUID | None]
    uuid: strawberry.Private[UUID]
    execution_key: strawberry.Private[UUID]
    key: str
    state: TaskRunState
    progress: float
    message: str | None
    results: strawberry.Private[str | None]
    inputs: JSON
    retry_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    error: TaskError | None

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            id=strawberry.ID(typed("run", row["id"])),
            source_key=row["source_execution"],
            child_key=row["child_id"],
            uuid=row["id"],
            execution_key=row["execution_id"],
            key=row["path"],
            state=TaskRunState(row["state"]),
            progress=row["progress"],
            message=row["message"],
            inputs=load(row["inputs"]),
            results=row["results"],
            retry_at=row["retry_at"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            duration=seconds_between(row["started_at"], row["ended_at"] or moment_of(row["id"])),
            error=TaskError.of(row["error"]),
        )

    @strawberry.field
    async def outputs(self, info: Info) -> JSON:
        if self.results is not None:
            return JSON(load(self.results))
        found = await info.context.loaders.results.load(self.uuid)
        return JSON(within_limit(load(found[0]["results"])) if found else {})

    @strawberry.field
    async def execution(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution")]:
        from schema.types.execution import Execution

        return Execution.of(await row_of(info, self.execution_key))

    @strawberry.field
    async def task(self, info: Info) -> Task:
        snapshot = await snapshot_of(info, self.execution_key)
        return Task.of(snapshot.plan.spec, snapshot.spec_of(snapshot.tasks[self.key]))

    @strawberry.field
    async def iteration(self, info: Info) -> Iteration | None:
        snapshot = await info.context.loaders.snapshot.load(self.execution_key)
        task = snapshot.tasks.get(self.key) if snapshot else None
        if snapshot is None or task is None or task.parent is None or task.index is None:
            return None
        items = snapshot.tasks[task.parent].inputs["items"]
        return Iteration(index=task.index, item=items[task.index])

    @strawberry.field
    async def cached_from(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution")] | None:
        return await execution_by_id(info, self.source_key)

    @strawberry.field
    async def child(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution")] | None:
        return await execution_by_id(info, self.child_key)

    @strawberry.field
    async def state_history(self, info: Info) -> list[StateChange]:
        rows = await info.context.loaders.task_moves.load(self.execution_key)
        return [StateChange.of(row) for row in rows if row["task_run_id"] == self.uuid]

    @strawberry.field
    async def attempts(self, info: Info) -> list[Attempt]:
        return [Attempt.of(row) for row in await info.context.loaders.attempts.load(self.uuid)]

    @strawberry.field
    async def metrics(self, info: Info) -> list[Metric]:
        rows = await info.context.loaders.metrics.load(self.execution_key)
        return [Metric.of(row) for row in rows if row["task_run_id"] == self.uuid]

    @strawberry.field
    async def artifacts(self, info: Info) -> list[ArtifactUse]:
        rows = await info.context.loaders.artifacts.load(self.execution_key)
        mine = (row for row in rows if row["task_run_id"] == self.uuid)
        return [ArtifactUse.of(row) for row in mine if not row["set_aside"]]

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
        wanted = lines_of(info, self.execution_key, self.uuid, attempt, min_level, stream)
        return await read_logs(info, wanted, page)

    @strawberry.field
    async def approval(self, info: Info) -> Approval | None:
        rows = await info.context.loaders.approvals.load(self.execution_key)
        mine = [row for row in rows if row["task_run_id"] == self.uuid]
        return Approval.of(mine[-1]) if mine else None

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
        permissions = info.context.viewer.permissions
        found = (availability(snapshot, action, task) for action in _ON_TASK_RUNS)
        return [ActionAvailability.of(permitted(one, permissions)) for one in found]


_ON_TASK_RUNS = (Action.APPROVE, Action.REJECT, Action.REPLAY, Action.CHANGE_TASK_RUN_STATE)


async def execution_by_id(info: Info, id: UUID | None) -> "Execution | None":
    from schema.types.execution import Execution

    return Execution.maybe(await info.context.loaders.execution.load(id)) if id else None


async def task_run_by_id(info: Info, execution_id: UUID, task_run_id: UUID) -> TaskRun | None:
    rows = await info.context.loaders.task_runs.load(execution_id)
    found = next((row for row in rows if row["id"] == task_run_id), None)
    return TaskRun.of(found) if found else None


async def task_runs_by_path(info: Info, execution_id: UUID) -> dict[str, TaskRun]:
    rows = await info.context.loaders.task_runs.load(execution_id)
    return {row["path"]: TaskRun.of(row) for row in rows}
