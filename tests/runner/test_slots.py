"""The slots of a flow as the engine reads them: of a long line no more than can matter."""

import asyncio

import pytest

from models.lifecycle.commands import Cancel, Create
from models.lifecycle.snapshot import Execution, Plan
from models.spec import parse_flow
from models.states import ExecutionState
from runner import oracle
from runner.store import flows, slots
from tests.runner.test_engine import ASK, Engines, engines

__all__ = ["engines"]

_SOURCE = """
id: line
namespace: engine
concurrency: {{limit: {limit}, behavior: QUEUE}}
tasks:
  - {{id: a, type: log, message: a}}
"""


async def plan_of(engines: Engines, limit: int) -> Plan:
    source = _SOURCE.format(limit=limit)
    async with engines.database.pool.acquire() as connection:
        _, revision, _ = await flows.save_flow(connection, parse_flow(source), source, "user:maria")
        return await engines.first.plans.of(connection, revision["id"])


async def create(engines: Engines, plan: Plan, priority: int = 0) -> Execution:
    command = Create(plan, limited=True, priority=priority)
    return (await engines.first.create(command, ASK)).execution


async def test_of_a_line_only_the_first_are_read_and_those_that_may_leave(engines: Engines) -> None:
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
async def test_a_newcomer_does_not_pass_a_line_whose_first_leave_it_in_the_same_batch(
    engines: Engines, leaving: int
) -> None:
    """Between the end of the last holder and the admission of the next."""
    plan = await plan_of(engines, 1)
    holder, *waiting = [await create(engines, plan) for _ in range(8)]
    await engines.first.execute(holder.id, Cancel(), ASK)
    gone = [
        asyncio.create_task(engines.first.execute(one.id, Cancel(), ASK))
        for one in waiting[:leaving]
    ]
    newcomer = await create(engines, plan)
    await asyncio.gather(*gone)
    assert newcomer.state is ExecutionState.QUEUED
    for one in (*waiting[leaving:], newcomer):
        await engines.first.execute(one.id, Cancel(), ASK)
    assert await oracle.verify(engines.database.pool) == []
