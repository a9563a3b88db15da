"""Metrics and artifacts: of attempts as they come, of what ran elsewhere each one once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from runner.store.artifacts import UsedArtifact, record_uses
from runner.store.connection import Connection, Pool
from runner.store.json import dump

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
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (execution_id, id) do nothing
"""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """Of the execution as a whole it has no path and no attempt."""

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
    pool: Pool, metrics: Sequence[MetricRow], artifacts: Sequence[UsedArtifact]
) -> None:
    """All or none of them."""
    async with pool.acquire() as connection, connection.transaction():
        if metrics:
            records = [_record(row) for row in metrics]
            await connection.copy_records_to_table(
                "metrics", columns=_METRIC_COLUMNS, records=records
            )
        await record_uses(connection, artifacts)


async def store_once(connection: Connection, metrics: Sequence[MetricRow]) -> None:
    """Those whose ids are not there yet."""
    await connection.executemany(_INSERT_ONCE, [_record(row) for row in metrics])


def _record(row: MetricRow) -> tuple[Any, ...]:
    values = (getattr(row, column) for column in _METRIC_COLUMNS)
    return tuple(dump(value) if isinstance(value, Mapping) else value for value in values)
