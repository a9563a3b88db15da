"""Real executions, copied to past days: ids, times, events, lines and all other rows."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from runner.store.postgres.connection import Executes, Pool
from runner.store.where import first_id_of

_TABLES = {
    "executions": "id",
    "task_runs": "execution_id",
    "attempts": "execution_id",
    "approvals": "execution_id",
    "notes": "execution_id",
    "events": "execution_id",
    "logs": "execution_id",
    "log_heads": "execution_id",
    "metrics": "execution_id",
    "artifact_uses": "execution_id",
}
_OWN = ("id", "execution_id", "task_run_id", "lease")
_Rows: TypeAlias = dict[str, list[dict[str, Any]]]


async def copies(pool: Pool, source: UUID, days: Sequence[date], **changed: object) -> list[UUID]:
    """Creates one copy for each day; `changed` are columns of the execution's row that are not derived from events."""
    rows = {table: await _rows(pool, table, column, source) for table, column in _TABLES.items()}
    ids = [_id_on(day) for day in days]
    made = [_aged(rows, source, id, day) for id, day in zip(ids, days, strict=True)]
    for one in made:
        one["executions"][0] |= changed
    for table in _TABLES:
        await pool.execute(
            f"insert into {table} select * from jsonb_populate_recordset(null::{table}, $1::jsonb)",
            json.dumps([row for one in made for row in one[table]]),
        )
    return ids


def _aged(rows: _Rows, source: UUID, id: UUID, day: date) -> _Rows:
    """Returns the rows with other ids and another day, replaced in their JSON text."""
    here = str(rows["executions"][0]["created_at"])[:10]
    old = {
        str(row[name]) for table in rows.values() for row in table for name in _OWN if row.get(name)
    }
    text = json.dumps(rows).replace(str(source), str(id)).replace(f'"{here}T', f'"{day}T')
    for one in old - {str(source)}:
        text = text.replace(one, str(_id_on(day)))
    aged: _Rows = json.loads(text)
    return aged


async def make_month(pool: Executes, month: date) -> None:
    """Creates the partitions of a past month as they are created in advance."""
    for table in ("events", "logs"):
        await pool.execute(
            f"""do $$ begin execute format('create table {table}_{month:%Y_%m} partition of {table}
                  for values from (%L) to (%L)', headway_least_id('{month}'::timestamp at time zone 'utc'),
                  headway_least_id(('{month}'::date + interval '1 month') at time zone 'utc')); end $$"""
        )


async def rows_of(pool: Executes, ids: Sequence[UUID]) -> dict[str, int]:
    """Returns how many rows of these executions each table has; tables without rows are left out."""
    found = {
        table: await pool.fetchval(
            f"select count(*) from {table} where {column} = any($1::uuid[])", list(ids)
        )
        for table, column in _TABLES.items()
    }
    return {table: count for table, count in found.items() if count}


async def tables(pool: Executes, like: str) -> list[str]:
    rows = await pool.fetch(
        "select relname from pg_class where relkind = 'r' and relname like $1 order by 1", like
    )
    return [row["relname"] for row in rows]


async def _rows(pool: Executes, table: str, column: str, source: UUID) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        f"select to_jsonb(t)::text as row from {table} t where {column} = $1", source
    )
    return [json.loads(row["row"]) for row in rows]


def _id_on(day: date) -> UUID:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return UUID(int=first_id_of(moment).int | uuid4().int & ((1 << 62) - 1))
