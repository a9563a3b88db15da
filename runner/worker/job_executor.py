"""Runs one job: requests its start from the engine, runs the attempt, and reports the result."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from models.errors import Fault, HeadwayError, Refused, Unavailable
from models.events.events import CommandOrigin, TaskError
from models.ids import new_id
from models.lifecycle.commands.commands import Finish, Start
from models.lifecycle.commands.outcomes import (
    AttemptOutcome,
    Errored,
    Failed,
    FromCache,
    HandedBack,
    Killed,
    Lost,
    Succeeded,
    TimedOut,
)
from models.lifecycle.provenance import Reused
from models.lifecycle.transition import Transition
from models.logs import LogLevel
from models.payloads import CannotBeStored
from models.states import Channel
from models.task_error import message_with_exit_code
from runner.attempt.attempt import AttemptContext, WorkerServices
from runner.attempt.cancellation import CancelReason, Stopped
from runner.engine.engine import Engine
from runner.executors.executor import Executor, Outcome
from runner.expressions.evaluator import EvaluationFailed
from runner.files.artifact_store import StoreFull
from runner.files.disk_space import disk_full_error
from runner.service.log_refs import LogRef
from runner.service.outage import UNREACHABLE
from runner.service.retry import retry_until_available
from runner.store.cache import find_task_run
from runner.store.job_queue import TakenJob
from runner.worker.timeout import enforce_timeout

logger = logging.getLogger("headway.worker")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_DISK_FULL_PAUSE = 2.0
"""Seconds without taking jobs after an attempt found the disk full."""


class JobExecutor:
    """`running` holds, by lease, the attempts whose result is not reported yet."""

    def __init__(
        self,
        actor: str,
        engine: Engine,
        services: WorkerServices,
        executors: Mapping[str, Executor],
    ) -> None:
        self._actor = actor
        self._origin = CommandOrigin(actor, Channel.ENGINE)
        self._engine = engine
        self.services = services
        self._executors = executors
        self.running: dict[UUID, AttemptContext] = {}
        self.disk_full_until = 0.0
        """Until when no jobs are taken, by the loop's clock, since an attempt found the disk full."""

    def is_light(self, task_type: str) -> bool:
        executor = self._executors.get(task_type)
        return executor is None or executor.light

    async def start(self, job: TakenJob) -> AttemptContext | None:
        """Returns None when the job is obsolete; the engine has deleted it then."""
        id, lease = new_id(), new_id()
        command = Start(job.path, job.attempt, id, self._actor, lease, job.id)
        transition = await self._request_start(job, command)
        task = transition.execution.tasks.get(job.path) if transition else None
        if transition is None or task is None or task.lease != lease:
            return None
        attempt = AttemptContext(self.services, transition.execution, task, id, lease)
        self.running[lease] = attempt
        return attempt

    async def _request_start(self, job: TakenJob, command: Start) -> Transition | None:
        """Retries until the engine responds: the attempt may have begun without a response. The caller sees by the
        lease whether it has."""
        ref, pause = LogRef(job.execution_id, job.path), _FIRST_PAUSE
        while True:
            try:
                return await self._engine.execute(job.execution_id, command, self._origin)
            except Unavailable as error:
                logger.debug("could not start %s; trying again: %s", ref, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except HeadwayError as error:
                logger.info("%s was not started: %s", ref, error)
                return None

    async def run(self, attempt: AttemptContext) -> None:
        """Returns when the engine has the result of the attempt, or when the lease is lost and the result void."""
        try:
            finish = await self._result(attempt)
            await self._report_result(attempt, finish)
        finally:
            self.running.pop(attempt.lease, None)

    async def report(self, attempt: AttemptContext) -> None:
        """Sends the engine what the task has reported since the last call; does nothing while a report or the result is
        being sent."""
        if not attempt.report_lock.locked():
            async with attempt.report_lock:
                await self._report(attempt)

    async def _report(self, attempt: AttemptContext) -> None:
        """The caller must hold `attempt.report_lock`."""
        pending = attempt.reporter.take_pending()
        if not pending:
            return
        report = attempt.reporter.report(attempt.lease, pending)
        try:
            transition = await self._engine.execute(attempt.execution.id, report, self._origin)
        except Unavailable:
            attempt.reporter.requeue(pending)
            raise
        except HeadwayError as error:
            logger.warning("a report of %s was refused and is lost: %s", attempt, error)
            message = f"a report of the task was refused: {attempt.mask.text(str(error))}"
            if pending.outputs:
                await attempt.reporter.refuse(CannotBeStored.code, message)
            else:
                await attempt.log.note(message, LogLevel.WARN)
            return
        if transition.refused:
            attempt.cancellation.cancel(CancelReason.LEASE_LOST)

    async def _result(self, attempt: AttemptContext) -> Finish:
        try:
            async with enforce_timeout(self.services.pool, attempt):
                finish = await self._cached(attempt) or await self._executed(attempt)
        except Stopped as stopped:
            finish = _stopped(attempt, stopped)
        except EvaluationFailed as failed:
            finish = _internal_error(attempt, TaskError(failed.code, str(failed)))
        except Exception as error:
            if full := disk_full_error(error):
                return await self._hand_back_disk_full(attempt, full)
            logger.exception("%s failed in the worker", attempt)
            finish = _internal_error(
                attempt, TaskError("INTERNAL", f"{type(error).__name__}: {error}")
            )
        if cause := finish.outcome.error:
            refused = attempt.reporter.error
            if refused is None or refused.message != cause.message:  # otherwise the log has it
                note = message_with_exit_code(cause.message, finish.exit_code)
                await attempt.log.note(note, LogLevel.ERROR)
        return finish

    async def _hand_back_disk_full(self, attempt: AttemptContext, error: OSError) -> Finish:
        """The task is not at fault: it is run again, by a worker with free disk space."""
        self.disk_full_until = asyncio.get_running_loop().time() + _DISK_FULL_PAUSE
        logger.error("the disk is full for %s: %s", attempt, error)
        folder = error.filename if isinstance(error, StoreFull) else self.services.data_dir
        message = (
            f"{self._actor} has no disk space left in {folder}: free some space there "
            f"({error.strerror})"
        )
        await attempt.log.note(attempt.mask.text(message), LogLevel.ERROR)
        return _finish(attempt, HandedBack("disk full", TaskError("DISK_FULL", message)))

    async def _cached(self, attempt: AttemptContext) -> Finish | None:
        """Returns the result of an earlier success with the same cache key, if there is one."""
        cache = attempt.spec.cache
        if cache is None or attempt.execution.options.no_cache:
            return None
        attempt.cache_key = await attempt.task_key()
        pool = self.services.pool
        read = partial(find_task_run, pool, attempt.cache_key, cache.ttl)
        found = await attempt.cancellation.cancels(retry_until_available(pool, read))
        if found is None:
            return None
        return _finish(attempt, FromCache(Reused(found.state, found.holder, found.outputs)))

    async def _executed(self, attempt: AttemptContext) -> Finish:
        outcome = await self._outcome(attempt)
        await attempt.reporter.add_outputs(outcome.outputs)
        return _ended(attempt, outcome)

    async def _outcome(self, attempt: AttemptContext) -> Outcome:
        kind = attempt.spec_type
        executor = self._executors.get(kind)
        if executor is None:
            return Outcome.failed("NO_EXECUTOR", f"this worker cannot run {kind!r} tasks")
        return await executor.run(attempt)

    async def _report_result(self, attempt: AttemptContext, finish: Finish) -> None:
        """Reports the result, after everything that the attempt logged, measured and reported is stored."""
        pause = _FIRST_PAUSE
        while attempt.cancellation.reason is not CancelReason.LEASE_LOST:
            try:
                await attempt.reporter.store()
                # Under the lock, so that the result does not overtake a report with outputs.
                async with attempt.report_lock:
                    if attempt.reporter.pending.needs_report:
                        await self._report(attempt)
                    await attempt.log.flushed()
                    await self._finish(attempt, finish)
                return
            except (Unavailable, *UNREACHABLE) as error:
                logger.warning(
                    "could not report the result of %s; trying again: %s", attempt, error
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Fault as fault:
                if isinstance(finish.outcome, Errored):
                    raise
                finish = _internal_error(attempt, TaskError("INTERNAL", str(fault)))

    async def _finish(self, attempt: AttemptContext, finish: Finish) -> None:
        pending = attempt.reporter.take_pending()
        succeeded = isinstance(finish.outcome, Succeeded | FromCache)
        if succeeded and (error := attempt.reporter.error):
            finish = replace(finish, outcome=Failed(error))  # refused since
        result = replace(finish, inputs=pending.inputs, outputs=pending.outputs or None)
        rejected = "the result of %s was rejected: %s"
        try:
            transition = await self._engine.execute(attempt.execution.id, result, self._origin)
        except Unavailable:
            attempt.reporter.requeue(pending)
            raise
        except Refused as refused:
            logger.warning(rejected, attempt, refused)
            return
        if transition.refused:
            why = "it came too late"
            logger.warning(rejected, attempt, why)


def _ended(attempt: AttemptContext, outcome: Outcome) -> Finish:
    error = _both(outcome.error, attempt.reporter.error)
    ended = Failed(_masked(attempt, error)) if error else Succeeded(attempt.cache_key)
    return _finish(attempt, ended, outcome.exit_code, outcome.resources)


def _both(error: TaskError | None, refused: TaskError | None) -> TaskError | None:
    """Combines the two errors. The failure of the program comes first: an output that it left half written is not the
    cause of that failure."""
    if error is None or refused is None:
        return error or refused
    return replace(error, message=f"{error.message}; besides {refused.code}: {refused.message}")


def _stopped(attempt: AttemptContext, stopped: Stopped) -> Finish:
    return _finish(attempt, _stopped_by(attempt), stopped.exit_code, stopped.resources)


def _stopped_by(attempt: AttemptContext) -> AttemptOutcome:
    match attempt.cancellation.reason:
        case CancelReason.TIMED_OUT:
            message = f"took longer than its timeout of {attempt.spec.timeout} s"
            return TimedOut(TaskError("TIMED_OUT", message))
        case CancelReason.DRAINED:
            return HandedBack("drained")
        case CancelReason.LEASE_LOST:
            return Lost()
        case CancelReason.KILLED | None:
            return Killed()


def _internal_error(attempt: AttemptContext, error: TaskError) -> Finish:
    return _finish(attempt, Errored(_masked(attempt, error)))


def _masked(attempt: AttemptContext, error: TaskError) -> TaskError:
    return replace(error, message=attempt.mask.text(error.message))


def _finish(
    attempt: AttemptContext,
    outcome: AttemptOutcome,
    exit_code: int | None = None,
    resources: Mapping[str, Any] | None = None,
) -> Finish:
    return Finish(
        path=attempt.task.path,
        lease=attempt.lease,
        attempt=attempt.task.attempt,
        outcome=outcome,
        exit_code=exit_code,
        resources=resources,
    )
