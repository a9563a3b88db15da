"""Slots of flows with a concurrency limit: which executions hold them and which wait, derived from the executions'
rows.

The limit is that of the flow's newest revision. Under the flow's lock the result stays true until the commit. Lines may
be long, so only their beginning is read.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from models.concurrency import Slots
from models.states import OCCUPIES_SLOT, ConcurrencyBehavior, ExecutionState
from runner.store.execution.ids import IdRow
from runner.store.json import load
from runner.store.postgres.connection import Connection, Executes, Pool

HAS_ITS_OWN = """(not {0}.shares_slot or ({0}.parent_id is not null and not exists (
  with recursive above as (
    select p.id, p.flow_id, p.shares_slot, p.parent_id, p.parent_path
    from executions p join task_runs t on t.execution_id = p.id and t.path = {0}.parent_path
    where p.id = {0}.parent_id and t.child_id = {0}.id and t.state in ('RUNNING', 'KILLING')
    union all
    select p.id, p.flow_id, p.shares_slot, p.parent_id, p.parent_path
    from above a join executions p on p.id = a.parent_id
      join task_runs t on t.execution_id = p.id and t.path = a.parent_path
    where t.child_id = a.id and t.state in ('RUNNING', 'KILLING'))
  select from above a where a.flow_id = {0}.flow_id and (not a.shares_slot or a.parent_id is not null))))"""
"""SQL for whether the execution `{0}` has its own slot. One that was started by its own flow shares the ancestor's slot
while the ancestor waits for it, and has its own afterwards. With `shares_slot` and no parent it is a test run, which
has no slot."""
# "no key update", so that rows that refer to the flow can be inserted meanwhile.
_LOCK_ALL = """
select id, concurrency from flows where id = any($1::uuid[]) and concurrency is not null order by id
for no key update
"""
_LOCK = f"{_LOCK_ALL} skip locked"
_LIMITED = "select id from flows where id = any($1::uuid[]) and concurrency is not null"
_HOLDERS = f"""
select e.flow_id, e.id, e.state from executions e
where e.flow_id = any($1::uuid[]) and e.state = any($2::text[]) and {HAS_ITS_OWN.format("e")}
order by e.flow_id, e.id
"""
_AHEAD = """
select of.id as flow_id, first.id from unnest($1::uuid[], $2::int[]) as of (id, most), lateral (
  select e.id, e.priority from executions e
  where e.flow_id = of.id and e.state = 'QUEUED' and e.id <> all($3::uuid[])
  order by e.priority desc, e.id limit of.most) first
order by of.id, first.priority desc, first.id
"""
_DOOMED = """
select execution_id from deferred_commands
where due_at <= clock_timestamp() and command ->> 'kind' = 'MakeRoom'
"""
_HOLDING = [state.value for state in sorted(OCCUPIES_SLOT)]
# Goes from flow to flow in the index of waiting executions; counts holders only up to the limit.
_TO_ADMIT = f"""
with recursive waiting as (
  (select flow_id from executions where state = 'QUEUED' and flow_id is not null order by flow_id limit 1)
  union all
  select (select e.flow_id from executions e where e.state = 'QUEUED' and e.flow_id > w.flow_id
          order by e.flow_id limit 1)
  from waiting w where w.flow_id is not null)
select f.id from waiting w join flows f on f.id = w.flow_id
where f.concurrency is null or (f.concurrency ->> 'limit')::int > (
  select count(*) from (
    select from executions e where e.flow_id = f.id and e.state = any($1::text[]) and {HAS_ITS_OWN.format("e")}
    limit (f.concurrency ->> 'limit')::int) held)
"""
_FIRST = """
select e.id from executions e where e.flow_id = $1 and e.state = 'QUEUED' order by e.priority desc, e.id limit $2
"""
_LIMIT = "select concurrency from flows where id = $1"
_PLACES = """
select placed.id, placed.flow_id, placed.position, f.concurrency
from (
  select e.id, e.flow_id, row_number() over (partition by e.flow_id order by e.priority desc, e.id) as position
  from executions e where e.state = 'QUEUED'
    and e.flow_id in (select flow_id from executions where id = any($1::uuid[]) and state = 'QUEUED')
) placed join flows f on f.id = placed.flow_id
where placed.id = any($1::uuid[]) and f.concurrency is not null
"""


class _LimitedRow(TypedDict):
    id: UUID
    concurrency: str


class _HolderRow(TypedDict):
    flow_id: UUID
    id: UUID
    state: str


class _DoomedRow(TypedDict):
    execution_id: UUID


class _AheadRow(TypedDict):
    flow_id: UUID
    id: UUID


class _PlaceRow(TypedDict):
    id: UUID
    flow_id: UUID
    position: int
    concurrency: str


class _Limit(TypedDict):
    """The column `concurrency` of a flow."""

    limit: int
    behavior: str


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """The position (from 1) of an execution that waits for a slot, its flow's limit, and the holders of the slots."""

    limit: int
    holders: Sequence[UUID]
    position: int


