"""Bulk sets: the executions of a bulk action, what to do to them, and the outcome of each.

A set is frozen by its preview. While it runs, the engine writes the outcome of a row in the transaction that runs its
command, so that no row runs twice, even when another process continues the set after a crash.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypedDict
from uuid import UUID

from pydantic import TypeAdapter

from models.access.viewer import ROLES, Grant, Scope
from models.bulk import BulkMode, BulkOutcome, BulkState, Instruction
from models.errors import Problem
from models.events.events import CommandOrigin
from models.filters.filters import Filter
from models.ids import typed
from models.states import Channel
from runner.store.audit import Target
from runner.store.json import dump, load, to_columns
from runner.store.postgres.connection import Connection, Executes, Pool
from runner.store.rows import BulkItemRow, BulkRow
from runner.store.where import Arguments, compile_listed, compile_scope

KEPT_FOR = 900.0
"""Seconds until a preview has expired."""
CLAIM = 5.0
"""Seconds that a process may keep a set without renewing its claim; then another process continues the set."""
_READ = TypeAdapter(Instruction)

_INSERT_SET = """
insert into bulk_sets (id, action, instruction, source, total, namespace, actor, reason, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + make_interval(secs => $9)) returning *
"""
_INSERT_ITEMS = """
insert into bulk_items (bulk_id, position, execution_id, name, namespace, state_seq)
select $1::uuid, * from unnest($2::int[], $3::uuid[], $4::text[], $5::text[], $6::bigint[])
"""
_FIND = "select *, expires_at <= clock_timestamp() as expired from bulk_sets where id = $1"
_ITEMS = "select * from bulk_items where bulk_id = $1 order by position"
_RUN = """
update bulk_sets set mode = $2, state = $3::text, actor = $4, channel = $5, reason = $6, grants = $7, token_id = $8,
  started_at = clock_timestamp(), ended_at = case when $3::text = 'DONE' then clock_timestamp() end
where id = $1 and state is null
"""
_CANCEL = """
update bulk_sets set state = 'CANCELLED', ended_at = clock_timestamp(), cancelled_by = $2
where id = $1 and state = 'RUNNING'
"""
_CLAIM = """
update bulk_sets set claimed_by = $1, claimed_until = clock_timestamp() + make_interval(secs => $2)
where id in (
  select id from bulk_sets
  where state = 'RUNNING' and coalesce(claimed_until <= clock_timestamp(), true) and id <> all($3::uuid[])
  order by started_at limit $4 for update skip locked)
returning *
"""
_HOLD = """
update bulk_sets set claimed_until = clock_timestamp() + make_interval(secs => $3)
where id = $1 and claimed_by = $2 and state = 'RUNNING'
"""
_NEXT = """
select * from bulk_items where bulk_id = $1 and outcome is null order by position limit $2
"""
# The lock keeps a cancellation from coming between the decision about a row and its outcome.
_STILL_LEFT = """
select i.bulk_id, i.position from bulk_sets s join bulk_items i on i.bulk_id = s.id
join unnest($1::uuid[], $2::int[]) u (bulk_id, position) using (bulk_id, position)
where s.state = 'RUNNING' and i.outcome is null for share of s
"""
_SETTLE = """
update bulk_items i set outcome = u.outcome, code = u.code, message = u.message, made = u.made,
  at = clock_timestamp()
from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::uuid[])
  u (bulk_id, position, outcome, code, message, made)
where (i.bulk_id, i.position) = (u.bulk_id, u.position) and i.outcome is null
"""
_END = """
update bulk_sets set state = 'DONE', ended_at = clock_timestamp(), claimed_until = null
where id = $1 and state = 'RUNNING' and not exists (select from bulk_items where bulk_id = $1 and outcome is null)
"""
_PROGRESS = """
select s.*, c.done, c.refused, c.left from bulk_sets s cross join lateral (
  select count(*) filter (where outcome = 'DONE') as done, count(*) filter (where outcome = 'REFUSED') as refused,
         count(*) filter (where outcome is null) as left
  from bulk_items i where i.bulk_id = s.id) c
where s.id = any($1::uuid[]) and s.state is not null
"""
_HIDDEN = """
select exists (select from bulk_items i join executions e on e.id = i.execution_id where i.bulk_id = $1 and not {scope})
"""
_CHANGED = """
select i.position from bulk_items i left join executions e on e.id = i.execution_id
where i.bulk_id = $1 and e.state_seq is distinct from i.state_seq
"""
_VISIBLE = "select id from executions where id = any($1::uuid[]) and {scope}"
_FORGET = """
delete from bulk_sets where (state is null and expires_at < now() - interval '1 day')
  or ended_at < now() - interval '90 days'
