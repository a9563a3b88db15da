"""The executions that subflow tasks start, when the process that started one dies before it could tell."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

import pytest
from broadcaster import Broadcast

from models.lifecycle.commands import Cancel, Evaluate, StartChild
from models.lifecycle.family_commands import Adopt
from models.lifecycle.snapshot import Execution
from models.spec import parse_flow
from models.viewer import Scope
from runner.children import Children
from runner.engine import Engine
from runner.evaluations import evaluate
from runner.evaluator import Evaluator
from runner.feed import Feed
from runner.hints import MemoryHints
from runner.launch import Launch, prepare
from runner.store import deferred
from runner.store.database import Database, read_clock
from runner.store.deferred import Owed
from runner.store.flows import save_flow
from runner.store.plans import Plans
from runner.store.snapshots import load_executions
from runner.vault import Vault
from tests.runner.floor import PERSON

UP = "id: up\nnamespace: acme\ntasks: [{id: down, type: subflow, flow: down}]\n"
DOWN = "id: down\nnamespace: acme\ntasks: [{id: a, type: wait, event: go}]\n"
Kind = TypeVar("Kind")


@dataclass
class House:
    """An engine without a courier: what is owed is carried out by hand."""

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
        create = await prepare(self.database.pool, plans, self.evaluator, Scope(), launch, Vault())
        return (await self.engine.create(create, PERSON)).execution.id

    async def owed(self, kind: type[Kind]) -> tuple[Owed, Kind]:
        (owed,) = await deferred.claim(self.database.pool)
        assert isinstance(owed.command, kind)
        return owed, owed.command

    async def look(self, id: UUID) -> Execution:
        async with self.database.pool.acquire() as connection:
            return (await load_executions(connection, self.engine.plans, [id]))[id]


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(Feed(Broadcast(backend=MemoryHints())))
        evaluator = await stack.enter_async_context(Evaluator())
        engine = await stack.enter_async_context(Engine(database, feed, Plans()))
        yield House(
            database, engine, evaluator, Children(database.pool, engine, evaluator, Vault())
        )


async def test_a_child_that_nobody_was_told_of_is_cancelled_with_its_parent(house: House) -> None:
    parent = await house.begin()
    owed, what = await house.owed(Evaluate)
    prepared = await evaluate(
        house.evaluator, await house.look(parent), what, partial(read_clock, house.database.pool)
    )
    await house.engine.execute(parent, prepared, owed=owed.id)

    owed, starts = await house.owed(StartChild)
    started = await house.children.start(await house.look(parent), starts)
    assert isinstance(started, Adopt)
    await house.engine.execute(parent, Cancel(), PERSON)
    assert (await house.look(parent)).ended

    again = await house.children.start(await house.look(parent), starts)
    assert again == started
    await house.engine.execute(parent, again, owed=owed.id)
    rows = await house.database.pool.fetch(
        "select execution_id, command ->> 'kind' as kind from deferred_commands"
        " where command ->> 'kind' <> 'Evaluate'"
    )
    assert [(row["execution_id"], row["kind"]) for row in rows] == [(started.child, "Cancel")]


async def test_without_a_child_there_is_nothing_to_tell(house: House) -> None:
    parent = await house.begin()
    owed, what = await house.owed(Evaluate)
    prepared = await evaluate(
        house.evaluator, await house.look(parent), what, partial(read_clock, house.database.pool)
    )
    await house.engine.execute(parent, prepared, owed=owed.id)
    _, starts = await house.owed(StartChild)
    await house.engine.execute(parent, Cancel(), PERSON)
    assert await house.children.start(await house.look(parent), starts) is None
