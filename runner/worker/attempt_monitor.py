"""Attends to the attempts that run in a worker: kills, lost leases, reports and log lines."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from uuid import UUID

from runner.attempt.attempt import AttemptContext
from runner.attempt.cancellation import CancelReason
from runner.notify.feed import Feed
from runner.service.log_refs import LogRef
from runner.service.loop import log_errors
from runner.store.execution import leases
from runner.store.execution.leases import LeaseStatus
from runner.store.logs.log_lines import NewLine, append_running
from runner.store.postgres.connection import Pool
from runner.worker.heartbeat import Beat
from runner.worker.job_executor import JobExecutor

logger = logging.getLogger("headway.worker")

_LOOK_AGAIN = 1.0


class AttemptMonitor:
    def __init__(self, pool: Pool, feed: Feed, executor: JobExecutor) -> None:
        self._pool = pool
        self._feed = feed
        self._executor = executor

    async def write_log(self, lines: Sequence[NewLine]) -> None:
        if ended := await append_running(self._pool, lines):
            self._fence(ended, lines)
        self._feed.notify(
            {f"l:{line.execution_id}" for line in lines if line.attempt_id not in ended}
        )

    def _fence(self, ended: Collection[UUID], lines: Sequence[NewLine]) -> None:
        """Cancels attempts that others have ended because heartbeats of this worker were missing."""
        dropped = Counter(
            LogRef(one.execution_id, one.path) for one in lines if one.attempt_id in ended
        )
        for ref, count in dropped.items():
            logger.warning("%d log lines of %s are dropped: its attempt had ended", count, ref)
        for attempt in self._executor.running.values():
            if attempt.id in ended:
                attempt.log.close()
                attempt.cancellation.cancel(CancelReason.LEASE_LOST)

    def held(self) -> list[UUID]:
        """Called by the heartbeat's thread. Safe there: copying the keys is atomic."""
        return list(self._executor.running)

    def on_beat(self, beat: Beat) -> None:
        self._cancel_killed(beat.statuses)
        for lease in set(beat.requested) - {status.lease for status in beat.statuses}:
            if attempt := self._executor.running.get(lease):
                logger.warning("the lease of %s was lost: its attempt is cancelled", attempt)
                attempt.cancellation.cancel(CancelReason.LEASE_LOST)

    def _cancel_killed(self, statuses: Sequence[LeaseStatus]) -> None:
        for status in statuses:
            attempt = self._executor.running.get(status.lease)
            if attempt and status.kill_requested:
                grace = 0.0 if status.force else attempt.spec.kill_grace
                attempt.cancellation.cancel(CancelReason.KILLED, grace)

    async def watch_for_kills(self) -> None:
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

    async def report(self) -> None:
        """Sends the progress that tasks reported, at most once a second for each."""
        dirty = [each for each in self._executor.running.values() if each.reporter.is_dirty]
        async with asyncio.TaskGroup() as group:
            for attempt in dirty:
                group.create_task(self._report_one(attempt))

    async def _report_one(self, attempt: AttemptContext) -> None:
        with log_errors(logger, "could not store what %s reported; trying again", attempt):
            if await attempt.reporter.store():
                self._feed.notify({f"m:{attempt.execution.id}"})
            await self._executor.report(attempt)
