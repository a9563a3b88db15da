"""The only writer of execution state: one a process.

Commands gather while a transaction is under way, and the next one carries them all (`runner.batch`). After its commit
the askers are answered and the feed gets its hint.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from types import TracebackType
from uuid import UUID

from models.errors import Fault, HeadwayError, Unavailable
from models.events import ENGINE, Ask
from models.lifecycle.commands import Beginning, Command
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Transition
from runner.batch import Asked, Batch
from runner.feed import Feed
from runner.loops import Loop
from runner.store.connection import UNREACHABLE
from runner.store.database import Database
from runner.store.plans import Plans

logger = logging.getLogger("headway.engine")

_LARGEST = 500
"""Commands in one transaction at most: larger ones hold their locks for too long."""
_REMEMBERED = 5_000
"""Snapshots kept, so that a living execution is not read again; each is checked against its row's seq."""
_LOCKED_ELSEWHERE = 0.005
"""Seconds until a command whose execution another process had locked is tried again."""


class Engine(Loop):
    """Async context manager; commands are accepted while it is entered."""

    def __init__(self, database: Database, feed: Feed, plans: Plans) -> None:
        super().__init__()
        self._database = database
        self._feed = feed
        self.plans = plans
        self._lines: tuple[deque[Asked], deque[Asked]] = (deque(), deque())
        self._answers: dict[Asked, asyncio.Future[Transition]] = {}
        self._some = asyncio.Event()
        self._remembered: OrderedDict[UUID, Execution] = OrderedDict()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Unavailable("the server is stopping; try again"))

    async def create(self, command: Beginning, ask: Ask, *, bulk: bool = False) -> Transition:
        """Accept a new execution; the same idempotency key and digest answer with the first one's snapshot."""
        return await self._ask(Asked(None, command, ask), bulk)

    async def execute(
        self,
        execution_id: UUID,
        command: Command,
        ask: Ask = ENGINE,
        *,
        bulk: bool = False,
        owed: UUID | None = None,
    ) -> Transition:
        """Carry out one command; returns after the commit.

        Raises Refused when it may not be (nothing changed), Unavailable when the database cannot be reached (it may
        or may not have happened: asking again is safe). `Transition.refused` tells of a start or result come too late.
        """
        return await self._ask(Asked(execution_id, command, ask, owed), bulk)

    async def _ask(self, asked: Asked, bulk: bool) -> Transition:
        answer: asyncio.Future[Transition] = asyncio.get_running_loop().create_future()
        self._answers[asked] = answer
        self._lines[bulk].append(asked)
        self._some.set()
        return await answer

    async def _go_round(self) -> None:
        while True:
            await self._some.wait()
            batch = self._gather()
            try:
                await self._carry_out(batch)
            except BaseException:
                self._put_back(batch)
                raise

    def _gather(self) -> list[Asked]:
        """Interactive commands first; those whose asker has gone are carried out all the same."""
        batch: list[Asked] = []
        for line in self._lines:
            while line and len(batch) < _LARGEST:
                batch.append(line.popleft())
        if not any(self._lines):
            self._some.clear()
        return batch

    async def _carry_out(self, asked: Sequence[Asked]) -> None:
        batch = Batch(asked, self._remembered, self.plans)
        try:
            async with self._database.pool.acquire() as connection, connection.transaction():
                await batch.run(connection)
        except UNREACHABLE as error:
            logger.warning("the database cannot be reached: %s", error)
            self._answer_all(asked, Unavailable(f"the database cannot be reached now ({error})"))
        except Exception as error:
            await self._isolate(asked, error)
        else:
            self._after_commit(batch)

    async def _isolate(self, asked: Sequence[Asked], error: Exception) -> None:
        """One command's fault must not take the others with it: halve until it stands alone."""
        for each in asked:
            if each.execution_id:
                self._remembered.pop(each.execution_id, None)
        if len(asked) == 1:
            logger.exception("%s failed", type(asked[0].command).__name__, exc_info=error)
            self._answer(asked[0], Fault(f"could not be written: {error}"))
            return
        half = len(asked) // 2
        await self._carry_out(asked[:half])
        await self._carry_out(asked[half:])

    def _after_commit(self, batch: Batch) -> None:
        for id in batch.changed:
            self._remember(batch.executions[id])
        self._feed.hint(_topics(batch))
        for asked, verdict in batch.verdicts.items():
            if verdict is None:
                self._later(asked)
            else:
                self._answer(asked, verdict)

    def _remember(self, execution: Execution) -> None:
        if execution.ended:
            self._remembered.pop(execution.id, None)
            return
        self._remembered[execution.id] = execution
        self._remembered.move_to_end(execution.id)
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)

    def _later(self, asked: Asked) -> None:
        asyncio.get_running_loop().call_later(_LOCKED_ELSEWHERE, self._put_back, [asked])

    def _put_back(self, batch: Sequence[Asked]) -> None:
        self._lines[0].extendleft(asked for asked in reversed(batch) if asked in self._answers)
        self._some.set()

    def _answer_all(self, asked: Iterable[Asked], verdict: HeadwayError) -> None:
        for each in asked:
            self._answer(each, verdict)

    def _answer(self, asked: Asked, verdict: Transition | HeadwayError) -> None:
        answer = self._answers.pop(asked, None)
        if answer is None or answer.done():
            return
        if isinstance(verdict, HeadwayError):
            if isinstance(verdict, Fault) and not isinstance(verdict, Unavailable):
                logger.error("%s", verdict, exc_info=verdict.__cause__)
            answer.set_exception(verdict)
        else:
            answer.set_result(verdict)


def _topics(batch: Batch) -> set[str]:
    topics = {f"e:{id}" for id in batch.changed}
    topics |= {f"q:{job.queue}" for _, job in batch.jobs}
    if batch.promises:
        topics.add("d")
    return topics
