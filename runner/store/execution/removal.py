"""Deletes executions from the tables permanently: for people, under their row lock, or for pruning."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final, TypedDict
from uuid import UUID

from models.lifecycle.commands.records import Delete, RemoveFiles
from models.lifecycle.transition import Deferred
from runner.store import deferred, references
from runner.store.execution.ids import IdRow
from runner.store.json import dump, load
from runner.store.postgres.connection import Connection

# Artifacts that nobody else used or made are deleted. The use by which a deleted execution made a file that another
# one uses is kept as long as the file, because it lets people read the file.
_FORGET_ARTIFACTS: Final = """
delete from artifacts a
where a.id in (select artifact_id from artifact_uses where execution_id = any($1::uuid[]))
  and not exists (select from artifact_uses u where u.artifact_id = a.id and u.execution_id <> all($1::uuid[]))
"""
_FORGET_USES: Final = """
delete from artifact_uses a where a.execution_id = any($1::uuid[]) and not (a.direction = 'OUT' and exists (
  select from artifact_uses u
  where u.artifact_id = a.artifact_id and u.uri = a.uri and u.execution_id <> all($1::uuid[])))
"""
_OWN: Final = (
    "delete from votes where approval_id in (select id from approvals where execution_id = any($1::uuid[]))",
    "delete from approvals where execution_id = any($1::uuid[])",
    "delete from notes where execution_id = any($1::uuid[])",
    "delete from attempts where execution_id = any($1::uuid[])",
    "delete from task_runs where execution_id = any($1::uuid[])",
    "delete from heartbeats where execution_id = any($1::uuid[])",
    "delete from deferred_commands where execution_id = any($1::uuid[])",
    "delete from executions where id = any($1::uuid[])",
)
_EVENTS: Final = "delete from events where execution_id = any($1::uuid[])"
_LOGS: Final = "delete from logs where execution_id = any($1::uuid[])"
_OPTIONAL: Final[Mapping[str, Sequence[str]]] = {
    "logs": (
        "delete from log_heads where execution_id = any($1::uuid[])",
        "delete from log_blocks where execution_id = any($1::uuid[])",
    ),
    "metrics": ("delete from metrics where execution_id = any($1::uuid[])",),
    "artifacts": (_FORGET_ARTIFACTS, _FORGET_USES),
}
# Waits for transactions that are about to reuse these outputs, so that the next statement sees their references.
_LOCK_OUTPUTS = (
    "select id from task_runs where execution_id = any($1::uuid[]) order by id for update"
)
# Copies are stored under the id of the source task run, so that references to it still find the outputs.
_KEEP_OUTPUTS = """
insert into kept_outputs (task_run_id, outputs)
select source.id, headway_results(source.id) from task_runs source
where source.execution_id = any($1::uuid[]) and exists (
  select from task_runs t where t.outputs_from = source.id and t.execution_id <> all($1::uuid[]))
on conflict do nothing
"""
_LOCK_CHANGED = "select id from task_runs where id = any($1::uuid[]) order by id for update"
_KEEP_CHANGED = """
insert into kept_outputs (task_run_id, outputs)
select source.id, headway_results(source.id) from task_runs source
where source.id = any($1::uuid[]) and source.outputs_id is null and source.outputs_from is null
  and exists (select from task_runs t where t.outputs_from = source.id)
on conflict do nothing
"""
_HOLD_SOURCES = """
select id from task_runs where id = any($1::uuid[]) and outputs_id is null and outputs_from is null
order by id for key share
"""
_KEEP_CARRIED = """
insert into kept_outputs (task_run_id, outputs, execution_id)
select u.id, u.outputs, (select t.execution_id from task_runs t where t.outputs_id = u.id)
from unnest($1::uuid[], $2::jsonb[]) u (id, outputs)
on conflict (task_run_id) do update set outputs = excluded.outputs
"""
_HELD_OUTPUTS = """
select u.id, coalesce(k.outputs, headway_results(s.id)) as outputs,
       coalesce(s.execution_id, k.execution_id) as execution_id
