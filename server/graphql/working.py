"""Executes operations within their limits: deadline, size of the response, and each user's time."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from time import perf_counter, thread_time
from typing import Any, Final, TypeVar

from graphql import ExecutionResult, GraphQLError
from graphql.execution import create_source_event_stream, execute_subscription_event

from server.graphql.allowance import Allowance, Turns
from server.graphql.budget import AnswerTooLarge, Budget
from server.graphql.executor import PlainFastExecutor
from server.graphql.precedence import Operation, Precedence

_log = logging.getLogger("headway.graphql")

DEADLINE_EXCEEDED: Final = "DEADLINE_EXCEEDED"
ANSWER_TOO_LARGE: Final = "ANSWER_TOO_LARGE"

_END: Final = object()

Result = TypeVar("Result")
Built = PlainFastExecutor | list[GraphQLError]
Build = Callable[[Operation | None], Coroutine[Any, Any, Built]]
"""Reads the variables, which counts as part of the work."""
Worked = ExecutionResult | list[GraphQLError]
"""The result, or the errors of the variables."""


class OperationAbandoned(Exception):
    """The operation was abandoned: the message says why, and how to request less."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Work:
    """Owns work that outlasts its clients: mutations, and work in threads."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        waiting = allowance.waiting
        self._queries = Turns(
            allowance.queries, waiting, "queries_at_once", "{actor} has {places} queries running"
        )
        self._mutations = Turns(
            allowance.mutations,
            waiting,
            "mutations_at_once",
            "{actor} has {places} mutations running",
        )
        self._checks = Turns(1, waiting, "checks_at_once", "a document of {actor} is being checked")
        self._precedence = Precedence()
        self._late: set[asyncio.Task[Any]] = set()

    async def query(self, build: Build, budget: Budget, actor: str) -> Worked:
        """Raises OperationAbandoned, and TooMany if too many queries of the user wait."""
        deadline = self._allowance.deadline
        begun = False
        try:
            async with asyncio.timeout(deadline) as timeout:
                budget.stop = lambda: timeout.reschedule(0)
                async with self._queries.turn(actor):
                    begun = True
                    # Loaders are cancelled with the last operation that waits for them, and so are their statements.
                    with self._precedence.operation(actor) as operation:
                        result = await operation.stepwise(_executed(build(operation)))
        except (TimeoutError, AnswerTooLarge):
            if budget.exceeded:
                raise self.too_large() from None
            if not timeout.expired():
                raise
            if not begun:
                raise self._queries.waited(actor, deadline) from None
            raise _past_deadline(deadline) from None
        finally:
            # Breaks a reference cycle: it refers to the timeout, which refers to this frame.
            budget.stop = None
        if budget.exceeded:
            raise self.too_large()
        return result

    async def mutation(self, build: Build, budget: Budget, actor: str) -> Worked:
        """Never cancels a mutation, which could be half done. Past the deadline raises OperationAbandoned while it
        continues."""
        deadline = self._allowance.deadline
        task = asyncio.ensure_future(self._mutated(build, actor))
        self._keep(task)
        await asyncio.wait({task}, timeout=deadline)
        if not task.done():
            raise _mutation_past_deadline(deadline)
        try:
            result = task.result()
        except AnswerTooLarge:
            raise self.mutation_too_large() from None
        if budget.exceeded:
            raise self.mutation_too_large()
        return result

    async def _mutated(self, build: Build, actor: str) -> Worked:
        """Keeps its turn until the mutation has ended, even after its client got OperationAbandoned."""
        async with self._mutations.turn(actor):
            with self._precedence.operation(actor, anew=True) as operation:
                return await operation.stepwise(_executed(build(operation)))

    async def source(self, executor: PlainFastExecutor, actor: str) -> Any:
        """Opens a subscription's source, or returns an ExecutionResult with its errors. Raises OperationAbandoned."""
        try:
            async with asyncio.timeout(self._allowance.deadline) as timeout:
                with self._precedence.operation(actor) as operation:
                    return await operation.stepwise(_opened(executor))
        except TimeoutError:
            if not timeout.expired():
                raise
            raise _past_deadline(self._allowance.deadline) from None

    async def events(self, source: AsyncIterator[Any], actor: str) -> AsyncGenerator[Any, None]:
        """Yields the events of a source; its work for each is measured and queued."""
        operation = self._precedence.lasting(actor)
        while (event := await operation.stepwise(_next(source))) is not _END:
            yield event

    async def message(self, once: PlainFastExecutor, actor: str) -> ExecutionResult:
        """Executes one message of a subscription. Raises OperationAbandoned."""
        try:
            async with asyncio.timeout(self._allowance.deadline) as timeout:
                with self._precedence.operation(actor) as operation:
                    once.underway = operation
                    result = await operation.stepwise(_event(once))
        except (TimeoutError, AnswerTooLarge):
            if once.budget.exceeded:
                raise self.too_large() from None
            if not timeout.expired():
                raise
            raise _past_deadline(self._allowance.deadline) from None
        if once.budget.exceeded:
            raise self.too_large()
        return result

    async def in_background(
        self, work: Callable[[], Coroutine[Any, Any, Result]], actor: str
    ) -> Result:
        """Runs work that uses a thread, one at a time for each user, so that others do not wait for one user's flood.
        Work that has begun keeps its turn until it ends, because threads cannot be cancelled. Raises
        OperationAbandoned past the deadline, and TooMany if too much of the user's work waits."""
        deadline = self._allowance.deadline
        try:
            async with asyncio.timeout(deadline) as timeout, AsyncExitStack() as stack:
                await stack.enter_async_context(self._checks.turn(actor))
                task = asyncio.ensure_future(_holding(stack.pop_all(), work))
                self._keep(task)
                return await asyncio.shield(task)
        except TimeoutError:
            if not timeout.expired():
                raise
            raise _past_deadline(deadline) from None

    async def in_thread_paid(self, work: Callable[[], Result], actor: str) -> Result:
        """Runs one piece of work in a thread and charges its user, because a thread also slows the event loop."""
        return await self.in_background(partial(self.in_thread, work, actor), actor)

    async def in_thread(self, work: Callable[[], Result], actor: str) -> Result:
        """Runs necessary work in a thread, without a turn or deadline."""
        spent = 0.0

        def measured() -> Result:
            nonlocal spent
            began = thread_time()
            try:
                return work()
            finally:
                spent = thread_time() - began

        try:
            return await asyncio.to_thread(measured)
        finally:
            self._precedence.charge(actor, spent)

    @contextmanager
    def paid_by(self, actor: str) -> Iterator[None]:
        """Charges the user for work on the event loop."""
        began = perf_counter()
        try:
            yield
        finally:
            self._precedence.charge(actor, perf_counter() - began)

    def too_large(self) -> OperationAbandoned:
        limit = self._allowance.answer
        return OperationAbandoned(
            ANSWER_TOO_LARGE,
            f"the response is larger than {limit} bytes (max_answer_size); select fewer fields, less of each list "
            "with `first`, or read it page by page; for whole tables and records use the download "
            "/executions/export.json",
        )

    def mutation_too_large(self) -> OperationAbandoned:
        limit = self._allowance.answer
        return OperationAbandoned(
            ANSWER_TOO_LARGE,
            f"the response of the mutation is larger than {limit} bytes (max_answer_size); the mutations up to there "
            "were executed, those after it in the document were not. Read what has changed with a query that selects "
            "less",
        )

    def _keep(self, task: "asyncio.Task[Any]") -> None:
        self._late.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._late.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.debug("work failed after its client left: %s", error)


