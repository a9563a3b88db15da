"""Decisions on thousands of task runs: one transaction, and other tasks of the event loop run meanwhile."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from models.access.viewer import Scope
from models.errors import Refused
from models.events.events import CommandOrigin
from models.lifecycle import decide
from models.lifecycle.commands.commands import Cancel, Command, Restart
from models.lifecycle.transition import Transition
from models.spec import parse_flow
from models.states import Channel, ExecutionState, TaskRunState
from runner.launch.launch import Launch, prepare
from runner.maintenance import invariants
from runner.service.encryption import Cipher, key_from, new_key
from runner.store.execution.snapshots import load_executions
from runner.store.flows.flows import save_flow
from server.process.runtime import Runtime, runtime

PERSON = CommandOrigin("user:test", Channel.API)
DEADLINE = 60.0
MANY = 4_000
SOURCE = """
id: large
namespace: acme
inputs: [{id: items, type: JSON}]
tasks:
  - id: each
    type: foreach
    items: "{{ inputs.items }}"
    tasks: [{id: one, type: log, message: hi, queue: nobody}]
"""


class Turns:
    """Counts the turns of another coroutine, and how many of them happen within decisions, by kind of command."""

    def __init__(self) -> None:
        self.had = 0
        self.within: Counter[str] = Counter()

    async def take(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.had += 1

    def decide(self, execution: Any, command: Command, context: Any) -> Transition:
        before = self.had
        transition = decide(execution, command, context)
        self.within[type(command).__name__] += self.had - before
        return transition


@asynccontextmanager
async def turns_of_others(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Turns]:
    turns = Turns()
    monkeypatch.setattr("runner.engine.transaction.decide", turns.decide)
    other = asyncio.create_task(turns.take())
    try:
        yield turns
    finally:
        other.cancel()
        await asyncio.wait({other})


async def begin(parts: Runtime) -> UUID:
    pool = parts.database.pool
    async with pool.acquire() as connection:
        await save_flow(connection, parse_flow(SOURCE), SOURCE, "user:test")
    launch = Launch(namespace="acme", flow="large", inputs={"items": list(range(MANY))})
    services = (pool, parts.engine.plans, parts.evaluator, Scope(), launch, parts.vault)
    return (await parts.engine.create(await prepare(*services), PERSON)).execution.id


async def until_queued(parts: Runtime, id: UUID) -> None:
    """Waits until all task runs are queued, and checks that the cached execution equals the tables."""
    async with asyncio.timeout(DEADLINE):
        with parts.feed.watch(f"e:{id}") as watch:
            while (await states(parts, id))[TaskRunState.QUEUED] < MANY:
                await watch.changed()


async def states(parts: Runtime, id: UUID) -> Counter[TaskRunState]:
    async with parts.database.pool.acquire() as connection:
        execution = (await load_executions(connection, parts.engine.plans, [id]))[id]
    return Counter(task.state for task in execution.tasks.values())


async def test_others_have_their_turns_while_thousands_are_decided_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        runtime(database_url, Cipher(key_from(new_key()))) as parts,
        turns_of_others(monkeypatch) as turns,
    ):
        id = await begin(parts)
        await until_queued(parts, id)
        assert turns.within["Prepare"] > 0

        killed = await parts.engine.execute(id, Cancel(), PERSON)
        assert killed.execution.state is ExecutionState.KILLED
        assert await states(parts, id) == {TaskRunState.CANCELLED: MANY, TaskRunState.KILLED: 1}
        assert turns.within["Cancel"] > 0

        await parts.engine.execute(id, Restart(), PERSON)
        await until_queued(parts, id)
        assert turns.within["Restart"] > 0
        assert await invariants.verify(parts.database.pool) == []


async def test_a_refusal_comes_back_from_where_it_was_decided(database_url: str) -> None:
    async with runtime(database_url, Cipher(key_from(new_key()))) as parts:
        id = await begin(parts)
        await until_queued(parts, id)
        before = await states(parts, id)
        with pytest.raises(Refused, match="only a FAILED, KILLED"):
            await parts.engine.execute(id, Restart(), PERSON)
        assert await states(parts, id) == before
