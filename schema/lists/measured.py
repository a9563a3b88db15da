"""Reads the column values of an execution, from its row and its last metric values; batched for a list."""

from collections.abc import Mapping, Sequence
from typing import Any

from runner.history.point_in_time import moment_of
from runner.store.rows import ExecutionRow
from schema.context import Info
from schema.lists.columns import Column, metrics_needed, named_columns
from schema.loading.batches import last_metrics_then


async def values_of(info: Info, row: ExecutionRow, names: Sequence[str]) -> dict[str, Any]:
    """Returns values by column name. Raises Refused for an unknown column."""
    columns = named_columns(tuple(names))
    measured = await _measured(info, row, columns)
    return {column.name: column.read(row, measured) for column in columns}


async def _measured(
    info: Info, row: ExecutionRow, columns: Sequence[Column]
) -> Mapping[str, float]:
    names, loaders = metrics_needed(columns), info.context.loaders
    if names == []:
        return {}
    if moment_of(row["id"]):
        return await last_metrics_then(info, row["id"])
    return await loaders.last_metrics.load((row["id"], names and tuple(names)))
