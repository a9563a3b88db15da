"""Metrics and artifacts of attempts, stored by COPY."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from runner.store.connection import Pool
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
_ARTIFACT_COLUMNS = (
    "id",
    "execution_id",
    "task_run_id",
    "attempt",
    "namespace",
    "name",
    "type",
    "version",
    "uri",
    "digest",
    "size",
    "direction",
    "properties",
    "created_at",
)


@dataclass(frozen=True, slots=True)
class MetricRow:
    execution_id: UUID
    id: UUID
    task_run_id: UUID
    path: str
    attempt: int
    name: str
    value: float
    kind: str
    step: int | None
    tags: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    id: UUID
    execution_id: UUID
    task_run_id: UUID
    attempt: int
    namespace: str
    name: str
    type: str
    version: str
    uri: str
    digest: str | None
    size: int | None
    direction: str
    properties: Mapping[str, Any]
    created_at: datetime


async def store(pool: Pool, metrics: Sequence[MetricRow], artifacts: Sequence[ArtifactRow]) -> None:
    """All or none of them."""
    async with pool.acquire() as connection, connection.transaction():
        for table, columns, rows in (
            ("metrics", _METRIC_COLUMNS, metrics),
            ("artifacts", _ARTIFACT_COLUMNS, artifacts),
        ):
            if rows:
                await connection.copy_records_to_table(
                    table, columns=columns, records=[_record(row, columns) for row in rows]
                )


def _record(row: MetricRow | ArtifactRow, columns: Sequence[str]) -> tuple[Any, ...]:
    values = (getattr(row, column) for column in columns)
    return tuple(dump(value) if isinstance(value, Mapping) else value for value in values)
