"""The audit log: who did what, through which channel, and why. Append only; an entry outlives what it describes.

What the engine does by itself is in the events. Pruning is recorded here, because it deletes the events. The only
refusals recorded here are missing permissions and failed sign-ins.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from models.access.viewer import Scope
from models.events.approval_events import ApprovalOverridden
from models.events.events import CommandOrigin
from models.ids import new_id, typed
from models.lifecycle.commands.commands import Beginning, CastVote, Command, Create
from models.lifecycle.commands.records import Delete
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Transition
from models.states import Channel
from runner.store.json import dump
from runner.store.pages import Page, Window, count, keyset_page
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import AuditRow
from runner.store.where import Arguments, compile_scope, compile_under, first_id_of

_INSERT = """
insert into audit_log (id, at, actor, channel, action, reason, target, target_name, namespace, execution_id, seq, data)
select id, coalesce(at, clock_timestamp()), actor, channel, action, reason, target, target_name, namespace,
       execution_id, seq, data
from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::uuid[], $11::bigint[], $12::jsonb[])
  u (id, at, actor, channel, action, reason, target, target_name, namespace, execution_id, seq, data)
"""
Changed = TypeVar("Changed")
_KINDS = ("user", "service", "token", "schedule", "anonymous")


@dataclass(frozen=True, slots=True)
class Target:
    """The object of an act: its id as clients see it, its name, and its namespace (None: it has none)."""

    id: str | None
    name: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An act on something other than an execution."""

    action: str
    target: Target
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Act:
    """A command that was run for somebody; `bulk` is the id of the bulk action that it is a part of."""

    origin: CommandOrigin
    command: Command | Beginning
    transition: Transition
    bulk: UUID | None = None


@dataclass(frozen=True, slots=True)
class AuditCriteria:
    """Selects entries; None selects all. `actor` is `kind:name`, or a name of any kind."""

    actor: str | None = None
    actions: Sequence[str] | None = None
    namespace: str | None = None
    execution_id: UUID | None = None
    channels: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


async def record(
    connection: Connection,
    origin: CommandOrigin,
    action: str,
    target: Target,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Records an act on something other than an execution, in the transaction that does the act."""
    await connection.execute(
        _INSERT, *([value] for value in _row(origin, action, target, data=data or {}))
    )


async def change(
    pool: Pool,
    origin: CommandOrigin | None,
    entry_of: Callable[[Changed], Entry | None],
    statement: str,
    *values: Any,
) -> Changed | None:
    """Runs a statement and, if it changes a row, records the entry that `entry_of` makes of it, in one transaction.
    Returns the row, of the type that `entry_of` takes."""
    async with pool.acquire() as connection, connection.transaction():
        row: Changed | None = await connection.fetchrow(statement, *values)
        entry = entry_of(row) if row and origin else None
        if origin and entry:
            await record(connection, origin, entry.action, entry.target, entry.data)
    return row


async def record_acts(connection: Connection, acts: Iterable[Act]) -> None:
    """Records the acts of people on executions, in the engine's transaction."""
    rows = [_row_of(act) for act in acts if is_audited(act)]
    if rows:
        await connection.execute(_INSERT, *map(list, zip(*rows, strict=True)))


def is_audited(act: Act) -> bool:
    """Returns whether a person or program did this, and it changed something."""
    changed = act.transition.events or act.transition.removal
    return act.origin.channel is not Channel.ENGINE and bool(changed)


def action_of(command: Command | Beginning) -> str:
    """The name of the action, as in `availableActions`: RETRY_FAILED, APPROVE, ..."""
    if isinstance(command, CastVote):
        return command.decision.value
    if isinstance(command, Create):
        return "CREATE_EXECUTION"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(command).__name__).upper()


def _row_of(act: Act) -> tuple[Any, ...]:
    events = act.transition.events
    execution = act.transition.execution
    return _row(
        act.origin,
        action_of(act.command),
        target_of(execution),
        at=events[0].at if events else None,
        execution_id=execution.id,
        seq=events[0].seq if events else None,
        data=_data(act, execution),
    )


