"""Takes jobs from the queues while slots are free, and runs their attempts."""

import asyncio
import logging
from collections.abc import Sequence

from runner.attempt.attempt import AttemptContext
from runner.attempt.cancellation import CancelReason
from runner.files.disk_space import MIN_FREE_BYTES, MIN_FREE_FILES, is_nearly_full
from runner.notify.feed import Feed
from runner.service.log_refs import LogRef
from runner.service.loop import log_errors
from runner.store import workers
from runner.store.job_queue import JobQueue, TakenJob
from runner.worker.job_executor import JobExecutor
from runner.worker.work_folder import WorkFolder

logger = logging.getLogger("headway.worker")

_LOOK_AGAIN = 1.0
_GATHER = 0.003
"""Seconds in which more slots may become free, so that one query of the queue fills all of them."""
_LIGHT_BATCH = 200
_MAX_LIGHT_JOBS = 400
DRAIN_GRACE = 2.0


class JobTaker:
    """`jobs` are the jobs that are being started, run or reported, as tasks of the `group`."""

    def __init__(
        self,
        queue: JobQueue,
        queues: Sequence[str],
        concurrency: int,
        feed: Feed,
        executor: JobExecutor,
        folder: WorkFolder,
        group: asyncio.TaskGroup,
    ) -> None:
        self._queue, self._queues = queue, tuple(queues)
        self._concurrency = concurrency
        self._feed = feed
        self._executor = executor
        self._folder = folder
        self._group = group
        self.jobs: set[asyncio.Task[None]] = set()
        self._taken: list[int] = []
        """Ids of jobs that were taken and are not being started yet."""
        self._draining = False
        self._starting: set[int] = set()
        self._slots_used = self._light_jobs = self._prefetch = 0
        self._saw_heavy, self._disk_error = True, ""
        self._freed = asyncio.Event()

    async def heartbeat(self) -> None:
        """Keeps the jobs that were taken and have not begun: the queue gives others to another worker."""
        await self._queue.heartbeat([*self._taken, *self._starting])

    def hand_back_all(self) -> None:
        """Kills the attempts that run, and those that begin from now on; other workers run them again."""
        self._draining = True
        for attempt in list(self._executor.running.values()):
            self._hand_back(attempt)

    async def run(self) -> None:
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
                logger.warning(
                    "%s has free disk space: jobs are taken", self._executor.services.data_dir
                )
        self._disk_error = problem
        return bool(problem)

    def _disk_problem(self) -> str:
        """Returns why attempts cannot use the disk; empty if they can."""
        folder = self._executor.services.data_dir
        if is_nearly_full(folder):
            least = f"{MIN_FREE_BYTES // 2**20} MiB or {MIN_FREE_FILES} files"
            return f"{folder} has free disk space for less than {least}"
        if asyncio.get_running_loop().time() < self._executor.disk_full_until:
            return f"an attempt found the disk of {folder} full"
        return "" if self._folder.claim() else self._folder.failure

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
        types = await workers.task_types(
            self._executor.services.pool, [job.task_run_id for job in jobs]
        )
        light = [job for job in jobs if self._executor.is_light(types.get(job.task_run_id, ""))]
        ids = {job.id for job in light}
        return light, [job for job in jobs if job.id not in ids]

    def _start(self, jobs: Sequence[TakenJob], slot: bool) -> None:
        for job in jobs:
            self._count(slot, 1)
            self._starting.add(job.id)
            task = self._group.create_task(self._handle(job, slot))
            self.jobs.add(task)
            task.add_done_callback(self.jobs.discard)

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
            ref = LogRef(job.execution_id, job.path)
            logger.exception("%s failed in the worker; it is retried when its lease ends", ref)
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

    def _hand_back(self, attempt: AttemptContext) -> None:
        grace = min(attempt.spec.kill_grace, DRAIN_GRACE)
        attempt.cancellation.cancel(CancelReason.DRAINED, grace)
