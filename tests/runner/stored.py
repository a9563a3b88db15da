"""Rows as the engine writes them, written without an engine: an execution, its events, its task runs."""

from datetime import UTC, datetime
from uuid import UUID

from models.events.event_types import EventType
from models.ids import new_id
from models.states import EXECUTION_ENDS, ExecutionState
from runner.store.postgres.connection import Executes, Pool

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)

_EXECUTION = """
insert into executions (id, namespace, flow_key, kind, name, state, seq, state_seq, created_by, created_at)
values ($1, 'acme', 'nightly', 'flow', 'nightly', $2, 1, 1, 'user:admin', $3)
"""
_TASK_RUN = """
insert into task_runs (id, execution_id, path, position, type, queue, state)
values ($1, $2, 'load', 0, 'shell', 'default', 'RUNNING')
"""
_EVENT = """
insert into events (execution_id, seq, id, type, at, actor, channel, to_state, data, terminal)
values ($1, $2, $3, $4, $5, 'engine', 'ENGINE', $6, '{}', $7)
"""


async def store_execution(pool: Executes) -> UUID:
    id = new_id()
    await pool.execute(_EXECUTION, id, "CREATED", NOW)
    await pool.execute(_EVENT, id, 1, new_id(), EventType.EXECUTION_CREATED, NOW, None, False)
    return id


async def store_task_run(pool: Executes, execution_id: UUID) -> UUID:
    id = new_id()
    await pool.execute(_TASK_RUN, id, execution_id)
    return id


async def record(
    pool: Pool, execution_id: UUID, *, count: int = 1, state: ExecutionState | None = None
) -> int:
    """Appends events under the execution's row lock, in one transaction; returns the last seq. With a state, adds a
    change to it."""
    async with pool.acquire() as connection, connection.transaction():
        last: int = await connection.fetchval(
            "update executions set seq = seq + $2, ended_at = $3 where id = $1 returning seq",
            execution_id,
            count,
            NOW if state in EXECUTION_ENDS else None,
        )
        kind = EventType.EXECUTION_STATE_CHANGED if state else EventType.PROGRESS_REPORTED
        await connection.executemany(
            _EVENT,
            [
                (execution_id, seq, new_id(), kind, NOW, state, state in EXECUTION_ENDS)
                for seq in range(last - count + 1, last + 1)
            ],
        )
    return last


async def end_task_run(pool: Executes, id: UUID) -> None:
    await pool.execute(
        "update task_runs set state = 'SUCCESS', ended_at = $2 where id = $1", id, NOW
    )
