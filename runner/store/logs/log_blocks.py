"""Blocks of a thousand log lines each, with the number of lines of every kind: filters skip blocks without matches.

A trigger of the table counts lines when they are stored.
"""

from typing import Any, Final, TypedDict

from models.logs import LogLevel
from runner.store.postgres.connection import Executes

SIZE: Final = 1_000
"""Lines of a block; the trigger depends on the same number."""

_NARROWED: Final = """
execution_id = $1 and ($3::int is null or attempt = $3) and ($4::smallint is null or level >= $4)
  and ($5::timestamptz is null or since <= $5) and ($6::smallint is null or stream = $6)
"""
_BY_PATH: Final = "$2::uuid is not null and task_run_id is null and path = (select path from task_runs where id = $2)"
INSIDE: Final = """(select type = 'foreach' from task_runs where id = $2)
  and starts_with(path, (select path || '[' from task_runs where id = $2))"""
"""Lines of the iterations of a foreach, at any depth. For other tasks this reads no lines."""
_OF_TASK_RUN: Final = f"(task_run_id = $2 or {_BY_PATH} or {INSIDE})"
_LEVELS: Final = f"""
select level, sum(lines)::bigint as lines from log_blocks
where {_NARROWED} and ($2::uuid is null or {_OF_TASK_RUN}) group by level order by level
"""


class LevelCount(TypedDict):
    """A level, and the number of its lines."""

    level: int
    lines: int


async def lines_by_level(pool: Executes, filters: tuple[Any, ...]) -> dict[LogLevel, int]:
    """Counts the matching lines by level; `filters` as for `blocks_with`, without a moment."""
    rows: list[LevelCount] = await pool.fetch(_LEVELS, *filters)
    return {LogLevel(row["level"]): row["lines"] for row in rows}


def blocks_with(of_task_run: bool, bound: str, order: str, limit: str) -> str:
    """SQL for the first blocks, in this order and within this bound, that have a line for the filters $1 to $6: the
    execution, a task run with its iterations, an attempt, the lowest level, the latest moment, a stream."""
    if not of_task_run:
        return _select(f"{_NARROWED} and $2::uuid is null", bound, order, limit)
    found = " union ".join(
        f"({_select(f'{_NARROWED} and {which}', bound, order, limit)})"
        for which in ("task_run_id = $2", _BY_PATH, INSIDE)
    )
    return f"select block from ({found}) b order by block {order} limit {limit}"


def _select(which: str, bound: str, order: str, limit: str) -> str:
    return (
        f"select distinct block from log_blocks where {which} and {bound} "
        f"order by block {order} limit {limit}"
    )
