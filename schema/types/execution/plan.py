"""The plan of a rerun: returned with `plan: true`, and in the draft of a prepared execution."""

from collections.abc import Sequence
from typing import Annotated, Self
from uuid import UUID

import strawberry

from models.lifecycle.reruns import rerun_plan
from models.lifecycle.reruns.rerun_plan import TaskPlan
from models.states import ConcurrencyBehavior
from schema.context import Info
from schema.scalars import JSON
from schema.types.execution.execution import Execution


@strawberry.type
class PlannedTask:
    source: strawberry.Private[UUID | None]
    key: str
    plan: TaskPlan
    why: str
    is_new: bool
    must_ask: str | None

    @classmethod
    def of(cls, task: rerun_plan.PlannedTask) -> Self:
        return cls(
            source=task.source,
            key=task.key,
            plan=task.plan,
            why=task.why,
            is_new=task.is_new,
            must_ask=task.must_ask,
        )

    @strawberry.field
    async def reused_from(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution.execution")] | None:
        if self.source is None:
            return None
        return Execution.maybe(await info.context.loaders.execution.load(self.source))


@strawberry.type
class Plan:
    tasks: list[PlannedTask]

    @classmethod
    def of(cls, tasks: Sequence[rerun_plan.PlannedTask]) -> Self:
        return cls(tasks=[PlannedTask.of(task) for task in tasks])


@strawberry.type
class DraftTask(PlannedTask):
    @strawberry.field
    def enabled(self) -> bool:
        return self.plan is TaskPlan.RUN


@strawberry.type
class Concurrency:
    limit: int
    behavior: ConcurrencyBehavior


@strawberry.type
class ExecutionDraft:
    create_input: JSON
    disabled_tasks: list[str]
    tasks: list[DraftTask]
    concurrency: Concurrency | None
