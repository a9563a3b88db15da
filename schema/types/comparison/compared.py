"""Rows of a comparison. The values of a row are in the order of the executions; the first is the baseline."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self

import strawberry

from models.states import ExecutionState, TaskRunState
from models.statistics.comparison import Number, Row, lasted_alike, numbers_of
from runner.store.execution.nodes import UseRow
from runner.store.json import load
from runner.store.lists.comparison import MetricPointsRow, MetricValueRow, SeriesRow, TaskTimeRow
from runner.store.rows import ExecutionRow
from schema.context import Info
from schema.enums import ArtifactDirection, MetricKind
from schema.scalars import JSON, BigInt, big
from schema.types.artifact.artifact import ArtifactUse
from schema.types.execution.durations import seconds_between
from schema.types.execution.execution import Execution


@strawberry.type
class ComparedValue:
    value: JSON | None
    present: bool
    differs: bool


@strawberry.type
class ValueComparison:
    key: str
    values: list[ComparedValue]
    differs: bool

    @classmethod
    def of(cls, row: Row) -> Self:
        cells = [
            ComparedValue(value=one.value, present=one.present, differs=one.differs)
            for one in row.cells
        ]
        return cls(key=row.key, values=cells, differs=row.differs)


@strawberry.type
class ComparedNumber:
    value: float | None
    delta: float | None
    percent: float | None
    differs: bool


@strawberry.type
class DurationComparison:
    key: str
    values: list[ComparedNumber]
    differs: bool

    @classmethod
    def of(cls, key: str, seconds: Sequence[float | None]) -> Self:
        cells = [
            ComparedNumber(
                value=one.value,
                delta=one.delta,
                percent=one.percent,
                differs=not lasted_alike(one.value, seconds[0]),
            )
            for one in numbers_of(seconds)
        ]
        return cls(key=key, values=cells, differs=any_differs(cells))


@strawberry.type
class MetricPoint:
    step: BigInt | None
    value: float
    at: datetime
    elapsed: float | None


@strawberry.type
class ComparedMetric:
    execution: strawberry.Private[ExecutionRow]
    row: strawberry.Private[MetricValueRow | None]
    value: float | None
    delta: float | None
    percent: float | None
    number: int
    differs: bool

    @strawberry.field
    async def points(self, info: Info) -> list[MetricPoint]:
        if self.row is None:
            return []
        started = self.execution["started_at"]
        found: list[MetricPointsRow] = await info.context.loaders.metric_points.load(
            self.execution["id"]
        )
        for series in found:
            if series_of(series) == series_of(self.row):
                return [
                    MetricPoint(
                        step=big(step), value=value, at=at, elapsed=seconds_between(started, at)
                    )
                    for step, value, at in zip(
                        series["steps"], series["values"], series["moments"], strict=True
                    )
                ]
        return []


@strawberry.type
class MetricComparison:
    name: str
    task_key: str | None
    tags: JSON
    kind: MetricKind
    values: list[ComparedMetric]
    differs: bool

    @classmethod
    def of(cls, executions: Sequence[ExecutionRow], rows: Sequence[MetricValueRow | None]) -> Self:
        some = next(row for row in rows if row)
        numbers = numbers_of([float(row["value"]) if row else None for row in rows])
        cells = [
            ComparedMetric(
                execution=execution,
                row=row,
                value=number.value,
                delta=number.delta,
                percent=number.percent,
                number=row["number"] if row else 0,
                differs=number.value != numbers[0].value,
            )
            for execution, row, number in zip(executions, rows, numbers, strict=True)
        ]
        return cls(
            name=some["name"],
            task_key=some["path"],
            tags=load(some["tags"]),
            kind=MetricKind(some["kind"]),
            values=cells,
            differs=any_differs(cells),
        )


@strawberry.type
class ComparedArtifacts:
    versions: list[str]
    uses: list[ArtifactUse]
    differs: bool


@strawberry.type
class ArtifactComparison:
    name: str
    direction: ArtifactDirection
    values: list[ComparedArtifacts]
    differs: bool

    @classmethod
    def of(cls, name: str, direction: str, uses: Sequence[Sequence[UseRow]]) -> Self:
        contents = [sorted({(row["version"], row["digest"] or "") for row in one}) for one in uses]
        cells = [
            ComparedArtifacts(
                versions=list(dict.fromkeys(version for version, _ in content)),
                uses=[ArtifactUse.of(row) for row in one],
                differs=content != contents[0],
            )
            for one, content in zip(uses, contents, strict=True)
        ]
        way = ArtifactDirection(direction)
        return cls(name=name, direction=way, values=cells, differs=any_differs(cells))


@strawberry.type
class ComparedTask:
    task_runs: int
    attempts: int
    states: list[TaskRunState]
    duration: float | None
    delta: float | None
    percent: float | None
    differs: bool

    @classmethod
    def of(cls, row: TaskTimeRow | None, number: Number, differs: bool) -> Self:
        return cls(
            task_runs=row["number"] if row else 0,
            attempts=row["attempts"] if row else 0,
            states=[TaskRunState(state) for state in row["states"]] if row else [],
            duration=number.value,
            delta=number.delta,
            percent=number.percent,
            differs=differs,
        )


@strawberry.type
class TaskComparison:
    key: str
    values: list[ComparedTask]
    differs: bool

    @classmethod
    def of(cls, key: str, rows: Sequence[TaskTimeRow | None]) -> Self:
        seconds = [row["duration"] if row else None for row in rows]
        cells = [
            ComparedTask.of(row, number, not _tasks_alike(row, rows[0]))
            for row, number in zip(rows, numbers_of(seconds), strict=True)
        ]
        return cls(key=key, values=cells, differs=any_differs(cells))


def _tasks_alike(one: TaskTimeRow | None, other: TaskTimeRow | None) -> bool:
    if one is None or other is None:
        return one is other
    counts = [(row["number"], row["attempts"], row["states"]) for row in (one, other)]
    return counts[0] == counts[1] and lasted_alike(one["duration"], other["duration"])


@strawberry.type
class StateStep:
    state: ExecutionState
    at: datetime
    lasted: float | None


@strawberry.type
class StatePath:
    execution: Execution
    steps: list[StateStep]
    differs: bool


def series_of(row: SeriesRow) -> tuple[str, str | None, str]:
    return row["name"], row["path"], row["tags"]


def any_differs(cells: Iterable[Any]) -> bool:
    return any(cell.differs for cell in cells)