async def _event(once: PlainFastExecutor) -> ExecutionResult:
    outcome: Any = execute_subscription_event(once)
    found: ExecutionResult = outcome if isinstance(outcome, ExecutionResult) else await outcome
    return found


async def _executed(building: Coroutine[Any, Any, Built]) -> Worked:
    executor = await building
    if isinstance(executor, list):
        return executor
    outcome: Any = executor.execute_operation()
    found: ExecutionResult = outcome if isinstance(outcome, ExecutionResult) else await outcome
    return found


async def _opened(executor: PlainFastExecutor) -> Any:
    opened = create_source_event_stream(executor)
    return await opened if executor.is_awaitable(opened) else opened


async def _next(source: AsyncIterator[Any]) -> Any:
    return await anext(source, _END)


async def _holding(turn: AsyncExitStack, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    async with turn:
        return await work()


def _past_deadline(seconds: float) -> OperationAbandoned:
    return OperationAbandoned(
        DEADLINE_EXCEEDED,
        f"the query took longer than {seconds:g} s (operation_deadline) and was cancelled; select less, or narrow the "
        "filter",
    )


def _mutation_past_deadline(seconds: float) -> OperationAbandoned:
    return OperationAbandoned(
        DEADLINE_EXCEEDED,
        f"the mutation did not end within {seconds:g} s (operation_deadline); it may still be executed, as a whole "
        "or not at all. Send it again with the same idempotencyKey, or check whether it was executed before you send "
        "it again",
    )
