"""The slots of a flow as the engine reads them: of a long queue no more entries than can matter."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from models.lifecycle.commands.commands import Cancel, Create
from models.lifecycle.snapshot import CompiledFlow, Execution
from models.run_options import RunOptions
from models.spec import parse_flow
from models.states import ExecutionState
from runner.engine.engine import Engine
from runner.maintenance import invariants, rescuer
from runner.maintenance.rescuer import Rescuer
from runner.store.execution import slots
from runner.store.flows import flows
from tests.runner.engines import USER, Engines, engines

__all__ = ["engines"]

_SOURCE = """
id: line
namespace: engine
concurrency: {{limit: {limit}, behavior: QUEUE}}
tasks:
  - {{id: a, type: log, message: a}}
"""


_FULL = """
with made as (
  insert into flows (id, namespace, key, kind, latest_revision, concurrency)
  select gen_random_uuid(), 'full', 'f' || n, 'flow', 1, '{"limit": 1, "behavior": "QUEUE"}'
  from generate_series(1, $1) n returning id, key)
insert into executions (id, flow_id, namespace, flow_key, kind, name, state, seq, state_seq, created_by, created_at)
select gen_random_uuid(), made.id, 'full', key, 'flow', 'x', state, 1, 1, 'user:ada', now()
from made, unnest(array['RUNNING', 'QUEUED', 'QUEUED']) state
"""


async def plan_of(engines: Engines, limit: int) -> CompiledFlow:
    source = _SOURCE.format(limit=limit)
    async with engines.database.pool.acquire() as connection:
        _, revision, _ = await flows.save_flow(connection, parse_flow(source), source, "user:maria")
        return await engines.first.plans.of(connection, revision["id"])


async def create(engines: Engines, plan: CompiledFlow, priority: int = 0) -> Execution:
    command = Create(plan, limited=True, options=RunOptions(priority=priority))
    return (await engines.first.create(command, USER)).execution


async def test_only_the_first_of_a_queue_and_those_that_may_leave_are_read(
    engines: Engines,
) -> None:
    plan = await plan_of(engines, 2)
    made = [await create(engines, plan) for _ in range(12)]
    urgent = await create(engines, plan, priority=3)
    waiting = [urgent.id, *(one.id for one in made[2:])]
    assert plan.flow_id
    async with engines.database.pool.acquire() as connection, connection.transaction():
        for leaving in (0, 3, 100):
            found = (await slots.lock_slots(connection, [plan.flow_id], leaving))[plan.flow_id]
            assert list(found.holders) == [made[0].id, made[1].id]
            assert list(found.line) == waiting[: 2 + leaving]
    places = await slots.places_in_line(engines.database.pool, [made[11].id, urgent.id, made[0].id])
    assert {id: place.position for id, place in places.items()} == {made[11].id: 11, urgent.id: 1}
    assert places[urgent.id].limit == 2
    assert list(places[urgent.id].holders) == [made[0].id, made[1].id]


@pytest.mark.parametrize("leaving", [1, 3])
async def test_a_newcomer_does_not_pass_a_queue_whose_first_leave_it_in_the_same_batch(
    engines: Engines, leaving: int
) -> None:
    """Between the end of the last slot holder and the admission of the next."""
    plan = await plan_of(engines, 1)
    holder, *waiting = [await create(engines, plan) for _ in range(8)]
    await engines.first.execute(holder.id, Cancel(), USER)
    gone = [
        asyncio.create_task(engines.first.execute(one.id, Cancel(), USER))
        for one in waiting[:leaving]
    ]
    newcomer = await create(engines, plan)
    await asyncio.gather(*gone)
    assert newcomer.state is ExecutionState.QUEUED
    for one in (*waiting[leaving:], newcomer):
        await engines.first.execute(one.id, Cancel(), USER)
    assert await invariants.verify(engines.database.pool) == []


class _Counting:
    """An engine that records its calls."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self.called, self.admitted = engine, list[UUID](), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def execute(self, id: UUID, *command: Any) -> Any:
        self.called.append(id)
        transition = await self._engine.execute(id, *command)
        self.admitted.set() if transition.events else None
        return transition


async def test_full_flows_with_a_line_cost_the_engine_nothing(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slot that was freed without a notification is found too."""
    monkeypatch.setattr(rescuer, "_PERIOD", 0.01)
    pool = engines.database.pool
    await pool.execute(_FULL, 200)
    plan = await plan_of(engines, 1)
    holder, waiting = [await create(engines, plan) for _ in range(2)]
    counting, rounds = _Counting(engines.first), 0
    ten = asyncio.Event()
    look = slots.flows_to_admit

    async def counted(caller: Any) -> list[UUID]:
        nonlocal rounds
        rounds += 1
        ten.set() if rounds == 10 else None
        return await look(caller)

    monkeypatch.setattr(slots, "flows_to_admit", counted)
    async with asyncio.timeout(20):
        async with Rescuer(engines.database, counting):  # type: ignore[arg-type]
            await ten.wait()
            assert counting.called == []
            # No deferred command starts the next one.
            await engines.first.execute(holder.id, Cancel(), USER)
            await counting.admitted.wait()
    assert set(counting.called) == {waiting.id}
    await pool.execute("delete from executions where namespace = 'full'")
    await engines.first.execute(waiting.id, Cancel(), USER)
