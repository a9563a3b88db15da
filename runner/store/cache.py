"""Finds earlier successes under a cache key; their age is measured by the database's clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from models.states import TaskRunState
from runner.store.json import load
from runner.store.postgres.connection import Pool

_EXECUTION = """
select id, outputs from executions
where flow_id = $1 and cache_key = $2 and state = 'SUCCESS'
  and ended_at > clock_timestamp() - make_interval(secs => $3)
order by id desc limit 1
"""
_TASK_RUNS = """
select t.path, t.state, coalesce(t.outputs_id, t.outputs_from, t.id) as holder,
       case when t.outputs_from is null then headway_results(t.id)
         else coalesce(k.outputs, headway_results(s.id), '{}') || t.outputs end as outputs
from task_runs t left join task_runs s on s.id = t.outputs_from
  left join kept_outputs k on k.task_run_id = t.outputs_from where t.execution_id = $1 and strpos(t.path, '[') = 0
"""
_TASK_RUN = """
select t.path, t.state, coalesce(t.outputs_id, t.id) as holder, t.outputs from task_runs t
where t.cache_key = $1 and t.state = 'SUCCESS' and t.ended_at > clock_timestamp() - make_interval(secs => $2)
order by t.ended_at desc limit 1
"""


@dataclass(frozen=True, slots=True)
class FoundTaskRun:
    """`holder` is the task run that has the outputs: this one, or the one that it reused them from."""

    path: str
    state: TaskRunState
    holder: UUID
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FoundExecution:
    id: UUID
    outputs: Mapping[str, Any]
    task_runs: Mapping[str, FoundTaskRun]


class _ExecutionRow(TypedDict):
    id: UUID
    outputs: str


class _TaskRunRow(TypedDict):
    path: str
    state: str
    holder: UUID
    outputs: str


async def find_execution(pool: Pool, flow_id: UUID, key: str, ttl: float) -> FoundExecution | None:
    """The newest success of the flow under this key that ended within the last `ttl` seconds."""
    row: _ExecutionRow | None = await pool.fetchrow(_EXECUTION, flow_id, key, ttl)
    if row is None:
        return None
    rows: list[_TaskRunRow] = await pool.fetch(_TASK_RUNS, row["id"])
    runs = [_task_run(each) for each in rows]
    return FoundExecution(row["id"], load(row["outputs"]), {run.path: run for run in runs})


async def find_task_run(pool: Pool, key: str, ttl: float) -> FoundTaskRun | None:
    row: _TaskRunRow | None = await pool.fetchrow(_TASK_RUN, key, ttl)
    return _task_run(row) if row else None


def _task_run(row: _TaskRunRow) -> FoundTaskRun:
    return FoundTaskRun(
        row["path"], TaskRunState(row["state"]), row["holder"], load(row["outputs"])
    )
