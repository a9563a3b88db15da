"""Reads things whole, a piece at a time: all pieces from one moment, none kept longer than its reader takes."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from models.access.viewer import Scope
from models.filters.filters import Filter
from models.orders import ByValue, Order
from runner.store.execution.history import executions_by_id
from runner.store.lists.listing import View, executions_page
from runner.store.lists.orders import KeysetPosition
from runner.store.lists.value_orders import all_by_value
from runner.store.logs.log_search import SAYS
from runner.store.pages import Row
from runner.store.postgres.connection import Connection, Executes, Pool
from runner.store.where.terms import LAST_FIRST

CHUNK: Final = 250
"""Rows at a time: few enough that writing them out does not hold others up."""

# What was measured last under a name, in the whole execution: as searches see it. Each is one look in an index, however
# often it was measured; which names there are is walked from name to name.
_LAST = f"""select value from metrics m where m.execution_id = named.execution_id and m.name = named.name
  order by {LAST_FIRST} limit 1"""
_LAST_NAMED = f"""
select named.*, last.value from
  (select * from unnest($1::uuid[]) execution_id cross join unnest($2::text[]) name) named
cross join lateral ({_LAST}) last
"""
_LAST_OF_ALL = f"""
with recursive named as (
  select execution_id, (select min(name) from metrics m where m.execution_id = asked.execution_id) as name
  from unnest($1::uuid[]) asked (execution_id)
  union all
  select execution_id,
    (select min(name) from metrics m where m.execution_id = named.execution_id and m.name > named.name)
  from named where name is not null)
select named.*, last.value from named cross join lateral ({_LAST}) last
"""


@asynccontextmanager
async def one_moment(pool: Pool) -> AsyncIterator[Connection]:
    """Every read through this connection sees the tables as they are now. It writes nothing, so it holds nobody up."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection


async def all_executions(
    connection: Connection, scope: Scope, where: Filter, order: Order
) -> AsyncGenerator[Sequence[Row], None]:
    """As pages of the list would give them, one after the other to its end."""
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
) -> AsyncGenerator[Sequence[Row], None]:
    """The rows of a statement through a cursor."""
    cursor = await connection.cursor(sql, *arguments)
    while rows := await cursor.fetch(CHUNK):
        yield rows


async def last_metrics(
    connection: Executes, ids: Sequence[UUID], names: Sequence[str] | None
) -> dict[UUID, dict[str, float]]:
    """Of each execution by name; None is every name."""
    found: dict[UUID, dict[str, float]] = {id: {} for id in ids}
    if names is None:
        rows = await connection.fetch(_LAST_OF_ALL, list(ids))
    else:
        rows = await connection.fetch(_LAST_NAMED, list(ids), list(names))
    for row in rows:
        found[row["execution_id"]][row["name"]] = row["value"]
    return found


async def visible_row(connection: Connection, scope: Scope, id: UUID) -> Row | None:
    return (await executions_by_id(connection, scope, [id])).get(id)


_LOG = f"""
select l.line, l.path, l.attempt, l.at, l.level, l.stream, l.text, coalesce(l.task_run_id, t.id) as task_run_id
from logs l left join task_runs t on (t.execution_id, t.path) = (l.execution_id, l.path)
where l.execution_id = $1 and ($2::text is null or l.path = $2 or starts_with(l.path, $2 || '['))
  and ($3::int is null or l.attempt = $3) and ($4::smallint is null or l.level >= $4)
  and ($5::smallint is null or l.stream = $5)
  and ($6::text[] is null or {SAYS.format(colour="$7::text", patterns="$6::text[]")})
"""
LOG_BY_TIME: Final = f"{_LOG} order by l.line"
LOG_BY_TASK: Final = (
    f"{_LOG} order by t.position nulls first, l.path nulls first, l.attempt, l.line"
)
EVENTS: Final = "select * from events where execution_id = $1 order by seq"
PATHS: Final = "select path from task_runs where execution_id = $1 order by position, path"


# Of each series the first and the last point, and of those between every so many.
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
) -> Sequence[Row]:
    """The metrics that were measured more than once, of so many series about so many points."""
    return await connection.fetch(_SERIES, id, most, points)


async def first_of(connection: Connection, sql: str, most: int, *arguments: Any) -> Sequence[Row]:
    """At most so many rows of a statement, in its order."""
    cursor = await connection.cursor(sql, *arguments)
    return await cursor.fetch(most)
