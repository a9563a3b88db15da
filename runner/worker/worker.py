"""Takes jobs, runs their attempts, and cancels killed ones. Used by `headway serve` and `headway worker`."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from models.access.hosts import HostRules
from models.ids import new_id, typed
from models.lifecycle.stopping import HEARTBEAT
from runner.attempt.attempt import WorkerServices
from runner.attempt.log_writer import LogWriter
from runner.attempt.message_reader import MessageReader
from runner.engine.engine import Engine
from runner.executors import load_executors
from runner.expressions.evaluator import Evaluator
from runner.files.artifact_store import ArtifactStore
from runner.isolation.host_guard import rules_here
from runner.isolation.isolation import Isolation, IsolationSettings
from runner.notify.feed import Feed
from runner.processes.process_tree import OrphanReaper, adopt_orphans
from runner.processes.reaper import Reaper
from runner.service.database_clock import DatabaseClock
from runner.service.encryption import Cipher
from runner.service.loop import log_errors
from runner.service.outage import UNREACHABLE
from runner.store import workers
from runner.store.job_queue import JobQueue
from runner.store.logs.log_lines import NewLine
from runner.store.postgres.database import Database
from runner.store.workers import NewWorker
from runner.worker.attempt_monitor import AttemptMonitor
from runner.worker.heartbeat import Heartbeat
from runner.worker.job_executor import JobExecutor
from runner.worker.job_taker import DRAIN_GRACE, JobTaker
from runner.worker.task_environment import inherited_env, provide_headway
from runner.worker.work_folder import WorkFolder

logger = logging.getLogger("headway.worker")

_REPORT_EVERY = 1.0
_REMOVE_FOLDERS_EVERY = 60.0
_REPORT_RESULT_SECONDS = 10.0


class Worker:
    """Async context manager that takes and runs jobs while entered. Leaving the context drains with a timeout of 0."""

    def __init__(
        self,
        *,
        database: Database,
        engine: Engine,
        feed: Feed,
        evaluator: Evaluator,
        queue: JobQueue,
        name: str,
        queues: Sequence[str],
        concurrency: int,
        data_dir: Path,
        drain_timeout: float,
        id: UUID | None = None,
        cipher: Cipher | None = None,
        artifacts_url: str | None = None,
        env: Mapping[str, str] | None = None,
        hosts: HostRules | None = None,
        kept: IsolationSettings | None = None,
    ) -> None:
        self.id, self.name = id or new_id(), name
        self._pool, self._url = database.pool, database.url
        self._queues = tuple(queues)
        self._concurrency, self._drain_timeout = concurrency, drain_timeout
        self._clock = DatabaseClock()
        self._log_writer = LogWriter(self._write_log, clock=self._clock)
        self._reaper = Reaper(typed("wrk", self.id))
        store = ArtifactStore(artifacts_url or str(data_dir.resolve() / "artifacts"))
        self._isolation = Isolation(kept, data_dir, store.folder)
        self._work = WorkFolder(data_dir.resolve(), typed("wrk", self.id))
        self._services = WorkerServices(
            worker_id=typed("wrk", self.id),
            data_dir=data_dir.resolve(),
            work=self._work.path,
            pool=self._pool,
            evaluator=evaluator,
            log_writer=self._log_writer,
            artifacts=store,
            reaper=self._reaper,
            cipher=cipher or Cipher(),
            messages=MessageReader(),
            isolation=self._isolation,
            env=env or {},
            inherited=inherited_env(os.environ),
            hosts=rules_here(hosts or HostRules(), database.url),
        )
        self._executor = JobExecutor(f"worker:{name}", engine, self._services, load_executors())
        self._orphan_reaper = OrphanReaper()
        self._stack = AsyncExitStack()
        self._tasks = asyncio.TaskGroup()
        self._monitor = AttemptMonitor(self._pool, feed, self._executor)
        self._taker = JobTaker(
            queue, self._queues, concurrency, feed, self._executor, self._work, self._tasks
        )
        self._taking: asyncio.Task[None] | None = None
        self._loops: list[asyncio.Task[None]] = []

    @property
    def running(self) -> int:
        """The number of jobs that are being started, run or reported."""
        return len(self._taker.jobs)

    async def __aenter__(self) -> Self:
        adopt_orphans()
        provide_headway(self._services.python_path)
        self._stack.enter_context(self._work)
        await self._isolation.begin(self._stack, self._work.path)
        await self._register()
        self._stack.enter_context(self._reaper)
        await self._stack.enter_async_context(self._log_writer)
        await self._stack.enter_async_context(
            Heartbeat(self._url, self.id, self._clock, self._monitor.held, self._monitor.on_beat)
        )
        await self._tasks.__aenter__()
        self._taking = self._tasks.create_task(self._taker.run(), name="worker takes")
        self._loops = [
            self._tasks.create_task(
                self._every(HEARTBEAT, self._look_after_jobs), name="worker jobs"
            ),
            self._tasks.create_task(
                self._every(_REPORT_EVERY, self._monitor.report), name="worker reports"
            ),
            self._tasks.create_task(self._monitor.watch_for_kills(), name="worker kills"),
            self._tasks.create_task(self._remove_abandoned_folders(), name="worker clears up"),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                await self.drain(0)
        finally:
            taking = [self._taking] if self._taking else []
            for task in (*self._loops, *self._taker.jobs, *taking):
                task.cancel()
            try:
                await self._tasks.__aexit__(kind, error, trace)
            finally:
                await self._stack.__aexit__(kind, error, trace)

    async def drain(self, timeout: float | None = None) -> None:
        """Takes no more jobs; kills and requeues what still runs after `timeout` seconds (default: drain timeout)."""
        if self._taking:
            self._taking.cancel()
        if self._taker.jobs:
            seconds = self._drain_timeout if timeout is None else timeout
            await asyncio.wait(list(self._taker.jobs), timeout=seconds)
        self._taker.hand_back_all()
        if self._taker.jobs:
            await asyncio.wait(self._taker.jobs, timeout=DRAIN_GRACE + _REPORT_RESULT_SECONDS)
        try:
            await workers.mark_stopped(self._pool, self.id)
        except UNREACHABLE as error:
            logger.warning("could not record that the worker %s stops: %s", self.name, error)

    async def _remove_abandoned_folders(self) -> None:
        """Removes the folders of killed workers in this data directory: immediately, then periodically."""
        while True:
            with log_errors(logger, "could not remove the folders of killed workers"):
                await asyncio.to_thread(self._work.remove_abandoned)
            await asyncio.sleep(_REMOVE_FOLDERS_EVERY)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            with log_errors(logger, f"a periodic task of the worker {self.name} failed"):
                await work()

    async def _write_log(self, lines: Sequence[NewLine]) -> None:
        await self._monitor.write_log(lines)

    async def _register(self) -> None:
        row = NewWorker(
            self.id, self.name, socket.gethostname(), os.getpid(), self._queues, self._concurrency
        )
        self._clock.set(await workers.register(self._pool, row))

    async def _look_after_jobs(self) -> None:
        await self._taker.heartbeat()
        self._orphan_reaper.scan(self._reaper.spared | self._isolation.spared)