from unnest($1::uuid[]) u (id)
  left join task_runs s on s.id = u.id left join kept_outputs k on k.task_run_id = u.id
where s.id is not null or k.task_run_id is not null
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Outputs of a task run that others refer to, and its execution (None if deleted)."""

    outputs: Mapping[str, Any]
    execution_id: UUID | None


async def remove(
    connection: Connection,
    removals: Mapping[UUID, Delete],
    *,
    history_stays: frozenset[UUID] = frozenset(),
) -> None:
    """Deletes executions in the caller's transaction, which holds their row locks. Executions that refer to them are
    not changed.

    Events and log lines of the executions in `history_stays` are kept: they are deleted with their partition.
    """
    if not removals:
        return
    ids = list(removals)
    await _release_files(connection, removals)
    await keep_referenced_outputs(connection, ids)
    for name, statements in _OPTIONAL.items():
        if wanted := [id for id, removal in removals.items() if getattr(removal, name)]:
            for statement in statements:
                await connection.execute(statement, wanted)
    for statement in _OWN:
        await connection.execute(statement, ids)
    by_row = removals.keys() - history_stays
    await connection.execute(_EVENTS, list(by_row))
    await connection.execute(_LOGS, [id for id in by_row if removals[id].logs])


async def forget_uses(connection: Connection, deleted: UUID) -> None:
    """Deletes the artifact uses of a deleted execution, once the last of its files is deleted."""
    await connection.execute(_FORGET_ARTIFACTS, [deleted])
    await connection.execute("delete from artifact_uses where execution_id = $1", deleted)


async def _release_files(connection: Connection, removals: Mapping[UUID, Delete]) -> None:
    """Schedules the removal of files of earlier deleted executions that only these executions mentioned."""
    with_files = [id for id, removal in removals.items() if removal.artifacts]
    released = await references.release(connection, list(removals), with_files)
    if released:
        removal = Deferred(RemoveFiles(), await connection.fetchval("select now()"))
        await deferred.store(connection, [(owner, removal) for owner in released])


async def keep_referenced_outputs(connection: Connection, ids: Sequence[UUID]) -> None:
    """Call this before deleting these executions: copies outputs that task runs of others reuse by reference."""
    await connection.execute(_LOCK_OUTPUTS, ids)
    await connection.execute(_KEEP_OUTPUTS, ids)


async def keep_changed_outputs(connection: Connection, ids: Sequence[UUID]) -> None:
    """Call this before changing the outputs of these task runs: copies the old outputs if others reuse them."""
    await connection.execute(_LOCK_CHANGED, ids)
    await connection.execute(_KEEP_CHANGED, ids)


async def hold_sources(
    connection: Connection,
    carried: Mapping[UUID, Mapping[str, Any]],
    changed: Set[UUID] = frozenset(),
) -> None:
    """Call this before storing references to these outputs (by source task run): locks the sources until the commit.
    For sources that were deleted or `changed` since they were read, a copy is stored instead."""
    if not carried:
        return
    held: list[IdRow] = await connection.fetch(_HOLD_SOURCES, list(carried))
    there = {row["id"] for row in held} - changed
    gone = [id for id in carried if id not in there]
    if gone:
        await connection.execute(_KEEP_CARRIED, gone, [dump(carried[id]) for id in gone])


class _HeldRow(TypedDict):
    id: UUID
    outputs: str
    execution_id: UUID | None


async def held_outputs(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Held]:
    """Outputs by source task run (`outputs_from`), also of task runs that were changed or deleted since."""
    if not ids:
        return {}
    rows: list[_HeldRow] = await connection.fetch(_HELD_OUTPUTS, ids)
    return {row["id"]: Held(load(row["outputs"]), row["execution_id"]) for row in rows}
