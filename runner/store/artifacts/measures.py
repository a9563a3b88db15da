"""Stores metrics and artifacts of attempts and external runs; repeating a call stores nothing twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from runner.store import fencing
from runner.store.artifacts.artifacts import UsedArtifact, record_uses
from runner.store.json import dump, to_columns
from runner.store.postgres.connection import Connection, Pool

_METRIC_COLUMNS = (
    "execution_id",
    "id",
    "task_run_id",
    "path",
    "attempt",
    "name",
    "value",
    "kind",
    "step",
    "tags",
    "at",
)
_INSERT_ONCE = f"""
insert into metrics ({", ".join(_METRIC_COLUMNS)})
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::float8[], $8::text[],
  $9::bigint[], $10::jsonb[], $11::timestamptz[])
on conflict (execution_id, id) do nothing
"""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric; one of the execution as a whole has no path and no attempt."""

    execution_id: UUID
    id: UUID
    task_run_id: UUID | None
    path: str | None
    attempt: int | None
    name: str
    value: float
    kind: str
    step: int | None
    tags: Mapping[str, Any]
    at: datetime


async def store(
    pool: Pool, attempt_id: UUID, metrics: Sequence[MetricRow], artifacts: Sequence[UsedArtifact]
) -> None:
    """Stores all or nothing; raises AttemptsEnded if the attempt has ended. Storing the same again changes nothing, so
    the caller may retry when the outcome of the commit is unknown."""
    async with pool.acquire() as connection, connection.transaction():
        await store_once(connection, metrics)
        await record_uses(connection, artifacts)
        await fencing.hold(connection, [attempt_id])


async def store_once(connection: Connection, metrics: Sequence[MetricRow]) -> None:
    """Stores the metrics whose ids are not stored yet."""
    if metrics:
        await connection.execute(_INSERT_ONCE, *to_columns([_record(row) for row in metrics]))


def _record(row: MetricRow) -> tuple[Any, ...]:
    values = (getattr(row, column) for column in _METRIC_COLUMNS)
    return tuple(dump(value) if isinstance(value, Mapping) else value for value in values)
