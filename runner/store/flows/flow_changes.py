"""Changes of flows other than new revisions: deletes, enables and disables them, and saves texts for test runs."""

import hashlib
from typing import Any
from uuid import UUID

from models.access.viewer import Scope
from models.events.events import CommandOrigin
from models.ids import new_id, typed
from models.spec import FlowSpec
from runner.store import audit
from runner.store.json import dump
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import FlowRow
from runner.store.where import Arguments, compile_scope

# Executions and their revisions are kept; schedules are deleted, since they could start nothing.
_DELETE = "update flows set deleted_at = now(), updated_at = now() where {found} returning *"
_FORGET_SCHEDULES = "delete from schedules where flow_id = $1"
_ENABLE = "update flows set enabled = $3, updated_at = now() where {found} returning *"
# A test run needs the row of a flow. For a flow that was never saved, one is created that counts as deleted.
_PLACE = """
insert into flows (id, namespace, key, kind, description, labels, latest_revision, deleted_at)
values ($1, $2, $3, $4, $5, $6, 0, now())
on conflict (namespace, key) do update set updated_at = flows.updated_at returning id
"""
_SAME_TEXT = """
select id from revisions where flow_id = $1 and digest = $2 order by number desc limit 1
"""
_TRY = """
insert into revisions (id, flow_id, number, source, digest, created_by)
select $1, $2, least(coalesce(min(number), 0), 0) - 1, $3, $4, $5 from revisions where flow_id = $2 returning id
"""


async def delete_flow(
    pool: Pool, scope: Scope, namespace: str, key: str, origin: CommandOrigin
) -> FlowRow | None:
    """Returns the deleted flow; None if there is none."""
    async with pool.acquire() as connection, connection.transaction():
        statement, values = _change(_DELETE, scope, Arguments(namespace, key))
        row: FlowRow | None = await connection.fetchrow(statement, *values)
        if row:
            await connection.execute(_FORGET_SCHEDULES, row["id"])
            await audit.record(connection, origin, "DELETE_FLOW", _target(row), {})
    return row


async def set_flow_enabled(
    pool: Pool, scope: Scope, namespace: str, key: str, enabled: bool, origin: CommandOrigin
) -> FlowRow | None:
    done = "ENABLE_FLOW" if enabled else "DISABLE_FLOW"
    statement, values = _change(_ENABLE, scope, Arguments(namespace, key, enabled))

    def entry_of(row: FlowRow) -> audit.Entry:
        return audit.Entry(done, _target(row))

    return await audit.change(pool, origin, entry_of, statement, *values)


async def save_unlisted_revision(
    connection: Connection, spec: FlowSpec, source: str, actor: str
) -> UUID:
    """Saves a revision for test runs, which never becomes the flow's newest. Returns its id, or that of a revision that
    has the same text already."""
    digest = hashlib.sha256(source.encode()).hexdigest()
    about = (spec.kind, spec.description, dump(spec.labels))
    async with connection.transaction():
        flow = await connection.fetchval(_PLACE, new_id(), spec.namespace, spec.id, *about)
        kept = await connection.fetchval(_SAME_TEXT, flow, digest)
        if kept is None:
            kept = await connection.fetchval(_TRY, new_id(), flow, source, digest, actor)
    revision: UUID = kept
    return revision


def _change(statement: str, scope: Scope, arguments: Arguments) -> tuple[str, list[Any]]:
    """The statement for a flow in the scope, and its arguments."""
    visible = compile_scope(scope, arguments)
    found = f"namespace = $1 and key = $2 and deleted_at is null and {visible}"
    return statement.format(found=found), arguments.values


def _target(row: FlowRow) -> audit.Target:
    return audit.Target(typed("flow", row["id"]), row["key"], row["namespace"])
