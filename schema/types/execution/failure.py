"""The cause of a failed execution. Values outside the row of the execution are read only when selected, batched."""

from typing import Any, Self
from uuid import UUID

import strawberry

from models.fingerprint import fingerprint
from models.lifecycle.actions import Action
from models.lifecycle.apply.changes import other_failures
from models.states import TaskRunState
from runner.history.point_in_time import moment_of, past_of
from runner.store.execution.failures import OfAttempt
from schema.context import Info
from schema.loading.snapshots import snapshot_of
from schema.types.execution.task_run import TaskRun, message_of


@strawberry.type
class Failure:
    execution_key: strawberry.Private[UUID]
    path: strawberry.Private[str | None]
    attempt: int | None
    code: str
    message: str
    exit_code: int | None
    fingerprint: str

    @classmethod
    def of(cls, execution_id: UUID, failure: dict[str, Any]) -> Self:
        """From the column `failure` of an execution."""
        path, code, message = failure["path"], failure["code"], failure["message"]
        return cls(
            execution_key=execution_id,
            path=path,
            attempt=failure["attempt"],
            code=code,
            message=message_of(failure),
            exit_code=failure.get("exit_code"),
            fingerprint=fingerprint(path, code, message),
        )

    @classmethod
    def by_hand(cls, execution_id: UUID, message: str) -> Self:
        """For an execution in which nothing failed and whose state somebody changed to FAILED."""
        code = Action.CHANGE_STATE.value
        failure = {"path": None, "attempt": None, "code": code, "message": message}
        return cls.of(execution_id, failure)

    @strawberry.field
    async def task_run(self, info: Info) -> TaskRun | None:
        return await self._task_run(info)

    async def _task_run(self, info: Info) -> TaskRun | None:
        if self.path is None:
            return None
        if past_of(self.execution_key):
            by_path = await info.context.loaders.task_runs_by_path.load(self.execution_key)
            return TaskRun.maybe(by_path.get(self.path))
        row = await info.context.loaders.task_run_at.load((self.execution_key, self.path))
        return TaskRun.of(row) if row else None

    @strawberry.field
    async def log_line(self, info: Info) -> int | None:
        task = await self._task_run(info)
        if task is None:
            return None
        until = moment_of(self.execution_key)
        attempt = OfAttempt(self.execution_key, task.uuid, self.attempt, until)
        return await info.context.loaders.last_error_line.load(attempt)

    @strawberry.field
    async def skipped(self, info: Info) -> list[TaskRun]:
        return await self._skipped(info)

    async def _skipped(self, info: Info) -> list[TaskRun]:
        if self._is_by_hand:
            return []
        if past_of(self.execution_key):
            by_path = await info.context.loaders.task_runs_by_path.load(self.execution_key)
            return [
                TaskRun.of(row)
                for row in by_path.values()
                if row["state"] == TaskRunState.CANCELLED.value
            ]
        rows = await info.context.loaders.skipped.load(self.execution_key)
        return [TaskRun.of(row) for row in rows]

    @strawberry.field
    async def skipped_count(self, info: Info) -> int:
        if self._is_by_hand or past_of(self.execution_key):
            return len(await self._skipped(info))
        return await info.context.loaders.skipped_count.load(self.execution_key)

    @strawberry.field
    async def others(self, info: Info) -> int:
        if past_of(self.execution_key):
            return other_failures(await snapshot_of(info, self.execution_key))
        found = await info.context.loaders.failed_tasks.load(self.execution_key)
        return other_failures(found) if found else 0

    @property
    def _is_by_hand(self) -> bool:
        return self.code == Action.CHANGE_STATE.value
