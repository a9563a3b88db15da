"""Executions beside those of a list: in the same line before and after each, and what mended it. One statement reads
those of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

from models.access.viewer import Scope
from models.labels import TEST
from runner.store.json import turned
from runner.store.lists.alike import alike, line_of
from runner.store.postgres.connection import Executes
from runner.store.where import Arguments, compile_scope

Row: TypeAlias = Any
Asked: TypeAlias = tuple[UUID, UUID | None, str, str, str]
"""An execution, and its line."""
_ASKED: Final = """
select asked.place, e.* from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
  with ordinality asked (id, flow_id, namespace, flow_key, kind, place)
cross join lateral ({found}) e
"""
_LIKE: Final = alike("asked.flow_id", "asked.namespace", "asked.flow_key", "asked.kind")
_NEIGHBOUR: Final = f"""
select * from executions e where {_LIKE} and e.id {{compare}} asked.id {{success}}
  and not e.labels ? '{TEST}' and {{visible}} order by e.id {{order}} limit 1
"""
# Each of the three has an index of its own.
_MENDED: Final = f"""
select * from executions e where e.id in (
    select id from executions where rerun_of = asked.id
    union select id from executions where replay_of = asked.id
    union select id from executions where original_id = asked.id)
  and e.id <> asked.id and {_LIKE} and e.state in ('SUCCESS', 'WARNING', 'CACHED') and {{visible}}
order by e.id limit 1
"""


@dataclass(frozen=True, slots=True)
class Side:
    """The previous or next one in the line; `successful`: the nearest that succeeded."""

    newer: bool
    successful: bool = False


def asked_of(row: Row) -> Asked:
    return row["id"], *line_of(row)


async def neighbours(
    pool: Executes, scope: Scope, side: Side, asked: Sequence[Asked]
) -> list[Row | None]:
    compare, order = (">", "asc") if side.newer else ("<", "desc")
    success = "and e.state = 'SUCCESS'" if side.successful else ""
    shape = _NEIGHBOUR.format(compare=compare, order=order, success=success, visible="{visible}")
    return await _one_each(pool, scope, shape, asked)


async def mended_by(pool: Executes, scope: Scope, asked: Sequence[Asked]) -> list[Row | None]:
    """The first rerun or replay of each, or of one of those, that is like it and ended well."""
    return await _one_each(pool, scope, _MENDED, asked)


async def _one_each(
    pool: Executes, scope: Scope, shape: str, asked: Sequence[Asked]
) -> list[Row | None]:
    arguments = Arguments(*turned(asked))
    found = shape.format(visible=compile_scope(scope, arguments, "e.namespace"))
    rows = await pool.fetch(_ASKED.format(found=found), *arguments.values)
    by_place = {row["place"]: row for row in rows}
    return [by_place.get(place) for place in range(1, len(asked) + 1)]
