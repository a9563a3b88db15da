"""Reads rows related to the task runs of a list for all of them at once, so that most fields need no resolver.

Resolvers read the other rows: see `read_ahead` in row_view."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, TypeVar
from uuid import UUID

from models.lifecycle.snapshot import CompiledFlow
from models.lifecycle.task_path import parse_path
from models.states import Section
from runner.store.execution.history import TaskMoveRow, rows_of_some
from runner.store.execution.nodes import TaskRunWithResults
from runner.store.rows import ApprovalRow, AttemptRow, ExecutionRow
from schema.context import Info
from schema.loading.selection import names_below
from schema.loading.visibility import seen_rows
from schema.types.flow.flow import Task
from schema.types.row_view import NotReady

Row = TypeVar("Row")
Rows: TypeAlias = Mapping[UUID | None, Sequence[Row]]
_BY_RUN: Final[Mapping[str, Literal["attempts_in", "task_moves", "approvals"]]] = {
    "attempts": "attempts_in",
    "stateHistory": "task_moves",
    "approval": "approvals",
}
"""Field -> loader of its rows."""


@dataclass(eq=False)
class RelatedRows:
    """The rows of each kind by task run; None if they were not read."""

    attempts: Rows[AttemptRow] | None = None
    moves: Rows[TaskMoveRow] | None = None
    approvals: Rows[ApprovalRow] | None = None
    executions: Mapping[UUID, ExecutionRow | None] | None = None
    plan: CompiledFlow | None = None
    items: Mapping[str, Sequence[Any]] | None = None
    _tasks: dict[str, Task] = field(default_factory=dict)

    def execution(self, id: UUID | None) -> ExecutionRow | None:
        """Raises NotReady if the rows were not read."""
        if id is None:
            return None
        if self.executions is None or id not in self.executions:
            raise NotReady
        return self.executions[id]

    def task(self, path: str) -> Task:
        """Raises NotReady if the rows were not read."""
        if self.plan is None:
            raise NotReady
        key = parse_path(path).key
        found = self._tasks.get(key)
        if found is None:
            section = self.plan.sections.get(key, Section.TASKS)
            found = self._tasks[key] = Task.of(self.plan.spec, self.plan.spec_of(key), section)
        return found

    def item(self, parent: str, index: int) -> Any:
        """Raises NotReady if the rows were not read."""
        if self.items is None:
            raise NotReady
        return self.items[parent][index]


def rows_at(found: Rows[Row] | None, task_run: UUID) -> Sequence[Row]:
    """Raises NotReady if the rows were not read."""
    if found is None:
        raise NotReady
    return found.get(task_run, ())


async def read_related(
    info: Info, execution: UUID, rows: Sequence[TaskRunWithResults]
) -> RelatedRows:
    """Reads the related rows of all task runs of an execution, for the fields that the operation selects."""
    selected, loaders = names_below(info), info.context.loaders
    by_run = {name: loaders.by_task_run(kind) for name, kind in _BY_RUN.items() if name in selected}
    found: list[Rows[Any]] = await asyncio.gather(
        *(loader.load(execution) for loader in by_run.values())
    )
    return await _completed(info, execution, rows, selected, dict(zip(by_run, found, strict=True)))


async def read_related_of(
    info: Info, execution: UUID, rows: Sequence[TaskRunWithResults]
) -> RelatedRows:
    """Reads the related rows of some task runs of an execution."""
    selected, pool = names_below(info), info.context.services.pool
    ids = [row["id"] for row in rows]
    by_run: dict[str, Rows[Any]] = {}  # by field
    for name in _BY_RUN.keys() & selected if ids else ():
        by_run[name] = await rows_of_some(pool, _BY_RUN[name], execution, ids)
    if "attempts" in by_run:
        by_run["attempts"] = await _seen_attempts(info, by_run["attempts"])
    return await _completed(info, execution, rows, selected, by_run)


async def _seen_attempts(info: Info, by_run: Rows[AttemptRow]) -> Rows[AttemptRow]:
    visibility = info.context.loaders.visibility
    return {id: await seen_rows(visibility, "attempts_in", rows) for id, rows in by_run.items()}


async def _completed(
    info: Info,
    execution: UUID,
    rows: Sequence[TaskRunWithResults],
    selected: frozenset[str],
    by_run: Mapping[str, Rows[Any]],
) -> RelatedRows:
    loaders = info.context.loaders
    related = RelatedRows(
        attempts=by_run.get("attempts"),
        moves=by_run.get("stateHistory"),
        approvals=by_run.get("approval"),
    )
    if "child" in selected:
        ids = [row["child_id"] for row in rows if row["child_id"]]
        children = await loaders.execution.load_many(ids)
        related.executions = dict(zip(ids, children, strict=True))
    if "task" in selected:
        related.plan = await loaders.plan.load(execution)
    if "iteration" in selected:
        related.items = await loaders.items.load(execution)
    return related
