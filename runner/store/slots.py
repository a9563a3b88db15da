"""Who holds the slots of flows with a concurrency limit, and who waits for one: derived from the executions' rows.

The limit is that of the flow's newest revision. Under the flow's lock the answer holds until the commit.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from models.concurrency import Slots
from models.states import HOLDING_A_SLOT, ConcurrencyBehavior, ExecutionState
from runner.store.connection import Connection, Pool
from runner.store.json import load

_LOCK = """
select id, concurrency from flows where id = any($1::uuid[]) and concurrency is not null order by id for update
"""
_STANDING = """
select flow_id, id, state, priority from executions
where flow_id = any($1::uuid[]) and ended_at is null and not shares_slot and state = any($2::text[])
order by flow_id, id
"""
_DOOMED = """
select execution_id from deferred_commands
where due_at <= clock_timestamp() and command ->> 'kind' = 'MakeRoom'
"""
_COUNTED = [state.value for state in sorted(HOLDING_A_SLOT | {ExecutionState.QUEUED})]
_LINES = """
select distinct e.flow_id from executions e where e.state = 'QUEUED'
"""
_FIRST = """
select e.id from executions e where e.flow_id = $1 and e.state = 'QUEUED' order by e.priority desc, e.id limit $2
"""
_LIMIT = "select concurrency from flows where id = $1"


async def lock_slots(connection: Connection, flow_ids: Collection[UUID]) -> dict[UUID, Slots]:
    """By flow, for those that have a limit. Locks the flows in the caller's transaction."""
    limits = {
        row["id"]: load(row["concurrency"])
        for row in await connection.fetch(_LOCK, sorted(flow_ids))
    }
    return await _slots(connection, limits) if limits else {}


async def _slots(connection: Any, limits: Mapping[UUID, Any]) -> dict[UUID, Slots]:
    standing: dict[UUID, list[Any]] = defaultdict(list)
    for row in await connection.fetch(_STANDING, list(limits), _COUNTED):
        standing[row["flow_id"]].append(row)
    doomed = await _doomed(connection, limits.values())
    return {id: _of(limit, standing[id], doomed) for id, limit in limits.items()}


async def _doomed(connection: Any, limits: Iterable[Mapping[str, Any]]) -> frozenset[UUID]:
    """Who is to make room for a newcomer already, though nobody has told it yet."""
    if all(limit["behavior"] != ConcurrencyBehavior.CANCEL_RUNNING for limit in limits):
        return frozenset()
    return frozenset(row["execution_id"] for row in await connection.fetch(_DOOMED))


def _of(limit: Mapping[str, Any], rows: Sequence[Any], doomed: frozenset[UUID]) -> Slots:
    waiting = [row for row in rows if row["state"] == ExecutionState.QUEUED]
    holding = [row for row in rows if row["state"] != ExecutionState.QUEUED]
    slots = Slots(
        limit=limit["limit"],
        behavior=ConcurrencyBehavior(limit["behavior"]),
        holders=[row["id"] for row in holding],
        going=frozenset(row["id"] for row in holding if row["state"] == ExecutionState.KILLING),
        line=[row["id"] for row in sorted(waiting, key=lambda row: (-row["priority"], row["id"]))],
    )
    return slots.without(doomed)


async def first_in_line(pool: Pool, flow_id: UUID) -> list[UUID]:
    """Those that a free slot would go to now; more may be asked for than can be admitted."""
    limit = load(await pool.fetchval(_LIMIT, flow_id))
    most = limit["limit"] if limit else 100
    return [row["id"] for row in await pool.fetch(_FIRST, flow_id, most)]


async def flows_with_lines(pool: Pool) -> list[UUID]:
    """Flows for whose slots somebody waits."""
    return [row["flow_id"] for row in await pool.fetch(_LINES)]


async def line_of(pool: Pool, flow_id: UUID) -> Slots | None:
    """The flow's slots as they are now, without a lock: for whoever asks why something waits."""
    limit = load(await pool.fetchval(_LIMIT, flow_id))
    return (await _slots(pool, {flow_id: limit}))[flow_id] if limit else None
