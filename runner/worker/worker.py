"""Takes jobs, runs their attempts, and cancels killed ones. Used by `headway serve` and `headway worker`."""

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from models.access.hosts import HostRules
from models.ids import new_id, typed
from models.lifecycle.stopping import HEARTBEAT
from runner.attempt.attempt import AttemptContext, WorkerServices
from runner.attempt.cancellation import CancelReason
from runner.attempt.log_writer import LogWriter
from runner.attempt.message_reader import MessageReader
from runner.engine.engine import Engine
from runner.executors import load_executors
from runner.expressions.evaluator import Evaluator
from runner.files.artifact_store import ArtifactStore
from runner.files.disk_space import MIN_FREE_BYTES, MIN_FREE_FILES, is_nearly_full
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
from runner.store.execution import leases
from runner.store.execution.leases import LeaseStatus
from runner.store.job_queue import JobQueue, TakenJob
from runner.store.logs.log_lines import NewLine, append_running
from runner.store.postgres.database import Database
from runner.store.workers import WorkerRow
from runner.worker.heartbeat import Beat, Heartbeat
from runner.worker.job_executor import JobExecutor
from runner.worker.task_environment import inherited_env, provide_headway
from runner.worker.work_folder import WorkFolder

logger = logging.getLogger("headway.worker")

