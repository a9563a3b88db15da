"""The parts that run in a process, entered and left in order: database, feed, engine, and the loops around it."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from broadcaster import Broadcast

from runner.artifacts import ArtifactStore
from runner.bulk.carrier import BulkCarrier
from runner.changes import Changes
from runner.courier import Courier
from runner.debugging import Debugger
from runner.engine import Engine
from runner.evaluator import Evaluator
from runner.feed import Feed
from runner.hints import PostgresHints
from runner.housekeeping import Housekeeping
from runner.isolation.isolation import Kept
from runner.queue import JobQueue
from runner.rescuer import Rescuer
from runner.scheduler import Scheduler
from runner.store.database import Database, migrate, open_database
from runner.store.plans import Plans
from runner.store.shares import Sizes
from runner.vault import Vault
from runner.worker import Worker


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts that the API and the commands of this process use."""

    database: Database
    feed: Feed
    changes: Changes
    engine: Engine
    evaluator: Evaluator
    queue: JobQueue
    vault: Vault
    debugger: Debugger
    artifacts: ArtifactStore | None = None


@asynccontextmanager
async def runtime(
    database_url: str,
    vault: Vault | None = None,
    artifacts: ArtifactStore | None = None,
    sizes: Sizes | None = None,
) -> AsyncIterator[Runtime]:
    """Migrates first. Without a vault there are no secrets, without a store no files are removed.

    The loops here belong to every process: whichever is there carries out what is owed.
    """
    async with AsyncExitStack() as stack:
        vault = vault or Vault()
        database = await stack.enter_async_context(open_database(database_url, sizes=sizes))
        await migrate(database)
        broadcast = Broadcast(backend=PostgresHints(database.connect_alone))
        feed = await stack.enter_async_context(Feed(broadcast))
        changes = await stack.enter_async_context(Changes(database.streams, feed))
        evaluator = await stack.enter_async_context(Evaluator())
        engine = await stack.enter_async_context(Engine(database, feed, Plans()))
        await stack.enter_async_context(
            Courier(database, engine, feed, evaluator, vault, artifacts)
        )
        await stack.enter_async_context(Rescuer(database, engine))
        await stack.enter_async_context(Scheduler(database, engine, evaluator, vault))
        await stack.enter_async_context(BulkCarrier(database, engine, feed, evaluator, vault))
        await stack.enter_async_context(Housekeeping(database))
        debugger = await stack.enter_async_context(Debugger())
        queue = JobQueue(database.pool)
        yield Runtime(database, feed, changes, engine, evaluator, queue, vault, debugger, artifacts)


def make_worker(
    parts: Runtime,
    data_dir: Path,
    queues: tuple[str, ...],
    concurrency: int,
    drain_timeout: float,
    artifacts_url: str | None = None,
    kept: Kept | None = None,
) -> Worker:
    """A worker of this process, named after host and pid."""
    return Worker(
        database=parts.database,
        engine=parts.engine,
        feed=parts.feed,
        evaluator=parts.evaluator,
        queue=parts.queue,
        name=f"{socket.gethostname()}-{os.getpid()}",
        queues=queues,
        concurrency=concurrency,
        data_dir=data_dir,
        drain_timeout=drain_timeout,
        artifacts_url=artifacts_url,
        vault=parts.vault,
        kept=kept,
    )
