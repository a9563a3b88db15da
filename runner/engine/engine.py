"""The only writer of execution state; each process has one.

Commands that arrive while a transaction is in progress are executed together by the next one
(`runner.engine.transaction`). After its commit the callers get their results, and the feed sends notifications.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from uuid import UUID

from models.errors import Fault, HeadwayError, Unavailable
from models.events.events import ENGINE, CommandOrigin
from models.lifecycle.commands.commands import Beginning, Command
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Transition
from runner.engine.quotas import Quotas
from runner.engine.request import CommandRequest
from runner.engine.transaction import EngineTransaction
from runner.engine.transition_log import log_events
from runner.notify.feed import Feed
from runner.service.log_refs import LogRef
from runner.service.loop import Loop, log_errors
from runner.service.outage import ROLLED_BACK, UNREACHABLE, unavailable
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection
from runner.store.postgres.database import Database

logger = logging.getLogger("headway.engine")

_MAX_BATCH_SIZE = 500
"""Commands per transaction: larger transactions would hold their locks for too long."""
_MAX_CACHED_EXECUTIONS = 5_000
"""Snapshots of active executions in the cache. Each is checked against the seq of its row before use."""
_MAX_CACHED_TASK_RUNS = 200_000
"""Task runs of all cached snapshots: bounds memory if many executions are large."""
_TRIES = 3
"""Attempts at a transaction that the database rolls back (a deadlock, a lock timeout, a cancelled query)."""
_SHORT_LOCKS = "set local lock_timeout = '100ms'"
"""For the last attempt: it is split into halves until the command that waits for the lock is alone."""
_LOCK_RETRY = 0.005
"""Seconds until a command whose execution another process had locked is retried."""


ExtraWrites = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Commands that are executed in one transaction or not at all, with further writes in the same transaction."""

    requests: Sequence[CommandRequest]
    extra_writes: ExtraWrites
    answer: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def accept(self) -> None:
        if not self.answer.done():
            self.answer.set_result(None)

    def refuse(self, error: HeadwayError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Engine(Loop):
    """Async context manager; commands are accepted while it is entered."""

    def __init__(
        self,
        database: Database,
        feed: Feed,
        plans: Plans,
        most_open_recordings: int = Quotas().open_recordings,
    ) -> None:
        super().__init__()
        self._most_open_recordings = most_open_recordings
        self._database = database
        self._feed = feed
        self.plans = plans
        self._queues: tuple[deque[CommandRequest], deque[CommandRequest]] = (deque(), deque())
        self._groups: deque[_Group] = deque()
        self._bulk: set[CommandRequest] = set()
        self._delayed: list[CommandRequest] = []
        self._answers: dict[CommandRequest, asyncio.Future[Transition]] = {}
        self._has_requests = asyncio.Event()
        self._cache: OrderedDict[UUID, Execution] = OrderedDict()
        self._task_runs = 0

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        stopping = Unavailable("the server is stopping; try again")
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(stopping)
        for group in self._groups:
            group.refuse(stopping)

    async def create(
        self, command: Beginning, origin: CommandOrigin, *, bulk: bool = False
    ) -> Transition:
        """Creates an execution. With a known idempotency key and the same digest, returns the existing execution."""
        return await self.submit(CommandRequest(None, command, origin), bulk=bulk)

    async def execute(
        self,
        execution_id: UUID,
        command: Command,
        origin: CommandOrigin = ENGINE,
        *,
        bulk: bool = False,
        deferred_id: UUID | None = None,
    ) -> Transition:
        """Executes one command; returns after the commit. `deferred_id` is the row of a deferred command.

        Raises Refused if the command is not allowed (nothing changed), Unavailable if the database cannot be reached
        (the command may have been executed; it is safe to repeat it). `Transition.refused` is set if a start or a
        result came too late.
        """
        request = CommandRequest(execution_id, command, origin, deferred_id)
        return await self.submit(request, bulk=bulk)

    async def execute_atomically(
        self, requests: Sequence[CommandRequest], extra_writes: ExtraWrites
    ) -> None:
        """Executes all requests and `extra_writes` in one transaction. If one of them fails, none is executed: raises
        BatchRejected, or what `extra_writes` raised."""
        group = _Group(requests, extra_writes)
        self._groups.append(group)
        self._has_requests.set()
        await group.answer

    async def submit(self, request: CommandRequest, *, bulk: bool = False) -> Transition:
        """Executes one request. Those with `bulk` are executed after all others."""
        answer: asyncio.Future[Transition] = asyncio.get_running_loop().create_future()
        self._answers[request] = answer
        if bulk:
            self._bulk.add(request)
        self._queues[bulk].append(request)
        self._has_requests.set()
        return await answer

    async def _run_loop(self) -> None:
        while True:
            await self._has_requests.wait()
            batch = self._next_batch()
            try:
                if batch:
                    await self._execute(batch)
            except BaseException:
                self._requeue(batch)
                raise
            if self._groups:
                await self._execute_atomically(self._groups.popleft())

    def _next_batch(self) -> list[CommandRequest]:
        """Returns the next commands, interactive ones first. Cancelled callers do not cancel their commands."""
        batch: list[CommandRequest] = []
        for queue in self._queues:
            while queue and len(batch) < _MAX_BATCH_SIZE:
                batch.append(queue.popleft())
        if not any(self._queues) and not self._groups:
            self._has_requests.clear()
        return batch

    async def _execute(self, requests: Sequence[CommandRequest], tries: int = _TRIES) -> None:
        batch = EngineTransaction(
            requests, self._cache, self.plans, most_open_recordings=self._most_open_recordings
        )
        try:
            async with self._database.pool.acquire() as connection, connection.transaction():
                if tries == 1:
                    await connection.execute(_SHORT_LOCKS)
                await batch.run(connection)
        except ROLLED_BACK as error:
            logger.info("a transaction was rolled back and is retried: %s", error)
            if tries > 1:
                await self._execute(requests, tries - 1)
            elif len(requests) > 1:
                await self._execute_halves(requests, tries)
            else:
                self._answer_all(requests, unavailable(error))
        except UNREACHABLE as error:
            problem = unavailable(error)
            logger.warning("%s", problem)
            self._answer_all(requests, problem)
        except Exception as error:
            await self._isolate(requests, error)
        else:
            self._after_commit(batch)

    async def _execute_atomically(self, group: _Group, tries: int = _TRIES) -> None:
        batch = EngineTransaction(group.requests, self._cache, self.plans, atomic=True)
        try:
            async with self._database.pool.acquire() as connection, connection.transaction():
                await batch.run(connection)
                await group.extra_writes(connection)
        except UNREACHABLE as error:
            if tries > 1 and isinstance(error, ROLLED_BACK):
                await self._execute_atomically(group, tries - 1)
            else:
                group.refuse(unavailable(error))
        except HeadwayError as error:
            group.refuse(error)
        except Exception as error:
            self._evict_all(group.requests)
            logger.exception("an atomic group of %s commands failed", len(group.requests))
            group.refuse(Fault(f"could not be written: {error}"))
        except BaseException:
            group.refuse(Unavailable("the server is stopping; try again"))
            raise
        else:
            self._after_commit(batch)
            group.accept()

    async def _isolate(self, requests: Sequence[CommandRequest], error: Exception) -> None:
        """Retries the commands in halves until the one that fails is alone, so that the others succeed."""
        self._evict_all(requests)
        if len(requests) == 1:
            name = type(requests[0].command).__name__
            id = requests[0].execution_id
            ref = LogRef(id) if id else "a new execution"
            logger.exception("the command %s of %s failed", name, ref, exc_info=error)
            self._answer(requests[0], Fault(f"could not be written: {error}"))
            return
        await self._execute_halves(requests, _TRIES)

    async def _execute_halves(self, requests: Sequence[CommandRequest], tries: int) -> None:
        half = len(requests) // 2
        await self._execute(requests[:half], tries)
        await self._execute(requests[half:], tries)

    def _after_commit(self, batch: EngineTransaction) -> None:
        for id in batch.changed:
            self._cache_execution(batch.executions[id])
        self._feed.notify(_topics(batch))
        for request, outcome in batch.outcomes.items():
            if outcome is None:
                self._retry_later(request)
            else:
                self._answer(request, outcome)
        with log_errors(logger, "could not log the transitions of a batch"):
            for id, events in batch.events.items():
                log_events(batch.executions[id], events)

    def _cache_execution(self, execution: Execution) -> None:
        self._evict(execution.id)
        if execution.ended:
            return
        self._cache[execution.id] = execution
        self._task_runs += len(execution.tasks)
        while len(self._cache) > _MAX_CACHED_EXECUTIONS or self._task_runs > _MAX_CACHED_TASK_RUNS:
            self._evict(next(iter(self._cache)))

    def _evict(self, id: UUID) -> None:
        cached = self._cache.pop(id, None)
        if cached is not None:
            self._task_runs -= len(cached.tasks)

    def _evict_all(self, requests: Sequence[CommandRequest]) -> None:
        for each in requests:
            if each.execution_id:
                self._evict(each.execution_id)

    def _retry_later(self, request: CommandRequest) -> None:
        """Delayed requests are requeued together, so that they keep their order."""
        if not self._delayed:
            asyncio.get_running_loop().call_later(_LOCK_RETRY, self._requeue_delayed)
        self._delayed.append(request)

    def _requeue_delayed(self) -> None:
        delayed, self._delayed = self._delayed, []
        self._requeue(delayed)

    def _requeue(self, batch: Sequence[CommandRequest]) -> None:
        """Puts requests back to the front of their queues."""
        for request in reversed(batch):
            if request in self._answers:
                self._queues[request in self._bulk].appendleft(request)
        self._has_requests.set()

    def _answer_all(self, requests: Iterable[CommandRequest], error: HeadwayError) -> None:
        for each in requests:
            self._answer(each, error)

    def _answer(self, request: CommandRequest, outcome: Transition | HeadwayError) -> None:
        self._bulk.discard(request)
        answer = self._answers.pop(request, None)
        if answer is None or answer.done():
            return
        if isinstance(outcome, HeadwayError):
            if isinstance(outcome, Fault) and not isinstance(outcome, Unavailable):
                logger.error("%s", outcome, exc_info=outcome.__cause__)
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)


def _topics(batch: EngineTransaction) -> set[str]:
    topics = {f"e:{id}" for id in batch.changed}
    topics |= {f"q:{job.queue}" for _, job in batch.jobs}
    topics |= {f"k:{id}" for id in batch.to_kill}
    topics |= {f"c:{id}" for id in batch.changed_parents}
    if batch.deferred:
        topics.add("d")
    topics |= {f"b:{request.bulk_item.bulk_id}" for request in batch.requests if request.bulk_item}
    return topics