"""


class PreviewRow(BulkRow):
    expired: bool


class ProgressRow(BulkRow):
    """A set that was run, with the numbers of its rows by outcome."""

    done: int
    refused: int
    left: int


class _IdRow(TypedDict):
    id: UUID


class _PositionRow(TypedDict):
    position: int


class _PlaceRow(_PositionRow):
    bulk_id: UUID


@dataclass(frozen=True, slots=True)
class BulkSet:
    """The part of a running set that is needed to run it; `grants` are those of its actor when it was started,
    `token_id` is the token that it was started with."""

    id: UUID
    instruction: Instruction
    mode: BulkMode
    origin: CommandOrigin
    grants: tuple[Grant, ...]
    token_id: UUID | None = None

    @classmethod
    def of(cls, row: BulkRow) -> Self:
        assert row["mode"]
        assert row["channel"]
        return cls(
            id=row["id"],
            instruction=instruction_of(row),
            mode=BulkMode(row["mode"]),
            origin=CommandOrigin(row["actor"], Channel(row["channel"]), row["reason"]),
            grants=_grants(row),
            token_id=row["token_id"],
        )


def _grants(row: BulkRow) -> tuple[Grant, ...]:
    """The grants of a set; one that an earlier release started has only names of roles, for all namespaces."""
    if row["grants"] is not None:
        return tuple(map(Grant.of, load(row["grants"])))
    return tuple(Grant(role, ROLES.get(role, frozenset())) for role in load(row["roles"]))


@dataclass(frozen=True, slots=True)
class BulkItemRef:
    """A row of a set."""

    bulk_id: UUID
    position: int


@dataclass(frozen=True, slots=True)
class Item:
    place: BulkItemRef
    execution_id: UUID
    name: str
    namespace: str
    state_seq: int

    @classmethod
    def of(cls, row: BulkItemRow) -> Self:
        place = BulkItemRef(row["bulk_id"], row["position"])
        return cls(place, row["execution_id"], row["name"], row["namespace"], row["state_seq"])


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a row: done, or a problem; `made` is the execution that it started."""

    place: BulkItemRef
    problem: Problem | None = None
    made: UUID | None = None


@dataclass(frozen=True, slots=True)
class Frozen:
    """An execution as the preview read it."""

    id: UUID
    name: str
    namespace: str
    state_seq: int


@dataclass(frozen=True, slots=True)
class Preview:
    id: UUID
    instruction: Instruction
    source: Any
    namespace: str | None
    actor: str
    reason: str | None


def instruction_of(row: BulkRow) -> Instruction:
    return _READ.validate_python(load(row["instruction"]))


def target_of(row: BulkRow) -> Target:
    name = f"{row['action']} of {row['total']} executions"
    return Target(typed("bulk", row["id"]), name, row["namespace"])


async def matching(pool: Pool, scope: Scope, where: Filter, most: int) -> list[UUID]:
    """Ids, the newest first; one more than `most` when there are more."""
    arguments = Arguments()
    condition = f"{compile_scope(scope, arguments)} and {compile_listed(where, arguments)}"
    limit = arguments.add(most + 1)
    rows: list[_IdRow] = await pool.fetch(
        f"select id from executions where {condition} order by id desc limit {limit}",
        *arguments.values,
    )
    return [row["id"] for row in rows]


async def visible(pool: Pool, scope: Scope, ids: Sequence[UUID]) -> set[UUID]:
    """Returns those of the ids that exist in the scope."""
    arguments = Arguments(list(ids))
    sql = _VISIBLE.format(scope=compile_scope(scope, arguments))
    rows: list[_IdRow] = await pool.fetch(sql, *arguments.values)
    return {row["id"] for row in rows}


async def freeze(connection: Connection, preview: Preview, rows: Sequence[Frozen]) -> BulkRow:
    """Stores the set in the caller's transaction."""
    row: BulkRow | None = await connection.fetchrow(
        _INSERT_SET,
        preview.id,
        preview.instruction.action.value,
        dump(preview.instruction),
        dump(preview.source),
        len(rows),
        preview.namespace,
        preview.actor,
        preview.reason,
        KEPT_FOR,
    )
    assert row
    if rows:
        columns = to_columns([(one.id, one.name, one.namespace, one.state_seq) for one in rows])
        await connection.execute(_INSERT_ITEMS, preview.id, list(range(len(rows))), *columns)
    return row


async def find(pool: Executes, id: UUID) -> PreviewRow | None:
    return await pool.fetchrow(_FIND, id)


