"""Drops monthly partitions of events and logs whose executions are all deleted, instead of deleting row by row."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, TypedDict

import asyncpg

from models.retention import RetentionRule
from runner.store.postgres.connection import Connection, Executes
from runner.store.retention.retention import FREE, due
from runner.store.where import Arguments

PARTITIONED: Final = ("events", "logs")
_LOCK_TIMEOUT: Final = "1s"
"""Limits the wait for a lock, because every reader and writer of the table queues behind it."""
_FROM: Final = "headway_least_id({month}::date::timestamp at time zone 'utc')"
_TO: Final = "headway_least_id(({month}::date + interval '1 month') at time zone 'utc')"
_MONTHS: Final = """
select distinct to_date(substr(c.relname, length(p.relname) + 2), 'YYYY_MM') as month
from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
where p.oid = any(array['events'::regclass, 'logs'::regclass]::oid[])
  and substr(c.relname, length(p.relname) + 2) ~ '^[0-9]{4}_[0-9]{2}$'
order by 1
"""
_PAST: Final = "date_trunc('month', now() at time zone 'utc')::date"
_ORPHANS: Final = """
delete from {partition} where execution_id in (
  select distinct h.execution_id from {partition} h
  where not exists (select from executions e where e.id = h.execution_id) limit 200)
"""


class _Month(TypedDict):
    month: date


async def months_before_now(pool: Executes) -> list[date]:
    """The months before this one that have partitions."""
    rows: list[_Month] = await pool.fetch(f"select month from ({_MONTHS}) m where month < {_PAST}")
    return [row["month"] for row in rows]


async def marked(pool: Executes) -> list[date]:
    """Months that are to be dropped as a whole, and have not been dropped yet."""
    rows: list[_Month] = await pool.fetch("select month from pruned_months order by 1")
    return [row["month"] for row in rows]


async def whole_months(pool: Executes, rules: Sequence[RetentionRule]) -> list[date]:
    """The past months whose executions are all due for pruning; months without executions are left out."""
    return [
        month
        for month in await months_before_now(pool)
        if await _has_executions(pool, month) and not await keeps(pool, month, rules)
    ]


async def mark(connection: Connection, months: Sequence[date]) -> None:
    """Records that these months are to be dropped as a whole."""
    await connection.execute(
        "insert into pruned_months select * from unnest($1::date[]) on conflict do nothing",
        list(months),
    )


async def keeps(pool: Executes, month: date, rules: Sequence[RetentionRule]) -> bool:
    """Returns whether the rules keep any execution of the month."""
    arguments = Arguments()
    condition = f"not ({due(rules, arguments)} and {FREE})"
    return bool(await pool.fetchval(_among(month, arguments, condition), *arguments.values))


async def drop(connection: Connection, month: date) -> list[str]:
    """Drops the partitions of a past month in the caller's transaction, if none of its executions exists; unless the
    month is marked, they must also be empty. Returns their names; none when the lock is not free soon: call it
    again."""
    names = [name for table in PARTITIONED if (name := await _partition(connection, table, month))]
    await connection.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
    try:
        async with connection.transaction():
            for name in (*(f"only {table}" for table in PARTITIONED), *names):
                await connection.execute(f"lock table {name} in access exclusive mode")
            if await _has_executions(connection, month) or not await _may_drop(
                connection, month, names
            ):
                return []
            for name in names:
                await connection.execute(f"drop table {name}")
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
        return []
    await connection.execute("delete from pruned_months where month = $1", month)
    return names


async def unmark(connection: Connection, month: date) -> None:
    """Unmarks a month that is not dropped as a whole after all; deletes the rows of deleted executions in batches."""
    for table in PARTITIONED:
        if partition := await _partition(connection, table, month):
            while await connection.execute(_ORPHANS.format(partition=partition)) != "DELETE 0":
                pass
    await connection.execute("delete from pruned_months where month = $1", month)


async def _may_drop(connection: Connection, month: date, names: Sequence[str]) -> bool:
    if month in await marked(connection):
        return True
    for name in names:
        if await connection.fetchval(f"select exists (select from {name})"):
            return False
    return True


async def _has_executions(pool: Executes, month: date) -> bool:
    arguments = Arguments()
    return bool(await pool.fetchval(_among(month, arguments, "true"), *arguments.values))


def _among(month: date, arguments: Arguments, condition: str) -> str:
    """SQL for whether the month has an execution that meets the condition."""
    first = arguments.add(month)
    bounds = f"e.id >= {_FROM.format(month=first)} and e.id < {_TO.format(month=first)}"
    return f"select exists (select from executions e where {bounds} and {condition})"


async def _partition(pool: Executes, table: str, month: date) -> str | None:
    name: Any = await pool.fetchval("select to_regclass($1)::text", f"{table}_{month:%Y_%m}")
    return None if name is None else str(name)
