"""Finds the flow and the revision of which a caller wants to start an execution."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from runner.store.postgres.connection import Pool

Row = Any


class Named(NamedTuple):
    """A revision as a caller names it; `number` None is the newest."""

    namespace: str
    flow: str
    number: int | None


_FIND = """
select n.position, f.enabled, f.latest_revision, f.concurrency is not null as limited, r.id as revision_id,
  r.scope
from unnest($1::text[], $2::text[], $3::int[]) with ordinality n (namespace, key, number, position)
join flows f on f.namespace = n.namespace and f.key = n.key and f.deleted_at is null
left join revisions r on r.flow_id = f.id and r.number > 0 and r.number = coalesce(n.number, f.latest_revision)
"""


async def find_to_launch(pool: Pool, named: Sequence[Named]) -> dict[Named, Row]:
    """The rows of the flows that exist; `revision_id` is null when the flow has no such revision."""
    found = await pool.fetch(_FIND, *map(list, zip(*named, strict=True)))
    return {named[row["position"] - 1]: row for row in found}