async def find_seen(pool: Pool, scope: Scope, actor: str, id: UUID) -> BulkRow | None:
    """A set that was run by this actor, or whose executions are all in the scope."""
    arguments = Arguments(id, actor)
    condition = compile_scope(scope, arguments)
    return await pool.fetchrow(
        f"select * from bulk_sets where id = $1 and state is not null and ({condition} or actor = $2)",
        *arguments.values,
    )


async def has_hidden(pool: Executes, scope: Scope, id: UUID) -> bool:
    """Returns whether the set has executions that are no longer in the scope."""
    arguments = Arguments(id)
    condition = compile_scope(scope, arguments, "e.namespace")
    hidden: bool = await pool.fetchval(_HIDDEN.format(scope=condition), *arguments.values)
    return hidden


async def items_of(pool: Executes, id: UUID) -> list[Item]:
    rows: list[BulkItemRow] = await pool.fetch(_ITEMS, id)
    return [Item.of(row) for row in rows]


async def changed_since(connection: Connection, items: Sequence[Item]) -> list[Item]:
    """Returns the items whose state changed since the preview."""
    if not items:
        return []
    rows: list[_PositionRow] = await connection.fetch(_CHANGED, items[0].place.bulk_id)
    changed = {row["position"] for row in rows}
    return [item for item in items if item.place.position in changed]


async def start(
    connection: Connection,
    id: UUID,
    mode: BulkMode,
    state: BulkState,
    origin: CommandOrigin,
    grants: Iterable[Grant],
    token_id: UUID | None,
) -> bool:
    """Returns False when the set was run before."""
    values = (mode.value, state.value, origin.actor, origin.channel.value, origin.reason)
    held = dump([grant.dump() for grant in grants])
    return await connection.execute(_RUN, id, *values, held, token_id) == "UPDATE 1"


async def cancel(connection: Connection, id: UUID, actor: str) -> bool:
    """Returns False when the set is not running."""
    return await connection.execute(_CANCEL, id, actor) == "UPDATE 1"


async def claim(pool: Pool, me: UUID, mine: Iterable[UUID], most: int) -> list[BulkSet]:
    """Claims running sets that no process works on, for CLAIM seconds."""
    rows: list[BulkRow] = await pool.fetch(_CLAIM, me, CLAIM, list(mine), most)
    return [BulkSet.of(row) for row in rows]


async def hold(pool: Pool, me: UUID, id: UUID) -> bool:
    """Extends the claim by CLAIM seconds; False when another process has the set, or the set is not running."""
    return await pool.execute(_HOLD, id, me, CLAIM) == "UPDATE 1"


async def next_items(pool: Pool, id: UUID, most: int) -> list[Item]:
    rows: list[BulkItemRow] = await pool.fetch(_NEXT, id, most)
    return [Item.of(row) for row in rows]


async def still_left(connection: Connection, places: Sequence[BulkItemRef]) -> set[BulkItemRef]:
    """Returns the rows of running sets without an outcome; locks the sets until the caller's transaction ends."""
    if not places:
        return set()
    columns = [place.bulk_id for place in places], [place.position for place in places]
    rows: list[_PlaceRow] = await connection.fetch(_STILL_LEFT, *columns)
    return {BulkItemRef(row["bulk_id"], row["position"]) for row in rows}


async def settle(connection: Executes, results: Sequence[Result]) -> None:
    if results:
        await connection.execute(_SETTLE, *to_columns([_columns(result) for result in results]))


def _columns(result: Result) -> tuple[Any, ...]:
    place, problem = result.place, result.problem
    outcome = BulkOutcome.REFUSED if problem else BulkOutcome.DONE
    code, message = (problem.code.value, problem.message) if problem else (None, None)
    return place.bulk_id, place.position, outcome.value, code, message, result.made


async def end(pool: Pool, id: UUID) -> None:
    """Ends the set if all its rows have an outcome."""
    await pool.execute(_END, id)


async def progress_of(pool: Pool, ids: Sequence[UUID]) -> dict[UUID, ProgressRow]:
    """The sets that were run, with their counts; not limited by a scope."""
    rows: list[ProgressRow] = await pool.fetch(_PROGRESS, list(ids))
    return {row["id"]: row for row in rows}


def is_seen(row: BulkRow, scope: Scope, actor: str) -> bool:
    """Returns whether `find_seen` would return the row."""
    within = scope.namespaces is None or bool(row["namespace"] and scope.covers(row["namespace"]))
    return within or row["actor"] == actor


async def delete_old(connection: Connection) -> None:
    await connection.execute(_FORGET)