def target_of(execution: Execution) -> Target:
    return Target(typed("exec", execution.id), execution.name, execution.plan.spec.namespace)


def _data(act: Act, execution: Execution) -> Mapping[str, Any]:
    """The details that are not in the events, or are deleted with them."""
    command = act.command
    about: dict[str, Any] = {"flow": execution.plan.spec.id, "state": execution.state.value}
    if act.bulk:
        about["bulk"] = typed("bulk", act.bulk)
    if overridden := _overridden(act):
        about["overriddenApprovals"] = overridden
    if isinstance(command, CastVote) and command.override:
        about["override"] = True
    if isinstance(command, Delete):
        options = ("logs", "metrics", "artifacts")
        about["with"] = [name for name in options if getattr(command, name)]
    return about


def _overridden(act: Act) -> list[str]:
    """The approval tasks that this act bypassed."""
    facts = (event.fact for event in act.transition.events)
    return [task for fact in facts if isinstance(fact, ApprovalOverridden) for task in fact.tasks]


def _row(
    origin: CommandOrigin,
    action: str,
    target: Target,
    *,
    data: Mapping[str, Any],
    at: datetime | None = None,
    execution_id: UUID | None = None,
    seq: int | None = None,
) -> tuple[Any, ...]:
    return (
        new_id(),
        at,
        origin.actor,
        origin.channel.value,
        action,
        origin.reason,
        target.id,
        target.name,
        target.namespace,
        execution_id,
        seq,
        dump(data),
    )


async def entries_page(
    pool: Pool, scope: Scope, criteria: AuditCriteria, window: Window
) -> Page[AuditRow]:
    """Newest first. Entries without a namespace are only for a scope of all namespaces."""
    arguments = Arguments()
    condition = _condition(scope, criteria, arguments)
    return await keyset_page(pool, "audit_log", condition, arguments, window)


async def find_entry(pool: Pool, scope: Scope, id: UUID) -> AuditRow | None:
    arguments = Arguments(id)
    condition = _condition(scope, AuditCriteria(), arguments)
    return await pool.fetchrow(
        f"select * from audit_log where id = $1 and {condition}", *arguments.values
    )


async def count_entries(pool: Pool, scope: Scope, criteria: AuditCriteria) -> tuple[int, bool]:
    arguments = Arguments()
    condition = _condition(scope, criteria, arguments)
    return await count(pool, "audit_log", condition, arguments)


def _condition(scope: Scope, criteria: AuditCriteria, arguments: Arguments) -> str:
    parts = [compile_scope(scope, arguments)]
    if criteria.actor is not None:
        named = ":" in criteria.actor
        actors = [criteria.actor] if named else [f"{kind}:{criteria.actor}" for kind in _KINDS]
        parts.append(f"actor = any({arguments.add(actors)}::text[])")
    if criteria.actions is not None:
        parts.append(f"action = any({arguments.add(list(criteria.actions))}::text[])")
    if criteria.channels is not None:
        parts.append(f"channel = any({arguments.add(list(criteria.channels))}::text[])")
    if criteria.namespace is not None:
        parts.append(compile_under("namespace", criteria.namespace, arguments))
    if criteria.execution_id is not None:
        parts.append(f"execution_id = {arguments.add(criteria.execution_id)}")
    return " and ".join(parts + _times(criteria, arguments))


def _times(criteria: AuditCriteria, arguments: Arguments) -> list[str]:
    """The exact bounds by time, and a bound by id, which has an index."""
    parts = []
    if criteria.since is not None:
        first = arguments.add(first_id_of(criteria.since))
        parts.append(f"id >= {first} and at >= {arguments.add(criteria.since)}")
    if criteria.until is not None:
        parts.append(f"at < {arguments.add(criteria.until)}")
    return parts
