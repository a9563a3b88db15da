"""Finds task runs of executions by their paths."""

from collections.abc import Sequence
from typing import Final, TypedDict
from uuid import UUID

from runner.store.postgres.connection import Executes

_OF_EXECUTIONS: Final = (
    "select id, path, execution_id from task_runs where execution_id = any($1::uuid[])"
)
_AT_PATHS: Final = (
    "select path, id, attempt from task_runs where execution_id = $1 and path = any($2::text[])"
)


class PlacedTaskRun(TypedDict):
    """A task run, and its place."""

    id: UUID
    path: str
    execution_id: UUID


class _AttemptRow(TypedDict):
    path: str
    id: UUID
    attempt: int


async def task_runs_of(pool: Executes, executions: Sequence[UUID]) -> Sequence[PlacedTaskRun]:
    """The task runs of all of the executions."""
    rows: Sequence[PlacedTaskRun] = await pool.fetch(_OF_EXECUTIONS, executions)
    return rows


async def newest_attempts(
    pool: Executes, execution: UUID, paths: Sequence[str]
) -> dict[str, tuple[UUID, int]]:
    """The task runs at those of the paths that exist: by path, the id and the number of the newest attempt."""
    rows: list[_AttemptRow] = await pool.fetch(_AT_PATHS, execution, paths)
    return {row["path"]: (row["id"], row["attempt"]) for row in rows}
