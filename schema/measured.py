"""The columns of an execution: read from its row, and from what it measured last, for a whole list at once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from runner.past import past_of
from schema.columns import Column, metrics_needed, named_columns
from schema.context import Info


async def values_of(info: Info, row: Any, names: Sequence[str]) -> dict[str, Any]:
    """By name. Raises Refused for what is no column."""
    columns = named_columns(tuple(names))
    measured = await _measured(info, row, columns)
    return {column.name: column.read(row, measured) for column in columns}


async def _measured(info: Info, row: Any, columns: Sequence[Column]) -> Mapping[str, float]:
    names, loaders = metrics_needed(columns), info.context.loaders
    if names == []:
        return {}
    if past_of(row["id"]):
        return last_of(await loaders.metrics.load(row["id"]))
    return await loaders.last_metrics.load((row["id"], names and tuple(names)))


def last_of(metrics: Sequence[Any]) -> dict[str, float]:
    """As LAST_FIRST of runner/store/measures.py orders them."""
    return {row["name"]: row["value"] for row in sorted(metrics, key=_moment)}


def _moment(row: Any) -> tuple[datetime, bool, int, Any]:
    return row["at"].astimezone(UTC), row["step"] is not None, row["step"] or 0, row["id"]
