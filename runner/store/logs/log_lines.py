"""Log lines: numbered 1..n within their execution, in the order of their commits."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, TypedDict
from uuid import UUID

import asyncpg

from models.logs import LogLevel, LogStream
from runner.store import fencing
from runner.store.logs.log_blocks import INSIDE, SIZE, blocks_with, lines_by_level
from runner.store.postgres.commits import certain_transaction
from runner.store.postgres.connection import Connection, Executes, Pool

BATCH: Final = 500
COUNTED: Final = 10_000
"""The limit for counting the lines of a past moment."""
_LAST_NUMBER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class NewLine:
    """`text` must not contain NUL, which PostgreSQL cannot store. A line of an external run may have no task run, or
    one that is not reported yet, and no attempt. With an `attempt_id` it is stored only while that attempt runs."""

    execution_id: UUID
    task_run_id: UUID | None
    path: str | None
    attempt: int | None
    at: datetime
    level: LogLevel
    stream: LogStream
    text: str
    attempt_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LogRow:
    line: int
    task_run_id: UUID | None
    path: str | None
    attempt: int | None
    at: datetime
    level: LogLevel
    stream: LogStream
    text: str


@dataclass(frozen=True, slots=True)
class LinesOf:
    """Selects lines of an execution: by task run (with its iterations), attempt, lowest level, latest moment and
    stream; None selects all."""

    execution_id: UUID
    task_run_id: UUID | None = None
    attempt: int | None = None
    min_level: LogLevel | None = None
    until: datetime | None = None
    stream: LogStream | None = None

    @property
    def everything(self) -> bool:
        narrowed = (self.task_run_id, self.attempt, self.until, self.stream)
        return all(one is None for one in narrowed) and not self.min_level


class _Head(TypedDict):
    execution_id: UUID
    lines: int


class _HeadAndEnd(TypedDict):
    head: int
    ended: bool


_RESERVE = """
insert into log_heads (execution_id, lines) select * from unnest($1::uuid[], $2::bigint[])
on conflict (execution_id) do update set lines = log_heads.lines + excluded.lines
returning execution_id, lines
"""
_STORED = ("execution_id", "line", *(field.name for field in fields(NewLine)[1:-1]))

_COLUMNS = ", ".join(field.name for field in fields(LogRow)).replace(
    "task_run_id",
    """coalesce(task_run_id, (select t.id from task_runs t
    where t.execution_id = logs.execution_id and t.path = logs.path)) as task_run_id""",
)
_OF_TASK_RUN = f"""(task_run_id = $2 or task_run_id is null and path = (select t.path from task_runs t where t.id = $2)
  or {INSIDE})"""
# Each query is planned with its values, so a filter that is null costs nothing.
WANTED = f"""
execution_id = $1 and ($2::uuid is null or {_OF_TASK_RUN}) and ($3::int is null or attempt = $3)
  and ($4::smallint is null or level >= $4) and ($5::timestamptz is null or at <= $5)
  and ($6::smallint is null or stream = $6)
"""
_AFTER = f"select {{columns}} from logs where {WANTED} and line > $7 order by line limit $8"
_BEFORE = f"select {_COLUMNS} from logs where {WANTED} and line < $7 order by line desc limit $8"
# Each block but the first has at least one line.
_AFTER_IN_BLOCKS = f"""
select found.* from ({{blocks}}) blocks, lateral (
  select {{columns}} from logs where {WANTED} and line > greatest($7, blocks.block::bigint * {SIZE})
    and line <= (blocks.block::bigint + 1) * {SIZE} order by line limit $8) found
order by blocks.block, found.line limit $8
"""
_BEFORE_IN_BLOCKS = f"""
select found.* from ({{blocks}}) blocks, lateral (
  select {_COLUMNS} from logs where {WANTED} and line > blocks.block::bigint * {SIZE}
    and line < least($7, (blocks.block::bigint + 1) * {SIZE} + 1) order by line desc limit $8) found
order by blocks.block desc, found.line desc limit $8
"""
_COUNT = f"select count(*) from (select from logs where {WANTED} limit $7) counted"
_COUNT_ALL = "select lines from log_heads where execution_id = $1"
# One snapshot: an attempt's lines are committed before its end, so if `ended` is true, `head` counts all of them.
_HEAD_AND_END = """
select coalesce((select lines from log_heads where execution_id = $1), 0) as head, coalesce(
  (select ended_at is not null from {table} where id = $2), true) as ended
