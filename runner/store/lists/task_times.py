"""Computes the usual durations of the tasks of a flow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

from models.errors import ProblemCode, Refused
from models.labels import TEST
from models.states import ExecutionState, TaskRunState
from runner.store.json import to_columns
from runner.store.lists.alike import Line, alike
from runner.store.postgres.connection import Pool

_LINES: Final = 5
"""The most lines at once, as many as can be compared: all task runs of their latest executions are read."""
_LATEST: Final = 10
"""Executions that are read for each line."""
_ITERATIONS: Final = 1_000
"""Task runs that are read for each execution, because a foreach may have thousands."""
_RAN_WELL: Final = [ExecutionState.SUCCESS.value, ExecutionState.WARNING.value]
_TASK_RAN_WELL: Final = [TaskRunState.SUCCESS.value, TaskRunState.WARNING.value]

# The key of a task in a foreach is the end of its path.
_USUAL: Final = rf"""
with lines as (
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
    with ordinality u (flow_id, namespace, flow_key, kind, line)),
latest as (
  select lines.line, e.id from lines cross join lateral (
    select e.id from executions e
    where {alike("lines.flow_id", "lines.namespace", "lines.flow_key", "lines.kind")}
      and e.state = any($5) and not e.labels ? $6 and e.cached_from is null
    order by e.id desc limit {_LATEST}) e)
select latest.line, t.key, count(*) as count,
  percentile_cont(0.5) within group (order by t.lasted) as p50
from latest cross join lateral (
  select regexp_replace(path, '^.*\]\.', '') as key,
    date_part('epoch', ended_at - started_at) as lasted
  from task_runs where execution_id = latest.id and state = any($7) and started_at is not null
    and ended_at is not null order by position limit {_ITERATIONS}) t
group by 1, 2 order by 1, 2
"""


class _TimeRow(TypedDict):
    line: int
    key: str
    count: int
    p50: float


@dataclass(frozen=True, slots=True)
class TaskTime:
    """`p50` in seconds, of `count` task runs."""

    key: str
    p50: float
    count: int


async def usual_task_durations(pool: Pool, lines: Sequence[Line]) -> dict[Line, list[TaskTime]]:
    """The task times of each line's latest successful executions. Raises Refused for more than _LINES lines."""
    if len(lines) > _LINES:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"usualTaskDurations reads at most {_LINES} flows at once; these executions are of "
            f"{len(lines)}: query it for one execution at a time",
        )
    found: dict[Line, list[TaskTime]] = {}
    rows: list[_TimeRow] = await pool.fetch(
        _USUAL, *to_columns(lines), _RAN_WELL, TEST, _TASK_RAN_WELL
    )
    for row in rows:
        time = TaskTime(row["key"], row["p50"], row["count"])
        found.setdefault(lines[row["line"] - 1], []).append(time)
    return found
