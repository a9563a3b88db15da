"""Reads executions and the rows that belong to them, for the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict, TypeVar
from uuid import UUID

from models.access.viewer import Scope
from runner.store.execution.ids import IdRow
from runner.store.execution.nodes import TASK_RUN_WITH_RESULTS, USE
from runner.store.json import to_columns
from runner.store.postgres.connection import Executes
from runner.store.rows import ExecutionRow
from runner.store.where import Arguments, compile_scope

Found = TypeVar("Found")


class ExecutionInSnapshot(ExecutionRow):
    """`moment` is the snapshot in which the row was read."""

    moment: str


class MoveRow(TypedDict):
    """A row of MOVES_OF: a change of an execution's state."""

    execution_id: UUID
    seq: int
    to_state: str
    at: datetime
    actor: str
    reason: str | None


class TaskMoveRow(MoveRow):
    """A row of TASK_MOVES_OF: a change of a task run's state."""

    task_run_id: UUID


class ReadMetricRow(TypedDict):
    """A row of METRIC."""

    execution_id: UUID
    id: UUID
    task_run_id: UUID | None
    path: str | None
    attempt: int | None
    name: str
    value: float
    kind: str
    step: int | None
    tags: str
    at: datetime


async def executions_by_id(
    pool: Executes, scope: Scope, ids: Sequence[UUID]
) -> dict[UUID, ExecutionInSnapshot]:
    arguments = Arguments(list(ids))
    condition = compile_scope(scope, arguments)
    rows: list[ExecutionInSnapshot] = await pool.fetch(
        f"select *, pg_current_snapshot()::text as moment from executions "
        f"where id = any($1::uuid[]) and {condition}",
        *arguments.values,
    )
    return {row["id"]: row for row in rows}


def moment_read(row: ExecutionRow) -> str | None:
    """The snapshot in which `executions_by_id` read the row; None for a row that was read otherwise."""
    moment = row.get("moment")
    return moment if isinstance(moment, str) else None


_MADE_FROM = """
with fronts as (select * from unnest($1::uuid[], $2::int[]) fronts (id, front))
select wanted.front, made.* from (select distinct front from fronts) wanted
cross join lateral (
  select * from executions where {visible} and id in (
    select x.id from fronts f join executions x on x.parent_id = f.id where f.front = wanted.front
    union select x.id from fronts f join executions x on x.rerun_of = f.id where f.front = wanted.front
    union select x.id from fronts f join executions x on x.replay_of = f.id where f.front = wanted.front)
  order by id limit $3) made
order by wanted.front, made.id
"""


class _MadeRow(ExecutionRow):
    front: int


async def made_from(
    pool: Executes, scope: Scope, most: int, fronts: Sequence[Sequence[UUID]]
) -> list[list[ExecutionRow]]:
    """Reads the children, reruns and replays of each front (a set of executions): at most `most`, the oldest first."""
    places = [(id, place) for place, front in enumerate(fronts) for id in front]
    found: list[list[ExecutionRow]] = [[] for _ in fronts]
    if places:
        arguments = Arguments(*to_columns(places), most)
        visible = compile_scope(scope, arguments)
        rows: list[_MadeRow] = await pool.fetch(
            _MADE_FROM.format(visible=visible), *arguments.values
        )
        for row in rows:
            found[row["front"]].append(row)
    return found


async def any_exist(pool: Executes) -> bool:
    found: bool = await pool.fetchval("select exists (select from executions)")
    return found


async def existing(pool: Executes, ids: Sequence[UUID]) -> set[UUID]:
    """Returns those of the executions that have not been deleted."""
    rows: list[IdRow] = await pool.fetch(
        "select id from executions where id = any($1::uuid[])", list(ids)
    )
    return {row["id"] for row in rows}


async def grouped(pool: Executes, sql: str, key: str, ids: Sequence[UUID]) -> list[list[Found]]:
    """The rows of each id, in the order of `ids`; `sql` takes them as `$1`. The caller states their type."""
    found: dict[UUID, list[Found]] = {id: [] for id in ids}
    for row in await pool.fetch(sql, list(ids)):
        found[row[key]].append(row)
    return [found[id] for id in ids]


async def rows_of_some(
    pool: Executes, kind: str, execution: UUID, task_runs: Sequence[UUID]
) -> dict[UUID | None, list[Found]]:
    """The rows of a kind, grouped by task run. The caller states their type."""
    found: dict[UUID | None, list[Found]] = {}
    for row in await pool.fetch(_OF_SOME[kind], [execution], task_runs):
        found.setdefault(row["task_run_id"], []).append(row)
    return found


TASK_RUNS_OF = (
    f"{TASK_RUN_WITH_RESULTS} where t.execution_id = any($1::uuid[]) order by t.position, t.path"
)
CHILDREN_OF = "select * from executions where parent_id = any($1::uuid[]) order by id"
ATTEMPTS_IN = "select * from attempts where execution_id = any($1::uuid[]) order by number"
ATTEMPTS_OF = "select * from attempts where task_run_id = any($1::uuid[]) order by number"
APPROVALS_OF = "select * from approvals where execution_id = any($1::uuid[]) order by id"
VOTES_OF = "select * from votes where approval_id = any($1::uuid[]) order by at, id"
# Moves of external runs have their reported times; a TASK_RUN_RECORDED event has all times of its task run.
MOVES_OF = """
select execution_id, seq, to_state, coalesce((data ->> 'told_at')::timestamptz, at) as at, actor, reason from events
where execution_id = any($1::uuid[]) and type = 'EXECUTION_STATE_CHANGED' order by seq
"""
_TASK_MOVES = """
select execution_id, seq, task_run_id, to_state, actor, reason,
  coalesce(case when type = 'TASK_RUN_RECORDED' then coalesce(data ->> 'ended_at',
    case to_state when 'RUNNING' then data ->> 'attempt_started_at' end)::timestamptz end, at) as at
from events where execution_id = any($1::uuid[]) and to_state is not null and task_run_id
"""
TASK_MOVES_OF = f"{_TASK_MOVES} is not null order by seq"
_SOME = "execution_id = any($1::uuid[]) and task_run_id = any($2::uuid[])"
_OF_SOME = {
    "attempts_in": f"select * from attempts where {_SOME} order by number",
    "task_moves": f"{_TASK_MOVES} = any($2::uuid[]) order by seq",
    "approvals": f"select * from approvals where {_SOME} order by id",
}
NOTES_OF = "select * from notes where execution_id = any($1::uuid[]) order by seq"
# A metric of an external run may have been recorded before its task run was reported.
METRIC = """
select m.execution_id, m.id, coalesce(m.task_run_id, t.id) as task_run_id, m.path, m.attempt, m.name, m.value, m.kind,
       m.step, m.tags, m.at
from metrics m left join task_runs t on m.task_run_id is null and (t.execution_id, t.path) = (m.execution_id, m.path)
"""
METRICS_OF = f"{METRIC} where m.execution_id = any($1::uuid[]) order by m.at, m.id"
ARTIFACTS_OF = f"{USE} where u.execution_id = any($1::uuid[]) order by u.id"
