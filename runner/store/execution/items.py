"""Reads the items of foreach tasks."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from runner.store.json import load
from runner.store.postgres.connection import Executes

_ITEMS: Final = """
select execution_id, path, inputs -> 'items' as items from task_runs
where execution_id = any($1::uuid[]) and type = 'foreach' and inputs ? 'items'
"""


async def items_of(
    pool: Executes, executions: Sequence[UUID]
) -> dict[UUID, Mapping[str, Sequence[Any]]]:
    """Returns, by execution, the items by the path of the foreach."""
    found: dict[UUID, dict[str, Sequence[Any]]] = {id: {} for id in executions}
    for row in await pool.fetch(_ITEMS, list(executions)):
        found[row["execution_id"]][row["path"]] = load(row["items"])
    return dict(found)
