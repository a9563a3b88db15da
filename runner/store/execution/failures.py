"""Reads details of failures that are not in the row of the execution, for a page of executions at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypedDict
from uuid import UUID

from models.logs import LogLevel, LogStream
from models.states import TaskRunState
from runner.store.execution.nodes import TASK_RUN_WITH_RESULTS, TaskRunWithResults
from runner.store.json import to_columns
from runner.store.logs.log_blocks import SIZE
from runner.store.postgres.connection import Executes, Pool

_MAX_LINES: Final = 200_000
"""About how many lines at the end of an execution's log are searched for an error."""
_AT_PATHS = f"""{TASK_RUN_WITH_RESULTS} join unnest($1::uuid[], $2::text[]) wanted (execution_id, path)
  on (t.execution_id, t.path) = (wanted.execution_id, wanted.path)"""
SKIPPED_OF = f"""{TASK_RUN_WITH_RESULTS} where t.execution_id = any($1::uuid[])
  and t.state = '{TaskRunState.CANCELLED}' order by t.position, t.path"""
_SKIPPED = f"""
select execution_id, count(*) as number from task_runs
where execution_id = any($1::uuid[]) and state = '{TaskRunState.CANCELLED}' group by execution_id
"""


def _last_block(whose: str, which: str) -> str:
    """SQL for the last block with a matching line. `since` of a block is the time of its first line of a kind: if it is
    not after a moment, the block has a line up to that moment."""
    return f"""(select block from log_blocks b where b.execution_id = wanted.execution_id and {whose}
      and coalesce(b.attempt, wanted.attempt) = wanted.attempt and {which}
      and (wanted.until is null or since <= wanted.until)
      and block >= (select (lines - $7::bigint) / {SIZE} from log_heads h where h.execution_id = wanted.execution_id)
      order by block desc limit 1)"""


_BY_ID: Final = "task_run_id = wanted.task_run_id"
_BY_PATH: Final = "task_run_id is null and path = (select t.path from task_runs t where t.id = wanted.task_run_id)"


def _last_line(which: str) -> str:
    """SQL for the last matching line of an attempt: it is in the last block that has one."""
    return f"""(
  select line from logs l,
    (select greatest({_last_block(_BY_ID, which)}, {_last_block(_BY_PATH, which)}) as block) b
  where l.execution_id = wanted.execution_id and ({_BY_ID} or {_BY_PATH})
    and coalesce(l.attempt, wanted.attempt) = wanted.attempt and {which}
    and (wanted.until is null or at <= wanted.until)
    and line > b.block::bigint * {SIZE} and line <= (b.block::bigint + 1) * {SIZE}
  order by line desc limit 1)"""


_LAST_ERRORS: Final = f"""
select wanted.number, coalesce({_last_line("level >= $5")}, {_last_line("stream = $6")}) as line
from unnest($1::uuid[], $2::uuid[], $3::int[], $4::timestamptz[]) with ordinality
  wanted (execution_id, task_run_id, attempt, until, number)
"""


class OfAttempt(NamedTuple):
    """Selects the lines of an attempt up to a time; None is now."""

    execution_id: UUID
    task_run_id: UUID
    attempt: int | None
    until: datetime | None = None


class _SkippedRow(TypedDict):
    execution_id: UUID
    number: int


class _LastErrorRow(TypedDict):
    number: int
    line: int | None


async def task_runs_at(
    pool: Executes, places: Sequence[tuple[UUID, str]]
) -> list[TaskRunWithResults | None]:
    """Task runs by execution and path, in the order of `places`; None for those that do not exist."""
    rows: list[TaskRunWithResults] = await pool.fetch(_AT_PATHS, *to_columns(places))
    found = {(row["execution_id"], row["path"]): row for row in rows}
    return [found.get(place) for place in places]


async def skipped_counts(pool: Executes, ids: Sequence[UUID]) -> list[int]:
    """The number of CANCELLED task runs of each execution."""
    rows: list[_SkippedRow] = await pool.fetch(_SKIPPED, list(ids))
    found = {row["execution_id"]: row["number"] for row in rows}
    return [found.get(id, 0) for id in ids]


async def last_error_lines(pool: Pool, attempts: Sequence[OfAttempt]) -> list[int | None]:
    """Finds the number of each attempt's last line of level ERROR, or else of its last line on stderr."""
    rows: list[_LastErrorRow] = await pool.fetch(
        _LAST_ERRORS, *to_columns(attempts), LogLevel.ERROR, LogStream.STDERR, _MAX_LINES
    )
    found = {row["number"]: row["line"] for row in rows}
    return [found.get(number) for number in range(1, len(attempts) + 1)]
