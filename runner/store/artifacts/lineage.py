"""The graph of artifacts and executions: an execution uses (IN) and makes (OUT) artifacts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, TypedDict
from uuid import UUID

from models.access.viewer import Scope
from runner.store.execution.nodes import COUNTS, MADE_FIRST, USE
from runner.store.json import to_columns
from runner.store.pages import Page, Window, count, keyset_page
from runner.store.postgres.connection import Pool
from runner.store.rows import ArtifactRow
from runner.store.where import Arguments, compile_scope

_MAX_ROWS = 200
USES_OF = f"""
select * from (
  select x.*, row_number() over (partition by x.artifact_id order by {MADE_FIRST}) as place
  from ({USE} where u.artifact_id = any($1::uuid[]) and {COUNTS}) x) y
where place <= {_MAX_ROWS} order by id desc
"""
_VERSIONS = f"""
select wanted.place, v.* from unnest($1::text[], $2::text[]) with ordinality wanted (namespace, name, place)
cross join lateral (
  select * from artifacts a where (a.namespace, a.name) = (wanted.namespace, wanted.name)
  order by a.id desc limit {_MAX_ROWS}) v
order by wanted.place, v.id desc
"""
Side: TypeAlias = Literal["execution_id", "artifact_id"]
"""Where a step starts: at executions, or at artifacts."""
_STEP: Mapping[Side, str] = {
    "execution_id": f"""
select distinct execution_id, artifact_id, direction, path from artifact_uses u
where execution_id = any($1::uuid[]) and direction = $2 and {COUNTS} order by 1, 2, 4 limit $3
""",
    "artifact_id": f"""
select distinct execution_id, artifact_id, direction, path from artifact_uses u
where artifact_id = any($1::uuid[]) and direction = $2 and {COUNTS} order by 2, 1 desc, 4 limit $3
""",
}
_COUNTED = 10_000
# Goes from name to name in the index, and reads only the newest executions of each: there may be millions.
_PIPELINES = f"""
with recursive pipeline as (
  (select namespace, flow_key from executions where flow_id is null and not archived and {{visible}}
   order by namespace, flow_key limit 1)
  union all
  select after.namespace, after.flow_key from pipeline p, lateral (
    select namespace, flow_key from executions where flow_id is null and not archived and {{visible}}
      and (namespace, flow_key) > (p.namespace, p.flow_key)
    order by namespace, flow_key limit 1) after)
select p.namespace, p.flow_key, summary.* from (select * from pipeline limit 1000) p, lateral (
  select array_agg(distinct kind) as kinds, count(*) as executions, max(created_at) as last_at from (
    select kind, created_at from executions e
    where e.flow_id is null and not e.archived and e.namespace = p.namespace and e.flow_key = p.flow_key
    order by e.id desc limit {_COUNTED}) newest) summary
order by p.namespace, p.flow_key
"""


class StepRow(TypedDict):
    """A use of an artifact, as a step of a walk."""

    execution_id: UUID
    artifact_id: UUID
    direction: str
    path: str | None


class PipelineRow(TypedDict):
    namespace: str
    flow_key: str
    kinds: list[str]
    executions: int
    last_at: datetime


class _PlacedArtifact(ArtifactRow):
    place: int


async def step(
    pool: Pool, side: Side, ids: Sequence[UUID], direction: str, limit: int
) -> Sequence[StepRow]:
    """The uses by these executions (side `execution_id`), or of these artifacts (side `artifact_id`)."""
    rows: Sequence[StepRow] = await pool.fetch(_STEP[side], ids, direction, limit)
    return rows


async def artifacts_by_id(pool: Pool, scope: Scope, ids: Sequence[UUID]) -> dict[UUID, ArtifactRow]:
    arguments = Arguments(list(ids))
    condition = compile_scope(scope, arguments)
    rows: list[ArtifactRow] = await pool.fetch(
        f"select * from artifacts where id = any($1::uuid[]) and {condition}", *arguments.values
    )
    return {row["id"]: row for row in rows}


async def versions(pool: Pool, names: Sequence[tuple[str, str]]) -> list[list[ArtifactRow]]:
    """The versions of each namespace and name, the newest first."""
    found: list[list[ArtifactRow]] = [[] for _ in names]
    rows: list[_PlacedArtifact] = await pool.fetch(_VERSIONS, *to_columns(names))
    for row in rows:
        found[row["place"] - 1].append(row)
    return found


async def artifacts_page(
    pool: Pool, condition: str, arguments: Arguments, window: Window
) -> Page[ArtifactRow]:
    """Newest first."""
    return await keyset_page(pool, "artifacts", condition, arguments, window)


async def count_artifacts(pool: Pool, condition: str, arguments: Arguments) -> tuple[int, bool]:
    return await count(pool, "artifacts", condition, arguments)


async def pipelines(pool: Pool, scope: Scope) -> Sequence[PipelineRow]:
    """The pipelines of external runs, by namespace and name; at most 10 000 executions of each are counted."""
    arguments = Arguments()
    sql = _PIPELINES.format(visible=compile_scope(scope, arguments))
    rows: Sequence[PipelineRow] = await pool.fetch(sql, *arguments.values)
    return rows