"""


async def append_lines(database: Pool | Connection, lines: Sequence[NewLine]) -> list[int]:
    """Stores all lines in one transaction, within the caller's if it passes a connection; returns their numbers. Raises
    AttemptsEnded. If it raises, nothing is stored, so a retry stores no line twice."""
    if not lines:
        return []
    if isinstance(database, asyncpg.Pool):
        async with certain_transaction(database) as connection:
            numbers = await _append(connection, lines)
        return numbers
    async with database.transaction():
        return await _append(database, lines)


async def append_running(database: Pool, lines: Sequence[NewLine]) -> frozenset[UUID]:
    """Stores the lines of attempts that still run; returns the attempts that have ended, whose lines are dropped."""
    ended: frozenset[UUID] = frozenset()
    while True:
        try:
            await append_lines(database, [line for line in lines if line.attempt_id not in ended])
        except fencing.AttemptsEnded as refused:
            ended |= refused.ids
        else:
            return ended


async def _append(connection: Connection, lines: Sequence[NewLine]) -> list[int]:
    counts = sorted(Counter(line.execution_id for line in lines).items())
    heads: list[_Head] = await connection.fetch(
        _RESERVE, [execution_id for execution_id, _ in counts], [count for _, count in counts]
    )
    last = dict(counts)
    following = {head["execution_id"]: head["lines"] - last[head["execution_id"]] for head in heads}
    records: list[tuple[Any, ...]] = []
    for line in lines:
        number = following[line.execution_id] = following[line.execution_id] + 1
        records.append(
            (
                line.execution_id,
                number,
                line.task_run_id,
                line.path,
                line.attempt,
                line.at,
                line.level,
                line.stream,
                line.text,
            )
        )
    await connection.copy_records_to_table("logs", records=records, columns=_STORED)
    await fencing.hold(connection, (line.attempt_id for line in lines))
    return [record[1] for record in records]


async def lines_after(
    pool: Executes, wanted: LinesOf, after: int | None, limit: int
) -> list[LogRow]:
    """The first lines after a number, or from the start."""
    return [_line(row) for row in await _after(pool, _COLUMNS, wanted, after, limit)]


async def numbers_after(pool: Executes, wanted: LinesOf, after: int, limit: int) -> list[int]:
    """As `lines_after`, but only the numbers."""
    return [number for *_, number in await _after(pool, "line", wanted, after, limit)]


async def _after(
    pool: Executes, columns: str, wanted: LinesOf, after: int | None, limit: int
) -> Sequence[Iterable[Any]]:
    """Returns the values of the columns, in their order."""
    sql, blocks = _AFTER, ""
    if not wanted.everything:
        sql, blocks = _AFTER_IN_BLOCKS, _blocks(wanted, f"block >= $7::bigint / {SIZE}", "asc")
    statement = sql.format(columns=columns, blocks=blocks)
    first = min(after or 0, _LAST_NUMBER)
    rows: Sequence[Iterable[Any]] = await pool.fetch(statement, *filters_of(wanted), first, limit)
    return rows


async def lines_before(
    pool: Executes, wanted: LinesOf, before: int | None, limit: int
) -> list[LogRow]:
    """The last lines before a number, or of the whole log; in the order of the log."""
    sql, last = _BEFORE, _LAST_NUMBER if before is None else min(before, _LAST_NUMBER)
    if not wanted.everything:
        bound = f"block <= ($7::bigint - 2) / {SIZE}"
        sql = _BEFORE_IN_BLOCKS.format(blocks=_blocks(wanted, bound, "desc"))
    rows: list[Iterable[Any]] = await pool.fetch(sql, *filters_of(wanted), last, limit)
    return [_line(row) for row in reversed(rows)]


def _blocks(wanted: LinesOf, bound: str, order: str) -> str:
    return blocks_with(wanted.task_run_id is not None, bound, order, "$8 + 1")


async def count_lines(pool: Executes, wanted: LinesOf) -> tuple[int, bool]:
    """The number of lines, and whether it is exact: counting lines of a past moment stops at COUNTED."""
    if wanted.everything:
        return await pool.fetchval(_COUNT_ALL, wanted.execution_id) or 0, True
    if wanted.until is None:
        return sum((await lines_by_level(pool, filters_of(wanted))).values()), True
    count: int = await pool.fetchval(_COUNT, *filters_of(wanted), COUNTED + 1)
    return min(count, COUNTED), count <= COUNTED


async def head_and_end(pool: Executes, wanted: LinesOf) -> tuple[int, bool]:
    """The number of the execution's last line, and whether the execution or task run has ended."""
    table, id = "executions", wanted.execution_id
    if wanted.task_run_id:
        table, id = "task_runs", wanted.task_run_id
    row: _HeadAndEnd | None = await pool.fetchrow(
        _HEAD_AND_END.format(table=table), wanted.execution_id, id
    )
    assert row is not None
    return row["head"], row["ended"]


def filters_of(wanted: LinesOf) -> tuple[Any, ...]:
    return (
        wanted.execution_id,
        wanted.task_run_id,
        wanted.attempt,
        wanted.min_level,
        wanted.until,
        wanted.stream,
    )


_LEVELS = {level.value: level for level in LogLevel}
_STREAMS = {stream.value: stream for stream in LogStream}


def _line(values: Iterable[Any]) -> LogRow:
    """Makes a line of the values of _COLUMNS, which is faster than finding each by its name."""
    # Rows of a query over several logs begin with the number of their log.
    *_, line, task_run_id, path, attempt, at, level, stream, text = values
    return LogRow(line, task_run_id, path, attempt, at, _LEVELS[level], _STREAMS[stream], text)
