"""Reads whole lists in chunks, all from one snapshot; only one chunk at a time is in memory."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, TypedDict
from uuid import UUID

from models.access.viewer import Scope
from models.filters.filters import Filter
from models.orders import ByValue, Order
from runner.store.execution.history import executions_by_id
from runner.store.lists.listing import View, executions_page
from runner.store.lists.orders import KeysetPosition, ListedRow
from runner.store.lists.value_orders import all_by_value
from runner.store.logs.log_search import TEXT_MATCHES
from runner.store.postgres.connection import Connection, Executes, Pool
from runner.store.rows import ExecutionRow
from runner.store.where.terms import LAST_FIRST

CHUNK: Final = 250
"""Rows at a time: few enough that writing them does not block the event loop for long."""

# The last value of a metric in the whole execution, as filters see it. Each is one index lookup, however many values
# there are; the names are found by going from name to name in the index.
_LAST = f"""select value from metrics m where m.execution_id = named.execution_id and m.name = named.name
  order by {LAST_FIRST} limit 1"""
_LAST_NAMED = f"""
select named.*, last.value from
  (select * from unnest($1::uuid[]) execution_id cross join unnest($2::text[]) name) named
cross join lateral ({_LAST}) last
"""
_LAST_OF_ALL = f"""
with recursive named as (
  select execution_id, (select min(name) from metrics m where m.execution_id = wanted.execution_id) as name
  from unnest($1::uuid[]) wanted (execution_id)
  union all
  select execution_id,
    (select min(name) from metrics m where m.execution_id = named.execution_id and m.name > named.name)
  from named where name is not null)
select named.*, last.value from named cross join lateral ({_LAST}) last
"""


class _LastRow(TypedDict):
    execution_id: UUID
    name: str
    value: float


class SeriesRow(TypedDict):
    """A point of a series of a metric."""

    name: str
    path: str | None
    tags: str
    step: int | None
    value: float
    at: datetime


@asynccontextmanager
async def one_moment(pool: Pool) -> AsyncIterator[Connection]:
    """Opens a read-only transaction in which all reads see the same snapshot; it blocks nobody."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection


async def all_executions(
    connection: Connection, scope: Scope, where: Filter, order: Order
) -> AsyncGenerator[Sequence[ListedRow], None]:
    """Yields all executions in chunks, in the order of the list."""
    if isinstance(order, ByValue):
        statement, arguments = all_by_value(scope, where, order)
        async for rows in in_chunks(connection, statement, *arguments):
            yield rows
        return
    place = None
    while True:
        page = await executions_page(connection, scope, where, View(CHUNK, order, place))
        if page.rows:
            yield page.rows
        if not page.has_next:
            return
        last = page.rows[-1]
        place = KeysetPosition(last["id"], last["sort_key"])


async def in_chunks(
    connection: Connection, sql: str, *arguments: Any
) -> AsyncGenerator[Sequence[Any], None]:
    """Yields the rows of a statement in chunks, through a cursor. Their columns depend on the statement: the caller
    states their type."""
    cursor = await connection.cursor(sql, *arguments)
    while rows := await cursor.fetch(CHUNK):
        yield rows


async def last_metrics(
    connection: Executes, ids: Sequence[UUID], names: Sequence[str] | None
) -> dict[UUID, dict[str, float]]:
    """The last value of each metric, by execution and name; None selects all names."""
    found: dict[UUID, dict[str, float]] = {id: {} for id in ids}
    rows: list[_LastRow]
    if names is None:
        rows = await connection.fetch(_LAST_OF_ALL, list(ids))
    else:
        rows = await connection.fetch(_LAST_NAMED, list(ids), list(names))
    for row in rows:
        found[row["execution_id"]][row["name"]] = row["value"]
    return found


async def visible_row(connection: Connection, scope: Scope, id: UUID) -> ExecutionRow | None:
    return (await executions_by_id(connection, scope, [id])).get(id)


_LOG = f"""
select l.line, l.path, l.attempt, l.at, l.level, l.stream, l.text, coalesce(l.task_run_id, t.id) as task_run_id
from logs l left join task_runs t on (t.execution_id, t.path) = (l.execution_id, l.path)
where l.execution_id = $1 and ($2::text is null or l.path = $2 or starts_with(l.path, $2 || '['))
  and ($3::int is null or l.attempt = $3) and ($4::smallint is null or l.level >= $4)
  and ($5::smallint is null or l.stream = $5)
  and ($6::text[] is null or {TEXT_MATCHES.format(colour="$7::text", patterns="$6::text[]")})
"""
LOG_BY_TIME: Final = f"{_LOG} order by l.line"
LOG_BY_TASK: Final = (
    f"{_LOG} order by t.position nulls first, l.path nulls first, l.attempt, l.line"
)
EVENTS: Final = "select * from events where execution_id = $1 order by seq"
PATHS: Final = "select path from task_runs where execution_id = $1 order by position, path"


# The first and the last point of each series, and every n-th of those between.
_SERIES = """
with numbered as (
  select name, path, tags, step, value, at, row_number() over series as number,
         count(*) over (partition by name, path, tags) as total,
         dense_rank() over (order by name, path, tags) as place
  from metrics where execution_id = $1
  window series as (partition by name, path, tags order by at, id))
select name, path, tags, step, value, at from numbered
where place <= $2 and total > 1 and (number = total or (number - 1) % greatest(1, total / $3) = 0)
order by place, number
"""


async def measured_series(
    connection: Connection, id: UUID, most: int, points: int
) -> Sequence[SeriesRow]:
    """Metrics with more than one point: at most `most` series, with about `points` points each."""
    return await connection.fetch(_SERIES, id, most, points)


async def first_of(connection: Connection, sql: str, most: int, *arguments: Any) -> Sequence[Any]:
    """The first `most` rows of a statement, on which their columns depend: the caller states their type."""
    cursor = await connection.cursor(sql, *arguments)
    return await cursor.fetch(most)
