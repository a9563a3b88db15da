"""Finds executions of one family: those connected by the subflow tasks that started them."""

from collections.abc import Sequence
from uuid import UUID

from runner.store.execution.ids import IdRow
from runner.store.postgres.connection import Pool

# A child is younger than its parent, so the first execution of a family has the smallest id.
_RELATED = """
with recursive above as (
  select e.id, e.parent_id, e.id as origin from executions e where e.id = any($2::uuid[]) or e.id = $1
  union all select e.id, e.parent_id, a.origin from executions e join above a on e.id = a.parent_id
), firsts as (select origin, min(id::text) as first from above group by origin)
select e.id from executions e join firsts f on f.origin = e.id
where e.id = any($2::uuid[])
  and (e.namespace = $3 or f.first = (select first from firsts where origin = $1))
"""


async def related(pool: Pool, id: UUID, namespace: str, others: Sequence[UUID]) -> list[UUID]:
    """Returns those of `others` that are in this namespace, or of the family of the execution `id`."""
    rows: list[IdRow] = await pool.fetch(_RELATED, id, others, namespace)
    return [row["id"] for row in rows]
