"""Deferred commands: stored in the transaction that defers them, deleted in the one that runs them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict, get_args
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from models.ids import new_id
from models.lifecycle.commands.commands import CancelForNewer, Continue, Deferrable, SetSystemLabels
from models.lifecycle.transition import Deferred
from runner.store.json import dump, load
from runner.store.postgres.connection import Connection, Executes, Pool

_FORMER_NAMES: Mapping[type[Any], str] = {
    CancelForNewer: "MakeRoom",
    Continue: "GoOn",
    SetSystemLabels: "Mark",
}
"""Classes that were renamed are stored under the name that older versions read."""
_KINDS: Mapping[type[Any], str] = {
    kind: _FORMER_NAMES.get(kind, kind.__name__) for kind in get_args(Deferrable)
}
_READ: Mapping[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for kind, name in _KINDS.items()}
CLAIM = 10.0
"""Seconds that a process may keep a claimed command; then another process runs it."""

_INSERT = """
insert into deferred_commands (id, execution_id, due_at, command)
select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[])
"""
_CLAIM = """
update deferred_commands set claimed_until = clock_timestamp() + make_interval(secs => $2)
where id in (
  select id from deferred_commands
  where due_at <= clock_timestamp() and (claimed_until is null or claimed_until < clock_timestamp())
  order by due_at limit $1 for update skip locked)
returning id, execution_id, command
"""
_FAILED = "update deferred_commands set failures = failures + 1 where id = $1 returning failures"
_NEXT = """
select extract(epoch from min(greatest(due_at, coalesce(claimed_until, due_at))) - clock_timestamp())::float8
from deferred_commands
"""


@dataclass(frozen=True, slots=True)
class UnreadableCommand:
    """A command that this version cannot read, because another version stored it."""

    why: str


@dataclass(frozen=True, slots=True)
class DeferredRow:
    id: UUID
    execution_id: UUID
    command: Deferrable | UnreadableCommand
    reason: str | None = None


class _Pending(TypedDict):
    id: UUID


class _Claimed(_Pending):
    execution_id: UUID
    command: str


async def store(connection: Connection, commands: Sequence[tuple[UUID, Deferred]]) -> None:
    """Each command comes with the id of the execution that defers it."""
    if commands:
        await connection.execute(
            _INSERT,
            [new_id() for _ in commands],
            [deferred.to or execution_id for execution_id, deferred in commands],
            [deferred.due for _, deferred in commands],
            [_encode(deferred) for _, deferred in commands],
        )


async def claim(pool: Pool, limit: int = 100) -> list[DeferredRow]:
    rows: list[_Claimed] = await pool.fetch(_CLAIM, limit, CLAIM)
    return [DeferredRow(row["id"], row["execution_id"], *_decode(row["command"])) for row in rows]


async def seconds_until_next(pool: Pool) -> float | None:
    """Seconds until the next command is due, by the database's clock; None when there is none."""
    seconds: float | None = await pool.fetchval(_NEXT)
    return seconds


async def failed(pool: Pool, id: UUID) -> int:
    """Counts a failure; returns how often this command has failed, or 0 when it is no longer pending."""
    return await pool.fetchval(_FAILED, id) or 0


async def still_pending(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Returns those that still exist. Under the locks of their executions this stays true until the commit."""
    rows: list[_Pending] = await connection.fetch(
        "select id from deferred_commands where id = any($1::uuid[])", ids
    )
    return {row["id"] for row in rows}


async def settle(connection: Executes, ids: Sequence[UUID]) -> None:
    if ids:
        await connection.execute("delete from deferred_commands where id = any($1::uuid[])", ids)


def _encode(deferred: Deferred) -> str:
    kind = _KINDS[type(deferred.command)]
    return dump({"kind": kind, "because": deferred.reason, **asdict(deferred.command)})


def _decode(text: str) -> tuple[Deferrable | UnreadableCommand, str | None]:
    fields = load(text)
    reason = fields.pop("because", None)
    kind = fields.pop("kind")
    try:
        return _READ[kind].validate_python(fields), reason
    except (KeyError, ValidationError) as error:
        why = f"the deferred command {kind} cannot be read by this version of Headway: {error}"
        return UnreadableCommand(why), reason
