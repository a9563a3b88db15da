"""Child executions of subflow tasks, when the process that started one dies before it can report it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from unittest.mock import ANY
from uuid import UUID

import pytest
from broadcaster import Broadcast

from models.access.viewer import Scope
from models.errors import Refused
from models.lifecycle.commands.commands import Cancel, Evaluate, Pause, StartChild
from models.lifecycle.commands.subflows import Adopt, ReportChildState
from models.lifecycle.snapshot import Execution
from models.lifecycle.status import ChildStanding
from models.spec import parse_flow
from models.states import ExecutionState
from runner.engine.engine import Engine
from runner.expressions.evaluator import Evaluator
from runner.launch.launch import Launch, prepare
from runner.launch.subflows import Children
from runner.maintenance.engine_expressions import evaluate
from runner.notify.feed import Feed
from runner.notify.notifier import MemoryNotifier
from runner.service.encryption import Cipher
from runner.store import deferred
from runner.store.deferred import DeferredRow
from runner.store.execution.snapshots import load_executions
from runner.store.flows.flows import save_flow
from runner.store.plans import Plans
from runner.store.postgres.database import Database, read_clock
from tests.runner.floor import PERSON

UP = "id: up\nnamespace: acme\ntasks: [{id: down, type: subflow, flow: down}]\n"
DOWN = "id: down\nnamespace: acme\ntasks: [{id: a, type: wait, event: go}]\n"
Kind = TypeVar("Kind")


@dataclass
class House:
    """An engine without a runner of deferred commands: the tests run them."""

    database: Database
    engine: Engine
    evaluator: Evaluator
    children: Children

    async def begin(self) -> UUID:
        for source in (UP, DOWN):
            async with self.database.pool.acquire() as connection:
                await save_flow(connection, parse_flow(source), source, "user:test")
        launch = Launch(namespace="acme", flow="up")
        plans = self.engine.plans
        create = await prepare(self.database.pool, plans, self.evaluator, Scope(), launch, Cipher())
        return (await self.engine.create(create, PERSON)).execution.id

    async def claimed(self, kind: type[Kind]) -> tuple[DeferredRow, Kind]:
        (claimed,) = await deferred.claim(self.database.pool)
        assert isinstance(claimed.command, kind)
        return claimed, claimed.command

    async def look(self, id: UUID) -> Execution:
        async with self.database.pool.acquire() as connection:
            return (await load_executions(connection, self.engine.plans, [id]))[id]


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(Feed(Broadcast(backend=MemoryNotifier())))
        evaluator = await stack.enter_async_context(Evaluator())
        engine = await stack.enter_async_context(Engine(database, feed, Plans()))
        yield House(
            database, engine, evaluator, Children(database.pool, engine, evaluator, Cipher())
        )


async def starting(house: House) -> tuple[UUID, DeferredRow, StartChild]:
    """Creates a parent whose subflow is about to be started."""
    parent = await house.begin()
    row, what = await house.claimed(Evaluate)
    prepared = await evaluate(
        house.evaluator, await house.look(parent), what, partial(read_clock, house.database.pool)
    )
    await house.engine.execute(parent, prepared, deferred_id=row.id)
    return parent, *(await house.claimed(StartChild))


async def children_in(house: House) -> list[UUID]:
    rows = await house.database.pool.fetch("select id from executions where parent_id is not null")
    return [row["id"] for row in rows]


async def test_a_child_exists_when_its_parent_has_adopted_it_and_not_before(house: House) -> None:
    parent, row, starts = await starting(house)
    started = await house.children.start(await house.look(parent), starts)
    assert isinstance(started, Adopt)
    assert (await house.look(parent)).tasks["down"].child == started.child
    assert await children_in(house) == [started.child]

    again = await house.children.start(await house.look(parent), starts)
    assert again is None
    await house.engine.execute(parent, started, deferred_id=row.id)
    assert await children_in(house) == [started.child]


async def test_two_processes_start_the_same_child_once(house: House) -> None:
    parent, _, starts = await starting(house)
    stale = await house.look(parent)
    both = await asyncio.gather(*(house.children.start(stale, starts) for _ in range(2)))
    (child,) = await children_in(house)
    assert {one.child for one in both if isinstance(one, Adopt)} == {child}
    assert (await house.look(parent)).tasks["down"].child == child


@pytest.mark.parametrize("command", [Cancel(), Pause()], ids=["cancelled", "paused"])
async def test_a_stopped_or_paused_task_starts_no_child(
    house: House, command: Cancel | Pause
) -> None:
    parent, _, starts = await starting(house)
    stale = await house.look(parent)
    await house.engine.execute(parent, command, PERSON)
    assert await house.children.start(stale, starts) is None
    assert await children_in(house) == []


async def test_a_childs_report_is_read_back_as_it_was(house: House) -> None:
    parent, _, starts = await starting(house)
    started = await house.children.start(await house.look(parent), starts)
    assert isinstance(started, Adopt)
    waits = ExecutionState.WAITING_FOR_APPROVAL
    await house.engine.execute(parent, ReportChildState("down", started.child, waits, True, 7))
    found = await house.look(parent)
    assert found.tasks["down"].standing == ChildStanding(waits, True, 7, ANY)
    assert isinstance(found.tasks["down"].standing.state, ExecutionState)
    assert (found.state, found.clock.held is None) == (waits, False)
    old = await house.engine.execute(
        parent, ReportChildState("down", started.child, ExecutionState.RUNNING, False, 6)
    )
    assert old.events == ()
    await house.engine.execute(
        parent, ReportChildState("down", started.child, ExecutionState.RUNNING, False, 8)
    )
    found = await house.look(parent)
    assert (found.state, found.clock.held) == (ExecutionState.RUNNING, None)


async def test_a_deferred_command_is_executed_once(house: House) -> None:
    parent = await house.begin()
    row, what = await house.claimed(Evaluate)
    prepared = await evaluate(
        house.evaluator, await house.look(parent), what, partial(read_clock, house.database.pool)
    )
    twice = await asyncio.gather(
        *(house.engine.execute(parent, prepared, deferred_id=row.id) for _ in range(2)),
        return_exceptions=True,
    )
    (refused,) = [one for one in twice if isinstance(one, Refused)]
    assert refused.problems[0].message == "the deferred command was executed already"
    before = await house.look(parent)
    with pytest.raises(Refused):
        await house.engine.execute(parent, prepared, deferred_id=row.id)
    assert await house.look(parent) == before
