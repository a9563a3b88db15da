"""Executions side by side. What each row holds stands in the order of the executions; the first is the baseline."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar
from uuid import UUID

import strawberry

from models.comparison import Number, Row, lasted_alike, numbers_of, rows_of
from models.states import ExecutionState, TaskRunState
from runner.store.json import load
from schema.context import Info
from schema.enums import ArtifactDirection, MetricKind
from schema.scalars import JSON, BigInt
from schema.types.artifact import ArtifactUse
from schema.types.execution import Execution
from schema.types.task_run import seconds_between


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
        return cls(key=key, values=cells, differs=_any_differs(cells))


@strawberry.type
class MetricPoint:
    step: BigInt | None
    value: float
    at: datetime
    elapsed: float | None


@strawberry.type
class ComparedMetric:
    execution: strawberry.Private[Any]
    row: strawberry.Private[Any]
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
        for told in await info.context.loaders.metric_points.load(self.execution["id"]):
            if _series(told) == _series(self.row):
                return [
                    MetricPoint(step=step, value=value, at=at, elapsed=seconds_between(started, at))
                    for step, value, at in zip(
                        told["steps"], told["values"], told["moments"], strict=True
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
    def of(cls, executions: Sequence[Any], rows: Sequence[Any]) -> Self:
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
            differs=_any_differs(cells),
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
    def of(cls, name: str, direction: str, uses: Sequence[Sequence[Any]]) -> Self:
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
        return cls(name=name, direction=way, values=cells, differs=_any_differs(cells))


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
    def of(cls, row: Any, number: Number, differs: bool) -> Self:
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
    def of(cls, key: str, rows: Sequence[Any]) -> Self:
        seconds = [row["duration"] if row else None for row in rows]
        cells = [
            ComparedTask.of(row, number, not _tasks_alike(row, rows[0]))
            for row, number in zip(rows, numbers_of(seconds), strict=True)
        ]
        return cls(key=key, values=cells, differs=_any_differs(cells))


def _tasks_alike(one: Any, other: Any) -> bool:
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


@strawberry.type
class Comparison:
    """Rows without a difference are left out where `only` says so."""

    rows: strawberry.Private[list[Any]]
    only: strawberry.Private[bool]
    executions: list[Execution]

    @classmethod
    def of(cls, rows: list[Any], only_differences: bool) -> Self:
        return cls(rows=rows, only=only_differences, executions=[Execution.of(row) for row in rows])

    @strawberry.field
    def about(self) -> list[ValueComparison]:
        return self._values([_about(one) for one in self.executions])

    @strawberry.field
    def inputs(self) -> list[ValueComparison]:
        return self._values([one.inputs for one in self.executions])

    @strawberry.field
    def outputs(self) -> list[ValueComparison]:
        return self._values([one.outputs or {} for one in self.executions])

    @strawberry.field
    def properties(self) -> list[ValueComparison]:
        return self._values([one.properties for one in self.executions])

    @strawberry.field
    def labels(self) -> list[ValueComparison]:
        return self._values(
            [{label.key: label.value for label in one.labels} for one in self.executions]
        )

    @strawberry.field
    def git(self) -> list[ValueComparison]:
        told = [load(row["git"]) or {} for row in self.rows]
        return self._values(
            [{key: value for key, value in one.items() if value is not None} for one in told]
        )

    @strawberry.field
    def durations(self) -> list[DurationComparison]:
        total = DurationComparison.of("total", [one.duration for one in self.executions])
        queued = DurationComparison.of("queued", [one.queued_for for one in self.executions])
        return self._shown([total, queued])

    @strawberry.field
    async def metrics(self, info: Info) -> list[MetricComparison]:
        told = await info.context.loaders.metric_values.load_many(self._ids())
        series = [{_series(row): row for row in rows} for rows in told]
        keys = sorted(_keys(series), key=lambda key: (key[0], key[1] or "", key[2]))
        return self._shown(
            MetricComparison.of(self.rows, [one.get(key) for one in series]) for key in keys
        )

    @strawberry.field
    async def artifacts(self, info: Info) -> list[ArtifactComparison]:
        told = await info.context.loaders.artifacts.load_many(self._ids())
        found = [_newest_uses(rows) for rows in told]
        return self._shown(
            ArtifactComparison.of(name, direction, [one.get((direction, name), []) for one in found])
            for direction, name in sorted(_keys(found))
        )  # fmt: skip

    @strawberry.field
    async def tasks(self, info: Info) -> list[TaskComparison]:
        told = await info.context.loaders.task_times.load_many(self._ids())
        found = [{row["key"]: row for row in rows} for rows in told]
        places: dict[str, int] = {}
        for row in (row for rows in told for row in rows):
            places[row["key"]] = max(row["position"], places.get(row["key"], 0))
        keys = sorted(places, key=lambda key: (places[key], key))
        return self._shown(TaskComparison.of(key, [one.get(key) for one in found]) for key in keys)

    @strawberry.field
    async def states(self, info: Info) -> list[StatePath]:
        moves = await info.context.loaders.moves.load_many(self._ids())
        steps = [_steps(one, told) for one, told in zip(self.executions, moves, strict=True)]
        paths = [[step.state for step in one] for one in steps]
        found = [
            StatePath(execution=execution, steps=one, differs=path != paths[0])
            for execution, one, path in zip(self.executions, steps, paths, strict=True)
        ]
        return found if _any_differs(found) or not self.only else []

    def _ids(self) -> list[UUID]:
        return [row["id"] for row in self.rows]

    def _values(self, values: Sequence[Any]) -> list[ValueComparison]:
        return self._shown(ValueComparison.of(row) for row in rows_of(values))

    def _shown(self, rows: "Iterable[_Row]") -> "list[_Row]":
        return [row for row in rows if row.differs or not self.only]


_Row = TypeVar(
    "_Row",
    ValueComparison,
    DurationComparison,
    MetricComparison,
    ArtifactComparison,
    TaskComparison,
)


def _about(one: Execution) -> dict[str, Any]:
    """What it ran, how, and what became of it; by the names that these have of an execution."""
    failure = load(one.row["failure"])
    return {
        "namespace": one.namespace,
        "flowKey": one.flow_key,
        "kind": one.kind,
        "origin": one.origin.value,
        "state": one.state.value,
        "createdBy": one.row["created_by"],
        "onFailure": one.on_failure.value,
        "disabledTasks": sorted(one.disabled_tasks),
        **({"revision": one.row["revision"]} if one.row["revision"] is not None else {}),
        **({"failure": failure["message"]} if failure else {}),
    }


def _series(row: Any) -> tuple[str, str | None, str]:
    return row["name"], row["path"], row["tags"]


def _newest_uses(rows: Sequence[Any]) -> dict[tuple[str, str], list[Any]]:
    """By direction and name; where a task was tried again, what its newest attempt used and made."""
    newest: dict[Any, int] = {}
    for row in rows:
        newest[_use(row)] = max(newest.get(_use(row), 0), row["attempt"] or 0)
    found: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        if (row["attempt"] or 0) == newest[_use(row)]:
            found.setdefault((row["direction"], row["name"]), []).append(row)
    return found


def _use(row: Any) -> tuple[str, str, str | None]:
    return row["direction"], row["name"], row["path"]


def _steps(one: Execution, moves: Sequence[Any]) -> list[StateStep]:
    told = [(ExecutionState.CREATED, one.created_at)]
    told += [(ExecutionState(row["to_state"]), row["at"]) for row in moves]
    until = [*(at for _, at in told[1:]), None]
    return [
        StateStep(state=state, at=at, lasted=(end - at).total_seconds() if end else None)
        for (state, at), end in zip(told, until, strict=True)
    ]


def _keys(found: Sequence[dict[Any, Any]]) -> set[Any]:
    return {key for one in found for key in one}


def _any_differs(cells: Iterable[Any]) -> bool:
    return any(cell.differs for cell in cells)
