"""Reads what is told of failures beside the row of their execution, for a page of them at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.logs import LogLevel, LogStream
from models.states import TaskRunState
from runner.store.execution.nodes import TASK_RUN_WITH_RESULTS
from runner.store.json import turned
from runner.store.logs.log_blocks import SIZE
from runner.store.postgres.connection import Executes, Pool

Row = Any
_SEARCHED: Final = 200_000
"""Lines, about, at the end of an execution's log among which an error is looked for."""
_AT_PATHS = f"""{TASK_RUN_WITH_RESULTS} join unnest($1::uuid[], $2::text[]) asked (execution_id, path)
  on (t.execution_id, t.path) = (asked.execution_id, asked.path)"""
SKIPPED_OF = f"""{TASK_RUN_WITH_RESULTS} where t.execution_id = any($1::uuid[])
  and t.state = '{TaskRunState.CANCELLED}' order by t.position, t.path"""
_SKIPPED = f"""
select execution_id, count(*) as number from task_runs
where execution_id = any($1::uuid[]) and state = '{TaskRunState.CANCELLED}' group by execution_id
"""


def _last_block(whose: str, which: str) -> str:
    """A block's moment is that of its first line of a kind: one that is not after a moment has one up to it too."""
    return f"""(select block from log_blocks b where b.execution_id = asked.execution_id and {whose}
      and coalesce(b.attempt, asked.attempt) = asked.attempt and {which}
      and (asked.until is null or since <= asked.until)
      and block >= (select (lines - $7::bigint) / {SIZE} from log_heads h where h.execution_id = asked.execution_id)
      order by block desc limit 1)"""


_TOLD: Final = "task_run_id = asked.task_run_id"
_UNTOLD: Final = (
    "task_run_id is null and path = (select t.path from task_runs t where t.id = asked.task_run_id)"
)


def _last_line(which: str) -> str:
    """Of an attempt, the last line of this kind: it stands in the last block that holds one."""
    return f"""(
  select line from logs l,
    (select greatest({_last_block(_TOLD, which)}, {_last_block(_UNTOLD, which)}) as block) b
  where l.execution_id = asked.execution_id and ({_TOLD} or {_UNTOLD})
    and coalesce(l.attempt, asked.attempt) = asked.attempt and {which}
    and (asked.until is null or at <= asked.until)
    and line > b.block::bigint * {SIZE} and line <= (b.block::bigint + 1) * {SIZE}
  order by line desc limit 1)"""


_LAST_ERRORS: Final = f"""
select asked.number, coalesce({_last_line("level >= $5")}, {_last_line("stream = $6")}) as line
from unnest($1::uuid[], $2::uuid[], $3::int[], $4::timestamptz[]) with ordinality
  asked (execution_id, task_run_id, attempt, until, number)
"""


class OfAttempt(NamedTuple):
    """Whose lines are meant, and up to when; None is now."""

    execution_id: UUID
    task_run_id: UUID
    attempt: int | None
    until: datetime | None = None


async def task_runs_at(pool: Executes, places: Sequence[tuple[UUID, str]]) -> list[Row | None]:
    """By execution and path."""
    found = {
        (row["execution_id"], row["path"]): row
        for row in await pool.fetch(_AT_PATHS, *turned(places))
    }
    return [found.get(place) for place in places]


async def skipped_counts(pool: Executes, ids: Sequence[UUID]) -> list[int]:
    """How many task runs of each were CANCELLED."""
    found = {row["execution_id"]: row["number"] for row in await pool.fetch(_SKIPPED, list(ids))}
    return [found.get(id, 0) for id in ids]


async def last_error_lines(pool: Pool, attempts: Sequence[OfAttempt]) -> list[int | None]:
    """The number of each one's last line of level ERROR, else of its last one on stderr."""
    rows = await pool.fetch(
        _LAST_ERRORS, *turned(attempts), LogLevel.ERROR, LogStream.STDERR, _SEARCHED
    )
    found = {row["number"]: row["line"] for row in rows}
    return [found.get(number) for number in range(1, len(attempts) + 1)]
