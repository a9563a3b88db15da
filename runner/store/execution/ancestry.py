"""Finds ancestors and children of executions, by the subflow tasks that started them."""

from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from runner.store.postgres.connection import Pool

# `waits` is true if every execution from there down to $1 is waited for by its parent.
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
    """`lends`: it waits for its descendants and has a slot that they may share. A test run has no slot."""

    flow_id: UUID | None
    lends: bool


class _AncestorRow(TypedDict):
    flow_id: UUID | None
    lends: bool


async def ancestors(pool: Pool, id: UUID) -> list[Ancestor]:
    """The execution itself (which waits for the child that it starts now), its parent, and so on up."""
    rows: list[_AncestorRow] = await pool.fetch(_ABOVE, id)
    return [Ancestor(row["flow_id"], row["lends"]) for row in rows]


async def newest_child(pool: Pool, parent: UUID, path: str) -> UUID | None:
    """The last execution that the attempts of a subflow task have started."""
    id: UUID | None = await pool.fetchval(_NEWEST, parent, path)
    return id
