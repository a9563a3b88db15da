"""One job from its start to the end of its attempt: asked of the engine, carried out, handed in."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from uuid import UUID

from models.errors import Fault, HeadwayError, Refused, Unavailable
from models.events.events import CommandOrigin, TaskError
from models.ids import new_id
from models.lifecycle.commands.commands import Finish, Start
from models.lifecycle.provenance import Reused
from models.lifecycle.transition import Transition
from models.logs import LogLevel
from models.payloads import CannotBeStored
from models.states import AttemptState, Channel
from models.task_error import with_exit_code
from runner.attempt.attempt import AttemptContext, WorkerServices
from runner.attempt.cancellation import CancelReason, Stopped
from runner.engine.engine import Engine
from runner.executors.executor import Executor, Outcome
from runner.expressions.evaluator import EvaluationFailed
from runner.files.artifact_store import StoreFull
from runner.files.disk_space import out_of_room
from runner.service.outage import UNREACHABLE
from runner.service.retry import retry_until_available
from runner.store.cache import find_task_run
from runner.store.job_queue import TakenJob
from runner.worker.timeout import alarm

logger = logging.getLogger("headway.worker")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_WITHOUT_ROOM = 2.0
_STOPPED: Mapping[CancelReason, AttemptState] = {
    CancelReason.KILLED: AttemptState.KILLED,
    CancelReason.TIMED_OUT: AttemptState.TIMED_OUT,
    CancelReason.DRAINED: AttemptState.LOST,
}


class JobExecutor:
    """`running` holds, by lease, the attempts whose end has not been handed in."""

    def __init__(
        self,
        actor: str,
        engine: Engine,
        surroundings: WorkerServices,
        executors: Mapping[str, Executor],
    ) -> None:
        self._actor = actor
        self._ask = CommandOrigin(actor, Channel.ENGINE)
        self._engine = engine
        self._surroundings = surroundings
        self._executors = executors
        self.running: dict[UUID, AttemptContext] = {}
        self.without_room_until = 0.0
        """By the loop's clock: an attempt found no room, though there seemed to be."""

    def is_light(self, task_type: str) -> bool:
        executor = self._executors.get(task_type)
        return executor is None or executor.light

    async def start(self, job: TakenJob) -> AttemptContext | None:
        """None when the job no longer holds; the engine has deleted it then."""
        id, lease = new_id(), new_id()
        command = Start(job.path, job.attempt, id, self._actor, lease, job.id)
        transition = await self._ask_to_start(job, command)
        task = transition.execution.tasks.get(job.path) if transition else None
        if transition is None or task is None or task.lease != lease:
            return None
        attempt = AttemptContext(self._surroundings, transition.execution, task, id, lease)
        self.running[lease] = attempt
        return attempt

    async def _ask_to_start(self, job: TakenJob, command: Start) -> Transition | None:
        """Asked until the answer comes, for the attempt may have begun: whether it has shows in the lease."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._engine.execute(job.execution_id, command, self._ask)
            except Unavailable as error:
                logger.debug("the start of %s waits: %s", job.path, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except HeadwayError as error:
                logger.info("%s of %s was not started: %s", job.path, job.execution_id, error)
                return None

    async def carry_out(self, attempt: AttemptContext) -> None:
        """Returns when the engine has the end of the attempt, or when that is worth nothing any more."""
        try:
            finish = await self._run(attempt)
            await self._hand_in(attempt, finish)
        finally:
            self.running.pop(attempt.lease, None)

    async def report(self, attempt: AttemptContext) -> None:
        """Tell the engine what the task has said since; nothing while a report or the end is under way."""
        if not attempt.telling.locked():
            async with attempt.telling:
                await self._report(attempt)

    async def _report(self, attempt: AttemptContext) -> None:
        """For whoever holds `attempt.telling`."""
        pending = attempt.reports.take_pending()
        if not pending:
            return
        report = attempt.reports.report(attempt.lease, pending)
        try:
            transition = await self._engine.execute(attempt.execution.id, report, self._ask)
        except Unavailable:
            attempt.reports.put_back(pending)
            raise
        except HeadwayError as error:
            logger.warning("what %s said is lost: %s", attempt.task.path, error)
            told = f"what the task said was refused: {attempt.mask.text(str(error))}"
            if pending.outputs:
                await attempt.reports.refuse(CannotBeStored.code, told)
            else:
                await attempt.page.note(told, LogLevel.WARN)
            return
        if transition.refused:
            attempt.stop.cancel(CancelReason.VOID)

    async def _run(self, attempt: AttemptContext) -> Finish:
        try:
            async with alarm(self._surroundings.pool, attempt):
                finish = await self._cached(attempt) or await self._executed(attempt)
        except Stopped as stopped:
            finish = _stopped(attempt, stopped)
        except EvaluationFailed as failed:
            finish = _erred(attempt, TaskError(failed.code, str(failed)))
        except Exception as error:
            if full := out_of_room(error):
                return await self._without_room(attempt, full)
            logger.exception("%s of %s", attempt.task.path, attempt.execution.id)
            finish = _erred(attempt, TaskError("INTERNAL", f"{type(error).__name__}: {error}"))
        if finish.error:
            message = attempt.mask.text(finish.error.message)
            finish = replace(finish, error=replace(finish.error, message=message))
            refused = attempt.reports.error
            if refused is None or refused.message != message:  # else the log has it already
                await attempt.page.note(with_exit_code(message, finish.exit_code), LogLevel.ERROR)
        return finish

    async def _without_room(self, attempt: AttemptContext, error: OSError) -> Finish:
        """No fault of the task: it is run again, by a worker that has room."""
        self.without_room_until = asyncio.get_running_loop().time() + _WITHOUT_ROOM
        logger.error("no room for %s of %s: %s", attempt.task.path, attempt.execution.id, error)
        place = error.filename if isinstance(error, StoreFull) else self._surroundings.data_dir
        told = f"{self._actor} has no room left in {place}: make room there ({error.strerror})"
        await attempt.page.note(attempt.mask.text(told), LogLevel.ERROR)
        return Finish(
            path=attempt.task.path,
            lease=attempt.lease,
            state=AttemptState.LOST,
            attempt=attempt.task.attempt,
            error=TaskError("NO_ROOM", told),
            reason="no room",
            handed_back=True,
        )

    async def _cached(self, attempt: AttemptContext) -> Finish | None:
        """The end of an attempt for which an earlier success under the same key stands."""
        cache = attempt.spec.cache
        if cache is None or attempt.execution.no_cache:
            return None
        attempt.cache_key = await attempt.task_key()
        pool = self._surroundings.pool
        read = partial(find_task_run, pool, attempt.cache_key, cache.ttl)
        found = await attempt.stop.cancels(retry_until_available(pool, read))
        if found is None:
            return None
        return Finish(
            path=attempt.task.path,
            lease=attempt.lease,
            state=AttemptState.SUCCESS,
            attempt=attempt.task.attempt,
            cache_key=attempt.cache_key,
            reused=Reused(found.state, found.holder, found.outputs),
        )

    async def _executed(self, attempt: AttemptContext) -> Finish:
        outcome = await self._outcome(attempt)
        await attempt.reports.add_outputs(outcome.outputs)
        return _ended(attempt, outcome)

    async def _outcome(self, attempt: AttemptContext) -> Outcome:
        kind = attempt.spec_type
        executor = self._executors.get(kind)
        if executor is None:
            return Outcome.failed("NO_EXECUTOR", f"this worker cannot carry out {kind!r} tasks")
        return await executor.run(attempt)

    async def _hand_in(self, attempt: AttemptContext, finish: Finish) -> None:
        """Whatever the attempt logged, measured and said is stored before its end is."""
        pause = _FIRST_PAUSE
        while attempt.stop.reason is not CancelReason.VOID:
            try:
                await attempt.reports.store()
                async with attempt.telling:  # the end must not overtake a report with outputs
                    if attempt.reports.pending.needs_report:
                        await self._report(attempt)
                    await attempt.page.flushed()
                    await self._finish(attempt, finish)
                return
            except (Unavailable, *UNREACHABLE) as error:
                logger.warning("the end of %s waits: %s", attempt.task.path, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Fault as fault:
                if finish.erred:
                    raise
                finish = _erred(attempt, TaskError("INTERNAL", str(fault)))

    async def _finish(self, attempt: AttemptContext, finish: Finish) -> None:
        pending = attempt.reports.take_pending()
        if finish.state is AttemptState.SUCCESS and (error := attempt.reports.error):
            finish = replace(finish, state=AttemptState.FAILED, error=error)  # refused since
        told = replace(finish, inputs=pending.inputs, outputs=pending.outputs or None)
        try:
            transition = await self._engine.execute(attempt.execution.id, told, self._ask)
        except Unavailable:
            attempt.reports.put_back(pending)
            raise
        except Refused as refused:
            logger.warning("the end of %s was refused: %s", attempt.task.path, refused)
            return
        if transition.refused:
            logger.warning("the end of %s came too late", attempt.task.path)


def _ended(attempt: AttemptContext, outcome: Outcome) -> Finish:
    error = _both(outcome.error, attempt.reports.error)
    return Finish(
        path=attempt.task.path,
        lease=attempt.lease,
        state=AttemptState.FAILED if error else AttemptState.SUCCESS,
        attempt=attempt.task.attempt,
        error=error,
        exit_code=outcome.exit_code,
        resources=outcome.resources,
        cache_key=attempt.cache_key,
    )


def _both(error: TaskError | None, refused: TaskError | None) -> TaskError | None:
    """A program that failed comes first: what it left half written is no cause, and never one of its failure."""
    if error is None or refused is None:
        return error or refused
    return replace(error, message=f"{error.message}; besides {refused.code}: {refused.message}")


def _stopped(attempt: AttemptContext, stopped: Stopped) -> Finish:
    reason = attempt.stop.reason or CancelReason.KILLED
    error = None
    if reason is CancelReason.TIMED_OUT:
        error = TaskError("TIMED_OUT", f"took longer than its timeout of {attempt.spec.timeout} s")
    return Finish(
        path=attempt.task.path,
        lease=attempt.lease,
        state=_STOPPED.get(reason, AttemptState.LOST),
        attempt=attempt.task.attempt,
        error=error,
        exit_code=stopped.exit_code,
        resources=stopped.resources,
        reason="drained" if reason is CancelReason.DRAINED else None,
        handed_back=reason is CancelReason.DRAINED,
    )


def _erred(attempt: AttemptContext, error: TaskError) -> Finish:
    return Finish(
        path=attempt.task.path,
        lease=attempt.lease,
        state=AttemptState.FAILED,
        attempt=attempt.task.attempt,
        error=error,
        erred=True,
    )
