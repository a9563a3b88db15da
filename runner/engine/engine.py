"""The only writer of execution state: one a process.

Commands gather while a transaction is under way, and the next one carries them all (`runner.engine.transaction`).
After its commit the callers get their results, and the feed sends a notification.
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
from runner.service.loop import Loop
from runner.service.outage import ROLLED_BACK, UNREACHABLE, unavailable
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection
from runner.store.postgres.database import Database

logger = logging.getLogger("headway.engine")

_MAX_BATCH_SIZE = 500
"""Commands in one transaction at most: larger ones hold their locks for too long."""
_MAX_CACHED_EXECUTIONS = 5_000
"""Snapshots kept, so that a living execution is not read again; each is checked against its row's seq."""
_MAX_CACHED_TASK_RUNS = 200_000
"""Task runs in them: thousands of large ones would fill the memory."""
_TRIES = 3
"""How often a transaction that the database took back (a deadlock, a wait for a lock, a cancelled query) is made."""
_SHORT_LOCKS = "set local lock_timeout = '100ms'"
"""For the last try, which is made in halves until the command that meets the lock stands alone."""
_LOCK_RETRY = 0.005
"""Seconds until a command whose execution another process had locked is tried again."""


Beside = Callable[[Connection], Awaitable[None]]


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Commands that are carried out together or not at all, and what is written beside them."""

    requests: Sequence[CommandRequest]
    beside: Beside
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
        self._lines: tuple[deque[CommandRequest], deque[CommandRequest]] = (deque(), deque())
        self._groups: deque[_Group] = deque()
        self._bulk: set[CommandRequest] = set()
        self._delayed: list[CommandRequest] = []
        self._answers: dict[CommandRequest, asyncio.Future[Transition]] = {}
        self._some = asyncio.Event()
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
        """Accept a new execution; the same idempotency key and digest answer with the first one's snapshot."""
        return await self.submit(CommandRequest(None, command, origin), bulk=bulk)

    async def execute(
        self,
        execution_id: UUID,
        command: Command,
        origin: CommandOrigin = ENGINE,
        *,
        bulk: bool = False,
        owed: UUID | None = None,
    ) -> Transition:
        """Carry out one command; returns after the commit.

        Raises Refused when it may not be (nothing changed), Unavailable when the database cannot be reached (it may
        or may not have happened: asking again is safe). `Transition.refused` tells of a start or result come too late.
        """
        return await self.submit(CommandRequest(execution_id, command, origin, owed), bulk=bulk)

    async def execute_atomically(self, requests: Sequence[CommandRequest], beside: Beside) -> None:
        """Carry out all of these in one transaction, and `beside` in it too; or, raising NotAll, none of them.

        What `beside` raises takes everything back.
        """
        group = _Group(requests, beside)
        self._groups.append(group)
        self._some.set()
        await group.answer

    async def submit(self, request: CommandRequest, *, bulk: bool = False) -> Transition:
        """As `create` and `execute`; what is `bulk` comes after everything else."""
        answer: asyncio.Future[Transition] = asyncio.get_running_loop().create_future()
        self._answers[request] = answer
        if bulk:
            self._bulk.add(request)
        self._lines[bulk].append(request)
        self._some.set()
        return await answer

    async def _run_loop(self) -> None:
        while True:
            await self._some.wait()
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
        """Interactive commands first; those whose asker has gone are carried out all the same."""
        batch: list[CommandRequest] = []
        for line in self._lines:
            while line and len(batch) < _MAX_BATCH_SIZE:
                batch.append(line.popleft())
        if not any(self._lines) and not self._groups:
            self._some.clear()
        return batch

    async def _execute(self, requests: Sequence[CommandRequest], tries: int = _TRIES) -> None:
        batch = EngineTransaction(
            requests,
            self._cache,
            self.plans,
            most_open_recordings=self._most_open_recordings,
        )
        try:
            async with self._database.pool.acquire() as connection, connection.transaction():
                if tries == 1:
                    await connection.execute(_SHORT_LOCKS)
                await batch.run(connection)
        except ROLLED_BACK as error:
            logger.info("a transaction was taken back, and is tried again: %s", error)
            if tries > 1:
                await self._execute(requests, tries - 1)
            elif len(requests) > 1:
                await self._execute_halves(requests, tries)
            else:
                self._answer_all(requests, unavailable(error))
        except UNREACHABLE as error:
            away = unavailable(error)
            logger.warning("%s", away)
            self._answer_all(requests, away)
        except Exception as error:
            await self._isolate(requests, error)
        else:
            self._after_commit(batch)

    async def _execute_atomically(self, group: _Group, tries: int = _TRIES) -> None:
        batch = EngineTransaction(group.requests, self._cache, self.plans, atomic=True)
        try:
            async with self._database.pool.acquire() as connection, connection.transaction():
                await batch.run(connection)
                await group.beside(connection)
        except UNREACHABLE as error:
            if tries > 1 and isinstance(error, ROLLED_BACK):
                await self._execute_atomically(group, tries - 1)
            else:
                group.refuse(unavailable(error))
        except HeadwayError as error:
            group.refuse(error)
        except Exception as error:
            self._evict_all(group.requests)
            logger.exception("%s commands together failed", len(group.requests))
            group.refuse(Fault(f"could not be written: {error}"))
        except BaseException:
            group.refuse(Unavailable("the server is stopping; try again"))
            raise
        else:
            self._after_commit(batch)
            group.accept()

    async def _isolate(self, requests: Sequence[CommandRequest], error: Exception) -> None:
        """One command's fault must not take the others with it: halve until it stands alone."""
        self._evict_all(requests)
        if len(requests) == 1:
            logger.exception("%s failed", type(requests[0].command).__name__, exc_info=error)
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
        for id, events in batch.events.items():
            log_events(batch.executions[id].name, events)
        self._feed.hint(_topics(batch))
        for request, verdict in batch.outcomes.items():
            if verdict is None:
                self._retry_later(request)
            else:
                self._answer(request, verdict)

    def _cache_execution(self, execution: Execution) -> None:
        self._evict(execution.id)
        if execution.ended:
            return
        self._cache[execution.id] = execution
        self._task_runs += len(execution.tasks)
        while len(self._cache) > _MAX_CACHED_EXECUTIONS or self._task_runs > _MAX_CACHED_TASK_RUNS:
            self._evict(next(iter(self._cache)))

    def _evict(self, id: UUID) -> None:
        known = self._cache.pop(id, None)
        if known is not None:
            self._task_runs -= len(known.tasks)

    def _evict_all(self, requests: Sequence[CommandRequest]) -> None:
        for each in requests:
            if each.execution_id:
                self._evict(each.execution_id)

    def _retry_later(self, request: CommandRequest) -> None:
        """All that are put off come back at once, so that they keep their order."""
        if not self._delayed:
            asyncio.get_running_loop().call_later(_LOCK_RETRY, self._requeue_delayed)
        self._delayed.append(request)

    def _requeue_delayed(self) -> None:
        put_off, self._delayed = self._delayed, []
        self._requeue(put_off)

    def _requeue(self, batch: Sequence[CommandRequest]) -> None:
        """To the front of the lines that they came from."""
        for request in reversed(batch):
            if request in self._answers:
                self._lines[request in self._bulk].appendleft(request)
        self._some.set()

    def _answer_all(self, requests: Iterable[CommandRequest], verdict: HeadwayError) -> None:
        for each in requests:
            self._answer(each, verdict)

    def _answer(self, request: CommandRequest, verdict: Transition | HeadwayError) -> None:
        self._bulk.discard(request)
        answer = self._answers.pop(request, None)
        if answer is None or answer.done():
            return
        if isinstance(verdict, HeadwayError):
            if isinstance(verdict, Fault) and not isinstance(verdict, Unavailable):
                logger.error("%s", verdict, exc_info=verdict.__cause__)
            answer.set_exception(verdict)
        else:
            answer.set_result(verdict)


def _topics(batch: EngineTransaction) -> set[str]:
    topics = {f"e:{id}" for id in batch.changed}
    topics |= {f"q:{job.queue}" for _, job in batch.jobs}
    topics |= {f"k:{id}" for id in batch.to_kill}
    topics |= {f"c:{id}" for id in batch.parents_told}
    if batch.promises:
        topics.add("d")
    topics |= {f"b:{request.place.bulk_id}" for request in batch.requests if request.place}
    return topics
