"""Writes rows that only external runs have: reported attempts, and heartbeats."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from models.events.events import Event, ExecutionCreated, TaskRunRecorded
from models.lifecycle.snapshot import Execution
from models.states import AttemptState
from runner.store.json import dump_or_none, to_columns
from runner.store.postgres.connection import Connection, Pool

_RECORD_ATTEMPTS = """
insert into attempts (id, execution_id, task_run_id, number, state, started_at, ended_at, exit_code, error)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::timestamptz[],
                     $7::timestamptz[], $8::int[], $9::jsonb[])
on conflict (task_run_id, number) do update
set state = excluded.state, started_at = excluded.started_at, ended_at = excluded.ended_at,
    exit_code = coalesce(excluded.exit_code, attempts.exit_code), error = excluded.error
"""
_END_EARLIER = """
update attempts a set state = 'FAILED', ended_at = u.at
from unnest($1::uuid[], $2::int[], $3::timestamptz[]) u (task_run_id, number, at)
where a.task_run_id = u.task_run_id and a.number < u.number and a.state = 'RUNNING'
"""
_EXPECT = """
insert into heartbeats (execution_id, ttl, expires_at)
select id, ttl, clock_timestamp() + make_interval(secs => ttl)
from unnest($1::uuid[], $2::float8[]) u (id, ttl)
"""
_EXPECT_NO_MORE = "delete from heartbeats where execution_id = any($1::uuid[])"
_EXTEND = """
update heartbeats set expires_at = clock_timestamp() + make_interval(secs => ttl) where execution_id = $1
"""
_EXPIRED = """
select execution_id, ttl from heartbeats where expires_at < clock_timestamp() order by expires_at limit 1000
"""
_EXTEND_ALL = """
update heartbeats set expires_at = clock_timestamp() + make_interval(secs => ttl)
where expires_at < clock_timestamp() + make_interval(secs => ttl)
"""


async def write_recorded(
    connection: Connection, written: Sequence[tuple[Execution, Event]]
) -> None:
    """`written` are events, each with its execution as it is after all of them."""
    recorded = [(execution, event) for execution, event in written if execution.ran_elsewhere]
    if not recorded:
        return
    events = [event for _, event in recorded]
    await _record_attempts(connection, events)
    expected = [
        (event.execution_id, event.fact.heartbeat_ttl)
        for event in events
        if isinstance(event.fact, ExecutionCreated) and event.fact.heartbeat_ttl
    ]
    if expected:
        await connection.execute(_EXPECT, *to_columns(expected))
    if ended := [execution.id for execution, _ in recorded if execution.ended]:
        await connection.execute(_EXPECT_NO_MORE, ended)


async def _record_attempts(connection: Connection, events: Sequence[Event]) -> None:
    """Stores the last report of each attempt in the batch."""
    rows: dict[tuple[UUID, int], tuple[Any, ...]] = {}
    for event in events:
        if isinstance(event.fact, TaskRunRecorded) and event.fact.attempt_id:
            rows[event.fact.id, event.fact.attempt] = _attempt(event, event.fact)
    if rows:
        await connection.execute(_RECORD_ATTEMPTS, *to_columns(list(rows.values())))
        later = [(id, number, row[5]) for (id, number), row in rows.items()]
        await connection.execute(_END_EARLIER, *to_columns(later))


def _attempt(event: Event, fact: TaskRunRecorded) -> tuple[Any, ...]:
    assert fact.attempt_state
    over = fact.attempt_state is not AttemptState.RUNNING
    return (
        fact.attempt_id,
        event.execution_id,
        fact.id,
        fact.attempt,
        fact.attempt_state.value,
        fact.attempt_started_at,
        (fact.ended_at or event.at) if over else None,
        fact.exit_code,
        dump_or_none(fact.error),
    )


async def extend(pool: Pool, execution_id: UUID) -> None:
    """Stores a heartbeat, if heartbeats are expected."""
    await pool.execute(_EXTEND, execution_id)


async def silent(pool: Pool) -> list[tuple[UUID, float]]:
    """Executions whose heartbeat is overdue, and the seconds allowed between two, at most a thousand."""
    return [tuple(row) for row in await pool.fetch(_EXPIRED)]


async def extend_all(pool: Pool) -> None:
    """Gives all heartbeats their full time again."""
    await pool.execute(_EXTEND_ALL)
