"""Which executions are one family, by way of the subflow tasks that started them."""

from collections.abc import Sequence
from uuid import UUID

from runner.store.postgres.connection import Pool

# Whoever was started is younger than who started it, so the first of a family has the smallest id.
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
    """Those of `others` that belong to this namespace, or to the family of the execution `id`."""
    return [row["id"] for row in await pool.fetch(_RELATED, id, others, namespace)]
