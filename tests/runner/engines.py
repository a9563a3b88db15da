"""Two engines on one database, as two processes have them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from broadcaster import Broadcast

from models.events.events import CommandOrigin
from models.ids import new_id
from models.lifecycle.commands.commands import Create, Finish, Start
from models.lifecycle.commands.outcomes import Succeeded
from models.lifecycle.snapshot import CompiledFlow
from models.spec import parse_flow
from models.states import Channel
from runner.engine.engine import Engine
from runner.maintenance import invariants
from runner.notify.feed import Feed
from runner.notify.notifier import MemoryNotifier
from runner.store.flows import flows
from runner.store.job_queue import JobQueue
from runner.store.plans import Plans
from runner.store.postgres.database import Database

USER = CommandOrigin("user:maria", Channel.API, "because")
SOURCE = """
id: one
namespace: engine
tasks:
  - {id: a, type: log, message: a}
  - {id: b, type: log, message: b, needs: [a]}
"""


class Engines:
    """Two engines, as in two processes."""

    def __init__(
        self, first: Engine, second: Engine, plan: CompiledFlow, database: Database
    ) -> None:
        self.first, self.second, self.plan, self.database = first, second, plan, database
        self.queue = JobQueue(database.pool)

    async def create(self, **options: Any) -> Any:
        return (await self.first.create(Create(self.plan, **options), USER)).execution

    async def check_invariants(self) -> None:
        assert await invariants.verify(self.database.pool) == []


@pytest.fixture
async def engines(database: Database) -> AsyncIterator[Engines]:
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(2):
            feed = await stack.enter_async_context(Feed(Broadcast(backend=MemoryNotifier())))
            made.append(await stack.enter_async_context(Engine(database, feed, Plans())))
        async with database.pool.acquire() as connection:
            _, revision, _ = await flows.save_flow(
                connection, parse_flow(SOURCE), SOURCE, "user:maria"
            )
            plan = await made[0].plans.of(connection, revision["id"])
        engines = Engines(made[0], made[1], plan, database)
        yield engines
        await engines.check_invariants()


async def run(engines: Engines, id: Any, path: str) -> None:
    job = next(job for job in await engines.queue.take(["default"], 500) if job.execution_id == id)
    lease = new_id()
    await engines.first.execute(id, Start(path, job.attempt, new_id(), "worker:w", lease, job.id))
    await engines.second.execute(id, Finish(path, lease, job.attempt, Succeeded()))