_LOOK_AGAIN = 1.0
_REPORT_EVERY = 1.0
_REMOVE_FOLDERS_EVERY = 60.0
_GATHER = 0.003
"""Seconds in which more slots may become free, so that one query of the queue fills all of them."""
_LIGHT_BATCH = 200
_MAX_LIGHT_JOBS = 400
_DRAIN_GRACE = 2.0
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
        self._feed = feed
        self._queue, self._queues = queue, tuple(queues)
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
        self._taken: list[int] = []
        """Ids of jobs that were taken and are not being started yet."""
        self._draining = False
        self._starting: set[int] = set()
        self._jobs: set[asyncio.Task[None]] = set()
        self._slots_used = self._light_jobs = self._prefetch = 0
        self._saw_heavy, self._disk_error = True, ""
        self._freed, self._stack = asyncio.Event(), AsyncExitStack()
        self._tasks = asyncio.TaskGroup()
        self._taking: asyncio.Task[None] | None = None
        self._loops: list[asyncio.Task[None]] = []

    @property
    def running(self) -> int:
        """The number of jobs that are being started, run or reported."""
        return len(self._jobs)

    async def __aenter__(self) -> Self:
        adopt_orphans()
        provide_headway(self._services.python_path)
        self._stack.enter_context(self._work)
        await self._isolation.begin(self._stack, self._work.path)
        await self._register()
        self._stack.enter_context(self._reaper)
        await self._stack.enter_async_context(self._log_writer)
        await self._stack.enter_async_context(
            Heartbeat(self._url, self.id, self._clock, self._held, self._on_beat)
        )
        await self._tasks.__aenter__()
        self._taking = self._tasks.create_task(self._take_jobs(), name="worker takes")
        self._loops = [
            self._tasks.create_task(
                self._every(HEARTBEAT, self._heartbeat_jobs), name="worker jobs"
            ),
            self._tasks.create_task(
                self._every(_REPORT_EVERY, self._report), name="worker reports"
            ),
            self._tasks.create_task(self._watch_for_kills(), name="worker kills"),
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
            for task in (*self._loops, *self._jobs, *([self._taking] if self._taking else [])):
                task.cancel()
            try:
                await self._tasks.__aexit__(kind, error, trace)
            finally:
                await self._stack.__aexit__(kind, error, trace)

    async def drain(self, timeout: float | None = None) -> None:
        """Takes no more jobs; kills and requeues what still runs after `timeout` seconds (default: drain timeout)."""
        if self._taking:
            self._taking.cancel()
        jobs = list(self._jobs)
        if jobs:
            await asyncio.wait(jobs, timeout=self._drain_timeout if timeout is None else timeout)
        self._draining = True
        for attempt in list(self._executor.running.values()):
            self._hand_back(attempt)
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=_DRAIN_GRACE + _REPORT_RESULT_SECONDS)
        try:
            await workers.mark_stopped(self._pool, self.id)
        except UNREACHABLE as error:
            logger.warning("could not record that the worker %s stops: %s", self.name, error)

    def _hand_back(self, attempt: AttemptContext) -> None:
        grace = min(attempt.spec.kill_grace, _DRAIN_GRACE)
        attempt.cancellation.cancel(CancelReason.DRAINED, grace)

    async def _remove_abandoned_folders(self) -> None:
        """Removes the folders of killed workers in this data directory: immediately, then periodically."""
        while True:
            with log_errors(logger, "could not remove the folders of killed workers"):
                await asyncio.to_thread(self._work.remove_abandoned)
            await asyncio.sleep(_REMOVE_FOLDERS_EVERY)

    async def _take_jobs(self) -> None:
        with self._feed.watch(*(f"q:{queue}" for queue in self._queues)) as watch:
            while True:
                if self._is_disk_full():
                    await asyncio.sleep(_LOOK_AGAIN)
                    continue
                free = self._concurrency - self._slots_used
                if free <= 0 or self._light_jobs >= _MAX_LIGHT_JOBS:
                    self._freed.clear()
                    await self._freed.wait()
                    await asyncio.sleep(_GATHER)
                    continue
                full = False
                with log_errors(logger, "could not take jobs") as caught:
                    full = await self._take(free)
                if caught:
                    await asyncio.sleep(_LOOK_AGAIN)
                elif not full:
                    await watch.changed(_LOOK_AGAIN)

    def _is_disk_full(self) -> bool:
        """Checked before jobs are taken: without disk space every job of the queues would be taken and handed back."""
        problem = self._disk_problem()
        if problem != self._disk_error:
            if problem:
                logger.error("%s: no jobs are taken", problem)
            else:
                logger.warning("%s has free disk space: jobs are taken", self._services.data_dir)
        self._disk_error = problem
        return bool(problem)

    def _disk_problem(self) -> str:
        """Returns why attempts cannot use the disk; empty if they can."""
        folder = self._services.data_dir
        if is_nearly_full(folder):
            least = f"{MIN_FREE_BYTES // 2**20} MiB or {MIN_FREE_FILES} files"
            return f"{folder} has free disk space for less than {least}"
        if asyncio.get_running_loop().time() < self._executor.disk_full_until:
            return f"an attempt found the disk of {folder} full"
        return "" if self._work.claim() else self._work.failure

    async def _take(self, free: int) -> bool:
        """Takes jobs and starts them; True if the queue may hold more. While all recent jobs were light, more jobs are
        taken than there are free slots; those that turn out to need a slot are requeued."""
        self._prefetch = 0 if self._saw_heavy else min(2 * max(self._prefetch, free), _LIGHT_BATCH)
        self._saw_heavy = False
        limit = max(free, self._prefetch)
        jobs = await self._queue.take(self._queues, limit)
        if back := await self._start_jobs(jobs, free):
            self._saw_heavy = True
            await self._queue.requeue(back)
        return len(jobs) == limit or bool(back)

    async def _start_jobs(self, jobs: Sequence[TakenJob], free: int) -> Sequence[TakenJob]:
        """Starts the jobs; returns those for which there is no free slot."""
        heavy = jobs
        self._taken = [job.id for job in jobs]
        try:
            if len(jobs) > free:
                light, heavy = await self._partition(jobs)
                self._start(light, slot=False)
            self._start(heavy[:free], slot=True)
        finally:
            self._taken = []  # without heartbeats, jobs that were not started return to the queue
        return heavy[free:]

    async def _partition(self, jobs: Sequence[TakenJob]) -> tuple[list[TakenJob], list[TakenJob]]:
        types = await workers.task_types(self._pool, [job.task_run_id for job in jobs])
        light = [job for job in jobs if self._executor.is_light(types.get(job.task_run_id, ""))]
        ids = {job.id for job in light}
        return light, [job for job in jobs if job.id not in ids]

    def _start(self, jobs: Sequence[TakenJob], slot: bool) -> None:
        for job in jobs:
            self._count(slot, 1)
            self._starting.add(job.id)
            task = self._tasks.create_task(self._handle(job, slot))
            self._jobs.add(task)
            task.add_done_callback(self._jobs.discard)

    async def _handle(self, job: TakenJob, slot: bool) -> None:
        try:
            attempt = await self._executor.start(job)
            self._starting.discard(job.id)
            if attempt is None:
                return
            if self._draining:
                self._hand_back(attempt)
            light = self._executor.is_light(attempt.spec_type)
            self._saw_heavy |= not light
            if light and slot:
                self._count(slot, -1)
                slot = False
                self._count(slot, 1)
            await self._executor.run(attempt)
        except Exception:
            failed = (
                "task %s of execution %s failed in the worker; it is retried when its lease ends"
            )
            logger.exception(failed, job.path, job.execution_id)
        finally:
            self._starting.discard(job.id)
            self._count(slot, -1)

    def _count(self, slot: bool, change: int) -> None:
        if slot:
            self._slots_used += change
        else:
            self._light_jobs += change
        if change < 0:
            self._freed.set()

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            with log_errors(logger, f"a periodic task of the worker {self.name} failed"):
                await work()

    async def _write_log(self, lines: Sequence[NewLine]) -> None:
        if ended := await append_running(self._pool, lines):
            self._fence(ended, lines)
        self._feed.hint(
            {f"l:{line.execution_id}" for line in lines if line.attempt_id not in ended}
        )

    def _fence(self, ended: Collection[UUID], lines: Sequence[NewLine]) -> None:
        """Cancels attempts that others have ended because heartbeats of this worker were missing."""
        dropped = Counter((one.path, one.execution_id) for one in lines if one.attempt_id in ended)
        message = "%d log lines of task %s of execution %s are dropped: its attempt had ended"
        for (path, execution_id), count in dropped.items():
            logger.warning(message, count, path, execution_id)
        for attempt in self._executor.running.values():
            if attempt.id in ended:
                attempt.log.close()
                attempt.cancellation.cancel(CancelReason.LEASE_LOST)

    async def _register(self) -> None:
        row = WorkerRow(
            self.id, self.name, socket.gethostname(), os.getpid(), self._queues, self._concurrency
        )
        self._clock.set(await workers.register(self._pool, row))

    def _held(self) -> list[UUID]:
        """Called by the heartbeat's thread. Safe there: copying the keys is atomic."""
        return list(self._executor.running)

    def _on_beat(self, beat: Beat) -> None:
        self._cancel_killed(beat.statuses)
        for lease in set(beat.requested) - {status.lease for status in beat.statuses}:
            if attempt := self._executor.running.get(lease):
                logger.warning("the lease of %s was lost: its attempt is cancelled", attempt)
                attempt.cancellation.cancel(CancelReason.LEASE_LOST)

    async def _heartbeat_jobs(self) -> None:
        await self._queue.heartbeat([*self._taken, *self._starting])
        self._orphan_reaper.scan(self._reaper.spared | self._isolation.spared)

    def _cancel_killed(self, statuses: Sequence[LeaseStatus]) -> None:
        for status in statuses:
            attempt = self._executor.running.get(status.lease)
            if attempt and status.kill_requested:
                grace = 0.0 if status.force else attempt.spec.kill_grace
                attempt.cancellation.cancel(CancelReason.KILLED, grace)

    async def _watch_for_kills(self) -> None:
        """Learns of kills within milliseconds, by notifications; the heartbeat would within seconds."""
        with self._feed.watch("k:*") as watch:
            while True:
                changed = await watch.changed(_LOOK_AGAIN)
                heavy = [
                    each
                    for each in self._executor.running.values()
                    if (not changed or f"k:{each.execution.id}" in changed)
                    and self._can_be_killed(each)
                ]
                if not heavy:
                    continue
                with log_errors(logger, "could not read which attempts to kill"):
                    executions = [attempt.execution.id for attempt in heavy]
                    mine = [attempt.lease for attempt in heavy]
                    self._cancel_killed(await leases.read_status(self._pool, mine, executions))

    def _can_be_killed(self, attempt: AttemptContext) -> bool:
        return not (
            self._executor.is_light(attempt.spec_type) or attempt.cancellation.force.is_set()
        )

    async def _report(self) -> None:
        """Sends the progress that tasks reported, at most once a second for each."""
        dirty = [each for each in self._executor.running.values() if each.reporter.is_dirty]
        async with asyncio.TaskGroup() as group:
            for attempt in dirty:
                group.create_task(self._report_one(attempt))

    async def _report_one(self, attempt: AttemptContext) -> None:
        with log_errors(logger, f"could not store what {attempt} reported; trying again"):
            if await attempt.reporter.store():
                self._feed.hint({f"m:{attempt.execution.id}"})
            await self._executor.report(attempt)
