"""Finds the flow and the revision of which a caller wants to start an execution."""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict
from uuid import UUID

from runner.store.postgres.connection import Pool


class Named(NamedTuple):
    """A revision as a caller names it; `number` None is the newest."""

    namespace: str
    flow: str
    number: int | None


class ToLaunchRow(TypedDict):
    """`revision_id` is None when the flow has no such revision."""

    position: int
    enabled: bool
    latest_revision: int
    limited: bool
    revision_id: UUID | None
    scope: str | None


_FIND = """
select n.position, f.enabled, f.latest_revision, f.concurrency is not null as limited, r.id as revision_id,
  r.scope
from unnest($1::text[], $2::text[], $3::int[]) with ordinality n (namespace, key, number, position)
join flows f on f.namespace = n.namespace and f.key = n.key and f.deleted_at is null
left join revisions r on r.flow_id = f.id and r.number > 0 and r.number = coalesce(n.number, f.latest_revision)
"""


async def find_to_launch(pool: Pool, named: Sequence[Named]) -> dict[Named, ToLaunchRow]:
    """The rows of the flows that exist."""
    found: list[ToLaunchRow] = await pool.fetch(_FIND, *map(list, zip(*named, strict=True)))
    return {named[row["position"] - 1]: row for row in found}
