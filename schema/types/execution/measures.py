"""Metrics that an execution recorded."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from models.ids import typed
from runner.store.execution.history import ReadMetricRow
from runner.store.json import load
from schema.enums import MetricKind
from schema.scalars import JSON


@strawberry.type
class Metric:
    id: strawberry.ID
    name: str
    value: float
    kind: MetricKind
    step: int | None
    tags: JSON
    at: datetime
    task_run_id: strawberry.ID | None
    task_key: str | None
    attempt: int | None

    @classmethod
    def of(cls, row: ReadMetricRow) -> Self:
        return cls(
            id=strawberry.ID(typed("metr", row["id"])),
            name=row["name"],
            value=row["value"],
            kind=MetricKind(row["kind"]),
            step=row["step"],
            tags=load(row["tags"]),
            at=row["at"],
            task_run_id=typed_or_none(row["task_run_id"]),
            task_key=row["path"],
            attempt=row["attempt"],
        )


def typed_or_none(task_run: UUID | None) -> strawberry.ID | None:
    """Returns the id of a task run; None for the execution as a whole."""
    return strawberry.ID(typed("run", task_run)) if task_run else None
