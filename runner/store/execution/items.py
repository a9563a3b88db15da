"""Reads the items of foreach tasks."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict
from uuid import UUID

from runner.store.json import load
from runner.store.postgres.connection import Executes

_ITEMS: Final = """
select execution_id, path, inputs -> 'items' as items from task_runs
where execution_id = any($1::uuid[]) and type = 'foreach' and inputs ? 'items'
"""


class _ItemsRow(TypedDict):
    execution_id: UUID
    path: str
    items: str


async def items_of(
    pool: Executes, executions: Sequence[UUID]
) -> dict[UUID, Mapping[str, Sequence[Any]]]:
    """Returns, by execution, the items by the path of the foreach."""
    found: dict[UUID, dict[str, Sequence[Any]]] = {id: {} for id in executions}
    rows: list[_ItemsRow] = await pool.fetch(_ITEMS, list(executions))
    for row in rows:
        found[row["execution_id"]][row["path"]] = load(row["items"])
    return dict(found)
