"""Writes a batch of transitions to the tables: one statement for each kind of row, or for each thousand rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.events.events import AttemptEnded, AttemptStarted, Event, ExecutionMoved
from models.events.record_events import NoteAdded
from models.ids import new_id
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.stopping import LEASE
from models.states import EXECUTION_ENDS
from runner.store.chunks import chunks_of
from runner.store.execution.approval_writes import write_approvals
from runner.store.execution.recorded import write_recorded
from runner.store.execution.removal import hold_sources, keep_changed_outputs
from runner.store.execution.run_options import Column
from runner.store.execution.snapshots import (
    EXECUTION_COLUMNS,
    NEW_EXECUTION_COLUMNS,
    TASK_RUN_COLUMNS,
)
from runner.store.json import dump, dump_or_none, to_columns
from runner.store.postgres.connection import Connection
from runner.store.references import Reference, record, references_in

NEW_TASK_RUN_COLUMNS: Sequence[Column] = (
    ("id", "uuid", lambda pair: pair[1].id),
    ("execution_id", "uuid", lambda pair: pair[0].id),
    ("path", "text", lambda pair: pair[1].path),
    ("position", "int", lambda pair: pair[1].position),
    ("type", "text", lambda pair: pair[0].spec_of(pair[1]).type),
    ("queue", "text", lambda pair: pair[0].spec_of(pair[1]).queue),
    *(
        (name, kind, lambda pair, value=value: value(pair[1]))
        for name, kind, value in TASK_RUN_COLUMNS
    ),
)


def _insert(table: str, columns: Sequence[Column]) -> str:
    names = ", ".join(name for name, _, _ in columns)
    arrays = ", ".join(f"${i}::{kind}[]" for i, (_, kind, _) in enumerate(columns, 1))
    return f"insert into {table} ({names}) select * from unnest({arrays})"


def _update(table: str, columns: Sequence[Column], condition: str = "") -> str:
    names = ["id", *(["expected_seq"] if condition else []), *(name for name, _, _ in columns)]
    kinds = ["uuid", *(["bigint"] if condition else []), *(kind for _, kind, _ in columns)]
    arrays = ", ".join(f"${i}::{kind}[]" for i, kind in enumerate(kinds, 1))
    sets = ", ".join(f"{name} = u.{name}" for name, _, _ in columns)
    rows = f"unnest({arrays}) u ({', '.join(names)})"
    return f"update {table} r set {sets} from {rows} where r.id = u.id{condition}"


def _arrays(columns: Sequence[Column], values: Sequence[Any]) -> list[list[Any]]:
    return [[read(value) for value in values] for _, _, read in columns]


_INSERT_EXECUTIONS = _insert("executions", NEW_EXECUTION_COLUMNS)
_UPDATE_EXECUTIONS = _update("executions", EXECUTION_COLUMNS, " and r.seq = u.expected_seq")
_INSERT_TASK_RUNS = _insert("task_runs", NEW_TASK_RUN_COLUMNS)
_UPDATE_TASK_RUNS = _update("task_runs", TASK_RUN_COLUMNS)
_INSERT_ATTEMPTS = f"""
insert into attempts (id, execution_id, task_run_id, number, state, worker, lease, lease_expires_at, started_at)
select id, execution_id, task_run_id, number, 'RUNNING', worker, lease,
       case when lease is not null then clock_timestamp() + interval '{LEASE} seconds' end, started_at
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::uuid[], $7::timestamptz[])
  u (id, execution_id, task_run_id, number, worker, lease, started_at)
"""
# A separate statement, so that the next one sees the rows of the transactions that this one waits for.
_LOCK_ENDING = """
select from attempts a join unnest($1::uuid[], $2::int[]) u (task_run_id, number)
  on a.task_run_id = u.task_run_id and a.number = u.number
where a.state = 'RUNNING' and a.lease is not null order by a.id for update of a
"""
_END_ATTEMPTS = """
update attempts a set state = u.state, ended_at = u.ended_at, exit_code = u.exit_code, error = u.error,
  resources = u.resources,
  lines_at_end = case when a.lease is not null
    then coalesce((select h.lines from log_heads h where h.execution_id = a.execution_id), 0) end,
  seen_at_end = case when a.lease is not null then pg_current_snapshot() end
from unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::int[], $6::jsonb[], $7::jsonb[])
  u (task_run_id, number, state, ended_at, exit_code, error, resources)
where a.task_run_id = u.task_run_id and a.number = u.number and a.state = 'RUNNING'
"""
_INSERT_NOTES = """
insert into notes (id, execution_id, seq, author, text, at)
select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])
"""
_INSERT_EVENTS = """
insert into events (execution_id, seq, id, type, at, task_run_id, path, attempt, from_state, to_state, actor,
                    channel, reason, caused_by, data, terminal)
select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::text[], $5::timestamptz[], $6::uuid[], $7::text[],
  $8::int[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::int[], $15::jsonb[], $16::bool[])
"""


class ConcurrentWrite(Exception):
    """A row was changed although the batch had locked it: a bug, or a writer that is not an engine."""


@dataclass(frozen=True, slots=True)
class ExecutionWrite:
    """One execution before the batch (None if it is new) and after it, and its events."""

    before: Execution | None
    after: Execution
    events: Sequence[Event]


async def write(connection: Connection, changes: Sequence[ExecutionWrite]) -> None:
    """Writes rows before those that refer to them, in the caller's transaction."""
    await _write_executions(connection, changes)
    await _write_task_runs(connection, changes)
    await _write_attempts(connection, changes)
    written = [(change.after, event) for change in changes for event in change.events]
    await write_approvals(connection, written)
    await write_recorded(connection, written)
    await _write_notes(connection, changes)
    await _write_events(connection, written)


