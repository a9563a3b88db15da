"""The comparison of executions."""

from collections.abc import Iterable, Sequence
from typing import Any, Self, TypeVar
from uuid import UUID

import strawberry

from models.states import ExecutionState
from models.statistics.comparison import rows_of
from runner.store.execution.history import MoveRow
from runner.store.execution.nodes import UseRow
from runner.store.json import load
from runner.store.lists.comparison import MetricValueRow, TaskTimeRow
from runner.store.rows import ExecutionRow
from schema.context import Info
from schema.types.comparison.compared import (
    ArtifactComparison,
    DurationComparison,
    MetricComparison,
    StatePath,
    StateStep,
    TaskComparison,
    ValueComparison,
    any_differs,
    series_of,
)
from schema.types.execution.execution import Execution


@strawberry.type
class Comparison:
    """With `only`, rows without a difference are omitted."""

    rows: strawberry.Private[list[ExecutionRow]]
    only: strawberry.Private[bool]
    executions: list[Execution]

    @classmethod
    def of(cls, rows: list[ExecutionRow], only_differences: bool) -> Self:
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
        found = [load(row["git"]) or {} for row in self.rows]
        return self._values(
            [{key: value for key, value in one.items() if value is not None} for one in found]
        )

    @strawberry.field
    def durations(self) -> list[DurationComparison]:
        total = DurationComparison.of("total", [one.duration for one in self.executions])
        queued = DurationComparison.of("queued", [one.queued_for for one in self.executions])
        return self._shown([total, queued])

    @strawberry.field
    async def metrics(self, info: Info) -> list[MetricComparison]:
        loader = info.context.loaders.metric_values
        found: list[list[MetricValueRow]] = await loader.load_many(self._ids())
        series = [{series_of(row): row for row in rows} for rows in found]
        keys = sorted(_keys(series), key=lambda key: (key[0], key[1] or "", key[2]))
        return self._shown(
            MetricComparison.of(self.rows, [one.get(key) for one in series]) for key in keys
        )

    @strawberry.field
    async def artifacts(self, info: Info) -> list[ArtifactComparison]:
        uses: list[list[UseRow]] = await info.context.loaders.artifacts.load_many(self._ids())
        found = [_newest_uses(rows) for rows in uses]
        return self._shown(
            ArtifactComparison.of(name, direction, [one.get((direction, name), []) for one in found])
            for direction, name in sorted(_keys(found))
        )  # fmt: skip

    @strawberry.field
    async def tasks(self, info: Info) -> list[TaskComparison]:
        times: list[list[TaskTimeRow]] = await info.context.loaders.task_times.load_many(
            self._ids()
        )
        found = [{row["key"]: row for row in rows} for rows in times]
        places: dict[str, int] = {}
        for row in (row for rows in times for row in rows):
            places[row["key"]] = max(row["position"], places.get(row["key"], 0))
        keys = sorted(places, key=lambda key: (places[key], key))
        return self._shown(TaskComparison.of(key, [one.get(key) for one in found]) for key in keys)

    @strawberry.field
    async def states(self, info: Info) -> list[StatePath]:
        moves: list[list[MoveRow]] = await info.context.loaders.moves.load_many(self._ids())
        steps = [_steps(one, rows) for one, rows in zip(self.executions, moves, strict=True)]
        paths = [[step.state for step in one] for one in steps]
        found = [
            StatePath(execution=execution, steps=one, differs=path != paths[0])
            for execution, one, path in zip(self.executions, steps, paths, strict=True)
        ]
        return found if any_differs(found) or not self.only else []

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
    """Returns general values of an execution, under the names of the fields of Execution."""
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


def _newest_uses(rows: Sequence[UseRow]) -> dict[tuple[str, str], list[UseRow]]:
    """Groups uses by direction and name. If a task was retried, only those of its newest attempt."""
    newest: dict[tuple[str, str, str | None], int] = {}
    rows = [row for row in rows if not row["set_aside"]]
    for row in rows:
        newest[_use(row)] = max(newest.get(_use(row), 0), row["attempt"] or 0)
    found: dict[tuple[str, str], list[UseRow]] = {}
    for row in rows:
        if (row["attempt"] or 0) == newest[_use(row)]:
            found.setdefault((row["direction"], row["name"]), []).append(row)
    return found


def _use(row: UseRow) -> tuple[str, str, str | None]:
    return row["direction"], row["name"], row["path"]


def _steps(one: Execution, moves: Sequence[MoveRow]) -> list[StateStep]:
    states = [(ExecutionState.CREATED, one.created_at)]
    states += [(ExecutionState(row["to_state"]), row["at"]) for row in moves]
    until = [*(at for _, at in states[1:]), None]
    return [
        StateStep(state=state, at=at, lasted=(end - at).total_seconds() if end else None)
        for (state, at), end in zip(states, until, strict=True)
    ]


def _keys(found: Sequence[dict[Any, Any]]) -> set[Any]:
    return {key for one in found for key in one}
