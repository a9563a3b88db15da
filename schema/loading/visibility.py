"""Filters the rows that loaders read by the scope of the viewer (`runner/history/visibility.py`)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias
from uuid import UUID

from strawberry.dataloader import DataLoader

from models.access.viewer import Scope
from models.lifecycle.apply.attempt_values import Given
from models.lifecycle.snapshot import CompiledFlow
from models.lifecycle.visibility.outside import NOTHING, Outside, outside_of
from runner.history.visibility import attempt_seen, runs_outside, seen_uses, task_run_seen
from runner.store.postgres.connection import Pool
from runner.store.scopes import scope_of

Row: TypeAlias = Any
Load: TypeAlias = Callable[[list[Any]], Awaitable[list[Any]]]
Paths: TypeAlias = Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class Sight:
    """Reads, by execution, what is outside of the scope, and the task runs that started it."""

    scope: Scope
    outside: DataLoader[UUID, Outside]
    runs: DataLoader[UUID, Paths]


async def read_outside(
    scope: Scope,
    executions: DataLoader[UUID, Row | None],
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


async def seen_task_run(sight: Sight, row: Row) -> Row:
    return task_run_seen(await sight.outside.load(row["execution_id"]), row) if row else row


async def seen_attempt(sight: Sight, row: Row) -> Row:
    id = row["execution_id"]
    outside = await sight.outside.load(id)
    return attempt_seen(outside, await sight.runs.load(id), row) if outside else row


async def _each(sight: Sight, load: Load, see: Callable[[Sight, Row], Any], keys: list[Any]) -> Any:
    """Of rows, or lists of rows."""
    return [
        [await see(sight, row) for row in found]
        if isinstance(found, list)
        else await see(sight, found)
        for found in await load(keys)
    ]


async def _given(sight: Sight, load: Load, keys: list[UUID]) -> list[Any]:
    return [
        _without(given, await sight.runs.load(id))
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


_ROWS: Final[Mapping[str, Callable[[Sight, Row], Any]]] = {
    "task_runs": seen_task_run,
    "task_run": seen_task_run,
    "task_run_at": seen_task_run,
    "skipped": seen_task_run,
    "attempts": seen_attempt,
    "attempts_in": seen_attempt,
}


def is_seen_apart(name: str) -> bool:
    """Whether what a loader reads may hold what came from outside."""
    return name in _ROWS or name in ("given", "artifacts")


def seen(name: str, sight: Sight, load: Load) -> Load:
    """The loader of this name, for a viewer with a scope."""

    async def loaded(keys: list[Any]) -> list[Any]:
        if name == "given":
            return await _given(sight, load, keys)
        if name == "artifacts":
            return [seen_uses(sight.scope, rows) for rows in await load(keys)]
        found: list[Any] = await _each(sight, load, _ROWS[name], keys)
        return found

    return loaded


async def seen_rows(sight: Sight, kind: str, rows: Sequence[Row]) -> list[Row]:
    """Rows of a kind that were read without a loader."""
    return [await _ROWS[kind](sight, row) for row in rows]
