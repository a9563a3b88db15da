"""Finds executions related to those of a list: the previous and next of the same line, and the one that resolved it.
One statement reads them for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from models.access.viewer import Scope
from models.labels import TEST
from runner.store.json import to_columns
from runner.store.lists.alike import LineRow, alike, line_of
from runner.store.postgres.connection import Executes
from runner.store.rows import ExecutionRow
from runner.store.where import Arguments, compile_scope

Anchor: TypeAlias = tuple[UUID, UUID | None, str, str, str]
"""The id of an execution, and its line."""
_ONE_EACH: Final = """
select anchor.place, e.* from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
  with ordinality anchor (id, flow_id, namespace, flow_key, kind, place)
cross join lateral ({found}) e
"""
_LIKE: Final = alike("anchor.flow_id", "anchor.namespace", "anchor.flow_key", "anchor.kind")
_NEIGHBOUR: Final = f"""
select * from executions e where {_LIKE} and e.id {{compare}} anchor.id {{success}}
  and not e.labels ? '{TEST}' and {{visible}} order by e.id {{order}} limit 1
"""
# Each of the three has an index of its own.
_RESOLVED: Final = f"""
select * from executions e where e.id in (
    select id from executions where rerun_of = anchor.id
    union select id from executions where replay_of = anchor.id
    union select id from executions where original_id = anchor.id)
  and e.id <> anchor.id and {_LIKE} and e.state in ('SUCCESS', 'WARNING', 'CACHED') and {{visible}}
order by e.id limit 1
"""


class AnchorRow(LineRow):
    id: UUID


class _PlacedRow(ExecutionRow):
    place: int


@dataclass(frozen=True, slots=True)
class Side:
    """The previous or (`newer`) next execution in the line; with `successful` the nearest that succeeded."""

    newer: bool
    successful: bool = False


def anchor_of(row: AnchorRow) -> Anchor:
    return row["id"], *line_of(row)


async def neighbours(
    pool: Executes, scope: Scope, side: Side, anchors: Sequence[Anchor]
) -> list[ExecutionRow | None]:
    compare, order = (">", "asc") if side.newer else ("<", "desc")
    success = "and e.state = 'SUCCESS'" if side.successful else ""
    shape = _NEIGHBOUR.format(compare=compare, order=order, success=success, visible="{visible}")
    return await _one_each(pool, scope, shape, anchors)


async def resolved_by(
    pool: Executes, scope: Scope, anchors: Sequence[Anchor]
) -> list[ExecutionRow | None]:
    """Finds for each the first successful rerun or replay of it, direct or indirect, in the same line."""
    return await _one_each(pool, scope, _RESOLVED, anchors)


async def _one_each(
    pool: Executes, scope: Scope, shape: str, anchors: Sequence[Anchor]
) -> list[ExecutionRow | None]:
    arguments = Arguments(*to_columns(anchors))
    found = shape.format(visible=compile_scope(scope, arguments, "e.namespace"))
    rows: list[_PlacedRow] = await pool.fetch(_ONE_EACH.format(found=found), *arguments.values)
    by_place = {row["place"]: row for row in rows}
    return [by_place.get(place) for place in range(1, len(anchors) + 1)]
