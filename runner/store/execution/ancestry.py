"""Executions and those that their subflow tasks have started."""

from dataclasses import dataclass
from uuid import UUID

from runner.store.postgres.connection import Pool

# `waits`: for what is below it, all the way down.
_ABOVE = """
with recursive above as (
  select *, true as waits from executions where id = $1
  union all
  select e.*, a.waits and exists (
    select from task_runs t where t.execution_id = e.id and t.path = a.parent_path
      and t.child_id = a.id and t.state in ('RUNNING', 'KILLING'))
  from executions e join above a on e.id = a.parent_id)
select flow_id, waits and (not shares_slot or parent_id is not null) as lends from above
"""
_NEWEST = """
select id from executions where parent_id = $1 and parent_path = $2 order by parent_attempt desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """`lends`: it waits for what is below it and has a slot that this may share. A test of its flow has none."""

    flow_id: UUID
    lends: bool


async def ancestors(pool: Pool, id: UUID) -> list[Ancestor]:
    """The execution itself, which waits for what it starts now, its parent, and so on up."""
    return [Ancestor(row["flow_id"], row["lends"]) for row in await pool.fetch(_ABOVE, id)]


async def newest_child(pool: Pool, parent: UUID, path: str) -> UUID | None:
    """The execution that the attempts of a subflow task have started last."""
    id: UUID | None = await pool.fetchval(_NEWEST, parent, path)
    return id
