"""Filters the rows that loaders read by the scope of the viewer (`runner/history/visibility.py`)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from models.access.viewer import Scope
from models.lifecycle.apply.attempt_values import Given
from models.lifecycle.snapshot import CompiledFlow
from models.lifecycle.visibility.outside import NOTHING, Outside, outside_of
from runner.history.visibility import attempt_seen, runs_outside, seen_uses, task_run_seen
from runner.store.execution.nodes import TaskRunWithResults
from runner.store.postgres.connection import Pool
from runner.store.rows import AttemptRow, ExecutionRow
from runner.store.scopes import scope_of

AnyRow = TypeVar("AnyRow", TaskRunWithResults, AttemptRow)
Load: TypeAlias = Callable[[list[Any]], Awaitable[list[Any]]]
Paths: TypeAlias = Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class VisibilityLoaders:
    """Loaders, by execution, of the parts outside of the viewer's scope, and of the task runs that started these."""

    scope: Scope
    outside: DataLoader[UUID, Outside]
    runs: DataLoader[UUID, Paths]


async def read_outside(
    scope: Scope,
    executions: DataLoader[UUID, ExecutionRow | None],
    plans: DataLoader[UUID, CompiledFlow | None],
    ids: list[UUID],
) -> list[Outside]:
    if scope.namespaces is None:
        return [NOTHING] * len(ids)
    rows, found = await executions.load_many(ids), await plans.load_many(ids)
    return [
        outside_of(plan, scope, scope_of(row["scope"])) if row and plan else NOTHING
        for row, plan in zip(rows, found, strict=True)
    ]


async def read_runs(pool: Pool, outside: DataLoader[UUID, Outside], ids: list[UUID]) -> list[Paths]:
    found = await runs_outside(pool, dict(zip(ids, await outside.load_many(ids), strict=True)))
    return [found[id] for id in ids]


async def seen_task_run(
    visibility: VisibilityLoaders, row: TaskRunWithResults | None
) -> TaskRunWithResults | None:
    return task_run_seen(await visibility.outside.load(row["execution_id"]), row) if row else row


async def seen_attempt(visibility: VisibilityLoaders, row: AttemptRow) -> AttemptRow:
    id = row["execution_id"]
    outside = await visibility.outside.load(id)
    return attempt_seen(outside, await visibility.runs.load(id), row) if outside else row


async def _each(
    visibility: VisibilityLoaders,
    load: Load,
    see: Callable[[VisibilityLoaders, Any], Any],
    keys: list[Any],
) -> Any:
    """Applies `see` to the loaded rows, or lists of rows, of the kind that it takes."""
    return [
        [await see(visibility, row) for row in found]
        if isinstance(found, list)
        else await see(visibility, found)
        for found in await load(keys)
    ]


async def _given(visibility: VisibilityLoaders, load: Load, keys: list[UUID]) -> list[Any]:
    return [
        _without(given, await visibility.runs.load(id))
        for id, given in zip(keys, await load(keys), strict=True)
    ]


def _without(
    given: Mapping[tuple[UUID, int], Given], runs: Paths
) -> Mapping[tuple[UUID, int], Given]:
    if not runs:
        return given
    return {
        key: replace(one, outputs={}, message=None) if key[0] in runs else one
        for key, one in given.items()
    }


_ROWS: Final[Mapping[str, Callable[[VisibilityLoaders, Any], Any]]] = {
    "task_runs": seen_task_run,
    "task_run": seen_task_run,
    "task_run_at": seen_task_run,
    "skipped": seen_task_run,
    "attempts": seen_attempt,
    "attempts_in": seen_attempt,
}


def needs_filter(name: str) -> bool:
    """Whether rows of this loader may contain values from outside of the viewer's scope."""
    return name in _ROWS or name in ("given", "artifacts")


def seen(name: str, visibility: VisibilityLoaders, load: Load) -> Load:
    """Wraps the loader of this name: removes what a viewer with a limited scope may not see."""

    async def loaded(keys: list[Any]) -> list[Any]:
        if name == "given":
            return await _given(visibility, load, keys)
        if name == "artifacts":
            return [seen_uses(visibility.scope, rows) for rows in await load(keys)]
        found: list[Any] = await _each(visibility, load, _ROWS[name], keys)
        return found

    return loaded


async def seen_rows(
    visibility: VisibilityLoaders, kind: str, rows: Sequence[AnyRow]
) -> list[AnyRow]:
    """Applies the same filter to rows that were read without a loader."""
    return [await _ROWS[kind](visibility, row) for row in rows]
