"""Finds executions that wait for an event."""

from uuid import UUID

from models.access.viewer import Scope
from runner.store.execution.ids import IdRow
from runner.store.postgres.connection import Pool
from runner.store.where import Arguments, compile_scope, compile_under


async def waiting_for(pool: Pool, scope: Scope, namespace: str, event: str) -> list[UUID]:
    """Executions in a namespace, and all below it, with a task run that is waiting for this event."""
    arguments = Arguments(f"waits for the event {event}")
    below = compile_under("e.namespace", namespace, arguments)
    visible = compile_scope(scope, arguments, "e.namespace")
    rows: list[IdRow] = await pool.fetch(
        "select distinct e.id from executions e join task_runs t on t.execution_id = e.id "
        "where e.ended_at is null and t.type = 'wait' and t.state = 'RUNNING' and t.message = $1 "
        f"and {below} and {visible} order by e.id",
        *arguments.values,
    )
    return [row["id"] for row in rows]
