"""Takes jobs, carries them out, keeps their leases, and ends what is to end. The same in `serve` and in `worker`."""

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
from runner.files.disk_space import LEAST_FILES, LEAST_ROOM, lacks_room
from runner.isolation.host_guard import rules_here
from runner.isolation.isolation import Isolation, Kept
from runner.notify.feed import Feed
from runner.processes.family import OrphanReaper, adopt_orphans
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
_CLEAR_UP_EVERY = 60.0
_GATHER = 0.003
"""Seconds for more slots to become free, so that one question to the queue fills them all."""
_LIGHT_BATCH = 200
_LIGHT_AT_ONCE = 400
_DRAIN_GRACE = 2.0
_HAND_IN_WITHIN = 10.0


class Worker:
    """Async context manager; works while it is entered. Leaving it drains without patience."""

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
        vault: Cipher | None = None,
        artifacts_url: str | None = None,
        env: Mapping[str, str] | None = None,
        hosts: HostRules | None = None,
        kept: Kept | None = None,
    ) -> None:
        self.id, self.name = id or new_id(), name
        self._pool, self._url = database.pool, database.url
        self._feed = feed
        self._queue, self._queues = queue, tuple(queues)
        self._concurrency, self._drain_timeout = concurrency, drain_timeout
        self._clock = DatabaseClock()
        self._logbook = LogWriter(self._write_log, clock=self._clock)
        self._reaper = Reaper(typed("wrk", self.id))
        store = ArtifactStore(artifacts_url or str(data_dir.resolve() / "artifacts"))
        self._isolation = Isolation(kept, data_dir, store.folder)
        self._work = WorkFolder(data_dir.resolve(), typed("wrk", self.id))
        self._surroundings = WorkerServices(
            worker_id=typed("wrk", self.id),
            data_dir=data_dir.resolve(),
            work=self._work.path,
            pool=self._pool,
            evaluator=evaluator,
            logbook=self._logbook,
            artifacts=store,
            reaper=self._reaper,
            vault=vault or Cipher(),
            messages=MessageReader(),
            isolation=self._isolation,
            env=env or {},
            inherited=inherited_env(os.environ),
            hosts=rules_here(hosts or HostRules(), database.url),
        )
        self._handler = JobExecutor(f"worker:{name}", engine, self._surroundings, load_executors())
        self._gravedigger = OrphanReaper()
        self._in_hand: list[int] = []
        """Jobs that were taken, and have not begun."""
        self._hands_back = False
        self._starting: set[int] = set()
        self._jobs: set[asyncio.Task[None]] = set()
        self._busy = self._light = self._appetite = 0
        self._heavy_seen, self._without_room = True, ""
        self._freed, self._stack = asyncio.Event(), AsyncExitStack()
        self._tasks = asyncio.TaskGroup()
        self._taking: asyncio.Task[None] | None = None
        self._loops: list[asyncio.Task[None]] = []

    @property
    def running(self) -> int:
        """Jobs in its hands."""
        return len(self._jobs)

    async def __aenter__(self) -> Self:
        adopt_orphans()
        provide_headway(self._surroundings.python_path)
        self._stack.enter_context(self._work)
        await self._isolation.begin(self._stack, self._work.path)
        await self._register()
        self._stack.enter_context(self._reaper)
        await self._stack.enter_async_context(self._logbook)
        await self._stack.enter_async_context(
            Heartbeat(self._url, self.id, self._clock, self._held, self._hear)
        )
        await self._tasks.__aenter__()
        self._taking = self._tasks.create_task(self._take_on(), name="worker takes")
        self._loops = [
            self._tasks.create_task(
                self._every(HEARTBEAT, self._look_after_jobs), name="worker jobs"
            ),
            self._tasks.create_task(
                self._every(_REPORT_EVERY, self._report), name="worker reports"
            ),
            self._tasks.create_task(self._watch_for_kills(), name="worker kills"),
            self._tasks.create_task(self._clear_up(), name="worker clears up"),
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
        """Take nothing new; after `timeout` seconds (its drain timeout) kill what still runs and hand it back."""
        if self._taking:
            self._taking.cancel()
        jobs = list(self._jobs)
        if jobs:
            await asyncio.wait(jobs, timeout=self._drain_timeout if timeout is None else timeout)
        self._hands_back = True
        for attempt in list(self._handler.running.values()):
            self._have_handed_back(attempt)
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=_DRAIN_GRACE + _HAND_IN_WITHIN)
        try:
            await workers.mark_stopped(self._pool, self.id)
        except UNREACHABLE as error:
            logger.warning("could not say that %s stops: %s", self.name, error)

    def _have_handed_back(self, attempt: AttemptContext) -> None:
        attempt.stop.cancel(CancelReason.DRAINED, min(attempt.spec.kill_grace, _DRAIN_GRACE))

    # -- taking -------------------------------------------------------------------------------------------------------

    async def _clear_up(self) -> None:
        """Removes what killed workers of this data dir left, at once and then now and again."""
        while True:
            with log_errors(logger, "could not remove what killed workers left"):
                await asyncio.to_thread(self._work.remove_left)
            await asyncio.sleep(_CLEAR_UP_EVERY)

    async def _take_on(self) -> None:
        with self._feed.watch(*(f"q:{queue}" for queue in self._queues)) as watch:
            while True:
                if self._lacks_room():
                    await asyncio.sleep(_LOOK_AGAIN)
                    continue
                free = self._concurrency - self._busy
                if free <= 0 or self._light >= _LIGHT_AT_ONCE:
                    self._freed.clear()
                    await self._freed.wait()
                    await asyncio.sleep(_GATHER)
                    continue
                full = False
                with log_errors(logger, "could not take jobs") as trouble:
                    full = await self._take(free)
                if trouble:
                    await asyncio.sleep(_LOOK_AGAIN)
                elif not full:
                    await watch.changed(_LOOK_AGAIN)

    def _lacks_room(self) -> bool:
        """A worker that cannot even make a folder would take every job of its queues and hand it back."""
        why = self._why_no_room()
        if why != self._without_room:
            if why:
                logger.error("%s: no jobs are taken", why)
            else:
                folder = self._surroundings.data_dir
                logger.warning("there is room in %s again: jobs are taken", folder)
        self._without_room = why
        return bool(why)

    def _why_no_room(self) -> str:
        """Nothing where there is room."""
        folder = self._surroundings.data_dir
        if lacks_room(folder):
            least = f"{LEAST_ROOM // 2**20} MiB or {LEAST_FILES} files"
            return f"{folder} has room for less than {least}"
        if asyncio.get_running_loop().time() < self._handler.without_room_until:
            return f"an attempt found no room in {folder}"
        return "" if self._work.claim() else self._work.trouble

    async def _take(self, free: int) -> bool:
        """Whether there may be more at once. More are taken than there are slots while all are light of late; those
        that turn out to need a slot go back."""
        self._appetite = 0 if self._heavy_seen else min(2 * max(self._appetite, free), _LIGHT_BATCH)
        self._heavy_seen = False
        limit = max(free, self._appetite)
        jobs = await self._queue.take(self._queues, limit)
        if back := await self._share_out(jobs, free):
            self._heavy_seen = True
            await self._queue.requeue(back)
        return len(jobs) == limit or bool(back)

    async def _share_out(self, jobs: Sequence[TakenJob], free: int) -> Sequence[TakenJob]:
        """Begins them; gives those back for which there is no slot."""
        heavy = jobs
        self._in_hand = [job.id for job in jobs]
        try:
            if len(jobs) > free:
                light, heavy = await self._sorted_out(jobs)
                self._begin(light, slot=False)
            self._begin(heavy[:free], slot=True)
        finally:
            # Those that did not begin come again soon, here or elsewhere.
            self._in_hand = []
        return heavy[free:]

    async def _sorted_out(self, jobs: Sequence[TakenJob]) -> tuple[list[TakenJob], list[TakenJob]]:
        types = await workers.task_types(self._pool, [job.task_run_id for job in jobs])
        light = [job for job in jobs if self._handler.is_light(types.get(job.task_run_id, ""))]
        ids = {job.id for job in light}
        return light, [job for job in jobs if job.id not in ids]

    def _begin(self, jobs: Sequence[TakenJob], slot: bool) -> None:
        for job in jobs:
            self._hold(slot, 1)
            self._starting.add(job.id)
            task = self._tasks.create_task(self._handle(job, slot))
            self._jobs.add(task)
            task.add_done_callback(self._jobs.discard)

    async def _handle(self, job: TakenJob, slot: bool) -> None:
        try:
            attempt = await self._handler.start(job)
            self._starting.discard(job.id)
            if attempt is None:
                return
            if self._hands_back:
                self._have_handed_back(attempt)
            light = self._handler.is_light(attempt.spec_type)
            self._heavy_seen |= not light
            if light and slot:
                self._hold(slot, -1)
                slot = False
                self._hold(slot, 1)
            await self._handler.carry_out(attempt)
        except Exception:
            logger.exception("%s of %s is left to its lease", job.path, job.execution_id)
        finally:
            self._starting.discard(job.id)
            self._hold(slot, -1)

    def _hold(self, slot: bool, change: int) -> None:
        if slot:
            self._busy += change
        else:
            self._light += change
        if change < 0:
            self._freed.set()

    # -- keeping ------------------------------------------------------------------------------------------------------

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            with log_errors(logger, f"the worker {self.name} goes on"):
                await work()

    async def _write_log(self, lines: Sequence[NewLine]) -> None:
        if ended := await append_running(self._pool, lines):
            self._fence(ended, lines)
        self._feed.hint(
            {f"l:{line.execution_id}" for line in lines if line.attempt_id not in ended}
        )

    def _fence(self, ended: Collection[UUID], lines: Sequence[NewLine]) -> None:
        """These attempts were ended by others while this worker was not heard of."""
        dropped = Counter(
            (line.path, line.attempt_id) for line in lines if line.attempt_id in ended
        )
        for (path, _), count in dropped.items():
            logger.warning("%d log lines of %s are dropped: its attempt had ended", count, path)
        for attempt in self._handler.running.values():
            if attempt.id in ended:
                attempt.page.close()
                attempt.stop.cancel(CancelReason.VOID)

    async def _register(self) -> None:
        row = WorkerRow(
            self.id, self.name, socket.gethostname(), os.getpid(), self._queues, self._concurrency
        )
        self._clock.told(await workers.register(self._pool, row))

    def _held(self) -> list[UUID]:
        """Called by the heartbeat's thread: copying the keys is one step of the interpreter."""
        return list(self._handler.running)

    def _hear(self, beat: Beat) -> None:
        self._obey(beat.statuses)
        for lease in set(beat.asked) - {status.lease for status in beat.statuses}:
            if attempt := self._handler.running.get(lease):
                logger.warning("lease of %s is void", attempt.task.path)
                attempt.stop.cancel(CancelReason.VOID)

    async def _look_after_jobs(self) -> None:
        await self._queue.heartbeat([*self._in_hand, *self._starting])
        self._gravedigger.look(self._reaper.spared | self._isolation.spared)

    def _obey(self, statuses: Sequence[LeaseStatus]) -> None:
        for status in statuses:
            attempt = self._handler.running.get(status.lease)
            if attempt and status.kill_requested:
                grace = 0.0 if status.force else attempt.spec.kill_grace
                attempt.stop.cancel(CancelReason.KILLED, grace)

    async def _watch_for_kills(self) -> None:
        """The heartbeat would learn of them within seconds, this within ms."""
        with self._feed.watch("k:*") as watch:
            while True:
                changed = await watch.changed(_LOOK_AGAIN)
                heavy = [
                    each
                    for each in self._handler.running.values()
                    if (not changed or f"k:{each.execution.id}" in changed)
                    and self._can_be_killed(each)
                ]
                if not heavy:
                    continue
                with log_errors(logger, "could not ask for kills"):
                    executions = [attempt.execution.id for attempt in heavy]
                    mine = [attempt.lease for attempt in heavy]
                    self._obey(await leases.read_status(self._pool, mine, executions))

    def _can_be_killed(self, attempt: AttemptContext) -> bool:
        return not self._handler.is_light(attempt.spec_type) and not attempt.stop.force.is_set()

    async def _report(self) -> None:
        """Sends what tasks said, at most once a second each."""
        said = [each for each in self._handler.running.values() if each.reports.has_news]
        async with asyncio.TaskGroup() as group:
            for attempt in said:
                group.create_task(self._report_one(attempt))

    async def _report_one(self, attempt: AttemptContext) -> None:
        with log_errors(logger, f"what {attempt.task.path} said waits"):
            if await attempt.reports.store():
                self._feed.hint({f"m:{attempt.execution.id}"})
            await self._handler.report(attempt)