async def _write_executions(connection: Connection, changes: Sequence[ExecutionWrite]) -> None:
    new = [change.after for change in changes if change.before is None]
    old = [change for change in changes if change.before is not None]
    if new:
        columns = _arrays(NEW_EXECUTION_COLUMNS, new)
        await record(connection, _references([each.id for each in new], columns))
        await connection.execute(_INSERT_EXECUTIONS, *columns)
    if old:
        ids = [change.after.id for change in old]
        expected_seqs = [change.before.seq for change in old if change.before]
        columns = _arrays(EXECUTION_COLUMNS, [change.after for change in old])
        await record(connection, _references(ids, columns))
        done = await connection.execute(_UPDATE_EXECUTIONS, ids, expected_seqs, *columns)
        if done != f"UPDATE {len(old)}":
            raise ConcurrentWrite(f"{done} of {len(old)} executions")


def _references(ids: Sequence[UUID], columns: Sequence[Sequence[Any]]) -> set[Reference]:
    """The references to files in all columns that are written."""
    rows = zip(ids, zip(*columns, strict=True), strict=True)
    return {found for id, row in rows for found in references_in(id, row)}


async def _write_task_runs(connection: Connection, changes: Sequence[ExecutionWrite]) -> None:
    new: list[tuple[Execution, TaskRun]] = []
    old: list[tuple[TaskRun, TaskRun]] = []
    places: list[UUID] = []
    for change in changes:
        known = change.before.tasks if change.before else {}
        for path, task in change.after.tasks.items():
            before = known.get(path)
            if before is None:
                new.append((change.after, task))
            elif before is not task:
                old.append((before, task))
                places.append(change.after.id)
    await _keep_outputs(connection, [task for _, task in new], old)
    for added in chunks_of(new):
        columns = _arrays(NEW_TASK_RUN_COLUMNS, added)
        carried = [dump(task.carried) for _, task in added]
        ids = [execution.id for execution, _ in added]
        await record(connection, _references(ids, [*columns, carried]))
        await connection.execute(_INSERT_TASK_RUNS, *columns)
    for some in chunks_of([(id, task) for id, (_, task) in zip(places, old, strict=True)]):
        columns = _arrays(TASK_RUN_COLUMNS, [task for _, task in some])
        carried = [dump(task.carried) for _, task in some]
        await record(connection, _references([id for id, _ in some], [*columns, carried]))
        await connection.execute(_UPDATE_TASK_RUNS, [task.id for _, task in some], *columns)


async def _keep_outputs(
    connection: Connection, new: Sequence[TaskRun], old: Sequence[tuple[TaskRun, TaskRun]]
) -> None:
    """Keeps outputs that these task runs reuse by reference, and old outputs that others reuse and that change now."""
    changed = {task.id for before, task in old if before.outputs_id != task.outputs_id}
    if changed:
        await keep_changed_outputs(connection, list(changed))
    written = [*new, *(task for _, task in old)]
    carried = {task.outputs_from: task.carried for task in written if task.outputs_from}
    await hold_sources(connection, carried, changed)


async def _write_attempts(connection: Connection, changes: Sequence[ExecutionWrite]) -> None:
    started: list[tuple[Any, ...]] = []
    ended: list[tuple[Any, ...]] = []
    for change in changes:
        for event in change.events:
            fact = event.fact
            if isinstance(fact, AttemptStarted):
                started.append(_started(change.after, event, fact))
            elif isinstance(fact, AttemptEnded):
                ended.append(_ended(change.after, event, fact))
    for some in chunks_of(started):
        await connection.execute(_INSERT_ATTEMPTS, *to_columns(some))
    if ended:
        await connection.execute(_LOCK_ENDING, [row[0] for row in ended], [row[1] for row in ended])
    for some in chunks_of(ended):
        await connection.execute(_END_ATTEMPTS, *to_columns(some))


def _started(execution: Execution, event: Event, fact: AttemptStarted) -> tuple[Any, ...]:
    task = execution.tasks[fact.path]
    newest = task.newest
    lease = newest.lease if newest and newest.number == fact.attempt else None
    return (fact.id, execution.id, task.id, fact.attempt, fact.worker, lease, event.at)


def _ended(execution: Execution, event: Event, fact: AttemptEnded) -> tuple[Any, ...]:
    return (
        execution.tasks[fact.path].id,
        fact.attempt,
        fact.state.value,
        event.at,
        fact.exit_code,
        dump_or_none(fact.error),
        dump_or_none(fact.resources),
    )


async def _write_notes(connection: Connection, changes: Sequence[ExecutionWrite]) -> None:
    rows = [
        (fact.id, event.execution_id, event.seq, event.origin.actor, fact.text, event.at)
        for change in changes
        for event in change.events
        if isinstance(fact := event.fact, NoteAdded)
    ]
    if rows:
        await connection.execute(_INSERT_NOTES, *to_columns(rows))


async def _write_events(connection: Connection, written: Sequence[tuple[Execution, Event]]) -> None:
    for some in chunks_of(written):
        rows = [_event(execution, event) for execution, event in some]
        await connection.execute(_INSERT_EVENTS, *to_columns(rows))


def _event(execution: Execution, event: Event) -> tuple[Any, ...]:
    fact: Any = event.fact
    path = getattr(fact, "path", None)
    return (
        event.execution_id,
        event.seq,
        new_id(),
        event.type.value,
        event.at,
        execution.tasks[path].id if path else None,
        path,
        getattr(fact, "attempt", None),
        getattr(fact, "from_state", None),
        getattr(fact, "to_state", None),
        event.origin.actor,
        event.origin.channel.value,
        event.origin.reason,
        event.caused_by,
        dump(fact),
        isinstance(fact, ExecutionMoved) and fact.to_state in EXECUTION_ENDS,
    )