async def lock_slots(
    connection: Connection, flow_ids: Collection[UUID], leaving: int = 0, *, wait: bool = False
) -> dict[UUID, Slots]:
    """Locks the flows in the caller's transaction and returns the slots of those with a limit. Flows locked by another
    transaction are left out, unless `wait` is set.

    The line is read as far as slots can become free, plus `leaving` places: as many as the caller may remove from it.
    """
    limited: list[_LimitedRow] = await connection.fetch(
        _LOCK_ALL if wait else _LOCK, sorted(flow_ids)
    )
    limits: dict[UUID, _Limit] = {row["id"]: load(row["concurrency"]) for row in limited}
    if not limits:
        return {}
    holders = await _holders(connection, list(limits))
    doomed = await _doomed(connection, limits.values())
    lines: dict[UUID, list[UUID]] = defaultdict(list)
    most = [limit["limit"] + leaving for limit in limits.values()]
    ahead: list[_AheadRow] = await connection.fetch(_AHEAD, list(limits), most, list(doomed))
    for row in ahead:
        lines[row["flow_id"]].append(row["id"])
    return {id: _of(limit, holders[id], lines[id], doomed) for id, limit in limits.items()}


async def locked_elsewhere(connection: Connection, flow_ids: Collection[UUID]) -> set[UUID]:
    """Returns those of the flows (which could not be locked) that have a limit."""
    if not flow_ids:
        return set()
    rows: list[IdRow] = await connection.fetch(_LIMITED, list(flow_ids))
    return {row["id"] for row in rows}


async def _holders(
    connection: Executes, flow_ids: Sequence[UUID]
) -> Mapping[UUID, list[_HolderRow]]:
    holders: dict[UUID, list[_HolderRow]] = defaultdict(list)
    rows: list[_HolderRow] = await connection.fetch(_HOLDERS, flow_ids, _HOLDING)
    for row in rows:
        holders[row["flow_id"]].append(row)
    return holders


async def _doomed(connection: Connection, limits: Iterable[_Limit]) -> frozenset[UUID]:
    """Executions that already have a due CancelForNewer command, which will end them."""
    if all(limit["behavior"] != ConcurrencyBehavior.CANCEL_RUNNING for limit in limits):
        return frozenset()
    rows: list[_DoomedRow] = await connection.fetch(_DOOMED)
    return frozenset(row["execution_id"] for row in rows)


def _of(
    limit: _Limit, holding: Sequence[_HolderRow], line: Sequence[UUID], doomed: frozenset[UUID]
) -> Slots:
    slots = Slots(
        limit=limit["limit"],
        behavior=ConcurrencyBehavior(limit["behavior"]),
        holders=[row["id"] for row in holding],
        leaving=frozenset(row["id"] for row in holding if row["state"] == ExecutionState.KILLING),
        line=line,
    )
    return slots.without(doomed)


async def first_in_line(pool: Pool, flow_id: UUID) -> list[UUID]:
    """The executions that would get free slots now; may be more than can be admitted."""
    limit: _Limit | None = load(await pool.fetchval(_LIMIT, flow_id))
    most = limit["limit"] if limit else 100
    rows: list[IdRow] = await pool.fetch(_FIRST, flow_id, most)
    return [row["id"] for row in rows]


async def flows_to_admit(pool: Pool) -> list[UUID]:
    """Flows with waiting executions and a free slot, or without a limit. Takes no lock: the engine checks again."""
    rows: list[IdRow] = await pool.fetch(_TO_ADMIT, _HOLDING)
    return [row["id"] for row in rows]


async def places_in_line(pool: Pool, ids: Sequence[UUID]) -> dict[UUID, QueuePosition]:
    """The positions of those of the executions that wait for a slot. Takes no lock: only for display."""
    rows: list[_PlaceRow] = await pool.fetch(_PLACES, ids)
    if not rows:
        return {}
    holders = await _holders(pool, list({row["flow_id"] for row in rows}))
    return {
        row["id"]: QueuePosition(
            load(row["concurrency"])["limit"],
            [holder["id"] for holder in holders[row["flow_id"]]],
            row["position"],
        )
        for row in rows
    }
