"""Executions and those that their subflow tasks have started."""

from uuid import UUID

from runner.store.connection import Pool

_ABOVE = """
with recursive above as (
  select id, flow_id, parent_id from executions where id = $1
  union all
  select e.id, e.flow_id, e.parent_id from executions e join above a on e.id = a.parent_id)
select flow_id from above
"""
_CHILD = (
    "select id from executions where parent_id = $1 and parent_path = $2 and parent_attempt = $3"
)


async def flows_above(pool: Pool, id: UUID) -> list[UUID]:
    """The flow of an execution, of its parent, and so on up."""
    return [row["flow_id"] for row in await pool.fetch(_ABOVE, id)]


async def child_of(pool: Pool, parent: UUID, path: str, attempt: int) -> UUID | None:
    """What this attempt of a subflow task has started, whether it was told so or not."""
    id: UUID | None = await pool.fetchval(_CHILD, parent, path, attempt)
    return id
