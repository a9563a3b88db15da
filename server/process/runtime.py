"""Enters and leaves the parts of a process in order: database, feed, engine, and the loops around it."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from broadcaster import Broadcast

from models.access.hosts import HostRules
from models.errors import Fault
from runner.bulk.bulk_runner import BulkRunner
from runner.engine.engine import Engine
from runner.engine.quotas import Quotas
from runner.expressions.evaluator import Evaluator
from runner.files.artifact_store import ArtifactStore
from runner.history.expression_debugger import Debugger
from runner.isolation.isolation import IsolationSettings
from runner.live.change_reader import Changes
from runner.maintenance.deferred_commands import DeferredCommandRunner
from runner.maintenance.rescuer import Rescuer
from runner.maintenance.scheduler import Scheduler
from runner.maintenance.table_maintenance import TableMaintenance
from runner.notify.feed import Feed
from runner.notify.notifier import PostgresNotifier
from runner.service.encryption import Cipher
from runner.store.job_queue import JobQueue
from runner.store.plans import Plans
from runner.store.postgres.database import Database, migrate, migrations_current, open_database
from runner.store.postgres.shares import Sizes
from runner.store.postgres.worker_roles import is_owner
from runner.worker.worker import Worker


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts that the API and the commands of this process use."""

    database: Database
    feed: Feed
    changes: Changes
    engine: Engine
    evaluator: Evaluator
    queue: JobQueue
    vault: Cipher
    debugger: Debugger
    artifacts: ArtifactStore | None = None


@asynccontextmanager
async def runtime(
    database_url: str,
    vault: Cipher | None = None,
    artifacts: ArtifactStore | None = None,
    sizes: Sizes | None = None,
    quotas: Quotas | None = None,
    *,
    for_worker: bool = False,
) -> AsyncIterator[Runtime]:
    """Migrates first. Without a vault there are no secrets; without a store no files are removed.

    The loops run in every process that logs in as the owner of the tables, and any of them runs what is due. A worker
    role may not run them: with `for_worker` and such a role, only the engine starts.
    """
    async with AsyncExitStack() as stack:
        vault = vault or Cipher()
        most_open = (quotas or Quotas()).open_recordings
        database = await stack.enter_async_context(open_database(database_url, sizes=sizes))
        owner = not for_worker or await is_owner(database.pool)
        if owner:
            await migrate(database)
        else:
            await _refuse_other_tables(database)
        broadcast = Broadcast(backend=PostgresNotifier(database.connect_alone))
        feed = await stack.enter_async_context(Feed(broadcast))
        changes = Changes(database.streams, feed)
        evaluator = await stack.enter_async_context(Evaluator())
        engine = Engine(database, feed, Plans(), most_open)
        if owner:
            await stack.enter_async_context(changes)
        await stack.enter_async_context(engine)
        for loop in (
            DeferredCommandRunner(database, engine, feed, evaluator, vault, artifacts),
            Rescuer(database, engine),
            Scheduler(database, engine, evaluator, vault),
            BulkRunner(database, engine, feed, evaluator, vault),
            TableMaintenance(database),
        ):
            if owner:
                await stack.enter_async_context(loop)
        debugger = await stack.enter_async_context(Debugger())
        queue = JobQueue(database.pool)
        yield Runtime(database, feed, changes, engine, evaluator, queue, vault, debugger, artifacts)


async def _refuse_other_tables(database: Database) -> None:
    if not await migrations_current(database.pool):
        raise Fault(
            "the tables are of another version, and a worker role may not change them: "
            "run `headway migrate` as their owner, or start a server of this version"
        )


def make_worker(
    parts: Runtime,
    data_dir: Path,
    queues: tuple[str, ...],
    concurrency: int,
    drain_timeout: float,
    artifacts_url: str | None = None,
    hosts: HostRules | None = None,
    kept: IsolationSettings | None = None,
) -> Worker:
    """Returns a worker of this process, named after host and pid."""
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
        cipher=parts.vault,
        hosts=hosts,
        kept=kept,
    )
