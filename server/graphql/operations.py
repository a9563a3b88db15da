"""Preparing, executing and subscribing: what all transports share."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any, Final, TypeVar

from graphql import (
    ExecutionResult,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)

from models.access.viewer import Viewer
from server.files.places import Places
from server.graphql.allowance import Allowance, Live
from server.graphql.answers import (
    Answer,
    answered,
    encoded,
    priced,
    refusals,
    refused,
    unanswered,
)
from server.graphql.bounded import Bounded
from server.graphql.budget import AnswerTooLarge, Budget
from server.graphql.documents import Document, Documents, introspection_off
from server.graphql.errors import explained, is_partly_unavailable, presented
from server.graphql.executor import PlainFastExecutor
from server.graphql.precedence import Operation
from server.graphql.readers import Fields
from server.graphql.requests import SMALL, Rejected, Request, Unread
from server.graphql.variables import declared, too_many
from server.graphql.working import DEADLINE_EXCEEDED, Built, GivenUp, Work, Worked
from server.http.rates import Rate, Rates, TooMany
from server.http.refusals import RETRY_AFTER

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_LATE: Final = 3
"""Times that a message may pass its deadline, until its stream ends."""
_LARGE: Final = 1024 * 1024
"""Bytes of an answer that takes long to write."""
_INTROSPECTIONS, _INTROSPECTED = 100, 16 * 1024 * 1024
_RATES = {
    OperationType.MUTATION: Rate.MUTATIONS,
    OperationType.SUBSCRIPTION: Rate.SUBSCRIPTIONS,
}

Found = TypeVar("Found")
ContextFactory = Callable[[Viewer], Any]
"""Makes the context of one operation, loaders included. It must let `resume` be set on what it returns."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that is known, valid and within the limits, with the variables that its operation declares.
    `is_large` says that they may hold much."""

    document: Document
    operation: OperationDefinitionNode
    operation_name: str | None
    variables: dict[str, Any]
    price: int
    is_large: bool = False

    @property
    def kind(self) -> OperationType:
        return self.operation.operation

    @property
    def key(self) -> str:
        """The same for what is the same document, operation and variables, in whatever order."""
        asked = (self.document.digest, self.operation_name, self.variables)
        return sha256(encoded(asked, is_sorted=True)).hexdigest()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a subscription: the value it came from, for its cursor, and the written response."""

    root: Any
    body: bytes


class Operations:
    def __init__(
        self,
        schema: GraphQLSchema,
        context: ContextFactory,
        documents: Documents | None = None,
        places: Places | None = None,
        allowance: Allowance | None = None,
        rates: Rates | None = None,
        live_context: ContextFactory | None = None,
        may_introspect: Callable[[Viewer], bool] = lambda _: True,
    ) -> None:
        """`live_context` is that of subscriptions."""
        self._schema = schema
        self._context = context
        self._live_context = live_context or context
        self._documents = documents or Documents(schema)
        self._fields = Fields(schema)
        self._places = places or Places()
        self._allowance = allowance or Allowance()
        self._work = Work(self._allowance)
        self._rates = rates
        self._may_introspect = may_introspect
        self._introspected: Bounded[bytes] = Bounded(_INTROSPECTIONS, _INTROSPECTED)
        self._introspecting = asyncio.Lock()
        self.live = Live(self._allowance.subscriptions)

    async def count(self, viewer: Viewer) -> None:
        """Before a request is read. Raises Rejected for one who asks too often."""
        if self._rates is not None:
            with _refusing():
                await self._rates.check(Rate.OPERATIONS, viewer.actor)

    async def read(self, unread: Unread, viewer: Viewer) -> Request:
        """Reads a large one beside the event loop. Raises Rejected."""
        reading = partial(self._read, unread)
        if unread.size > SMALL:
            return await self.beside(reading, viewer)
        with self._work.paid_by(viewer.actor):
            return reading()

    async def beside(self, work: Callable[[], Found], viewer: Viewer) -> Found:
        """Does one piece of work in a thread, and one of a user's at once. Raises Rejected."""
        with _refusing():
            return await self._work.apart(work, viewer.actor)

    def _read(self, unread: Unread) -> Request:
        request = unread.read()
        return replace(request, variables=self._places.meant(request.variables))

    async def admit(self, request: Request, viewer: Viewer) -> Prepared:
        """Prepares what may be asked now; raises Rejected, for one who changes or subscribes too often as well."""
        with _refusing():
            if not self._documents.is_at_hand(request):
                reading = partial(self._documents.read_beside, request)
                await self._work.beside(reading, viewer.actor)
            with self._work.paid_by(viewer.actor):
                prepared = self.prepare(request)
            if prepared.document.asks_about_schema and not self._may_introspect(viewer):
                raise introspection_off()
            rate = _RATES.get(prepared.kind)
            if self._rates is not None and rate is not None:
                await self._rates.check(rate, viewer.actor)
        return prepared

    async def admit_open(self, request: Request, viewer: Viewer) -> Prepared:
        """`admit` where subscriptions may be opened: one is counted as open until `live.leave`."""
        prepared = await self.admit(request, viewer)
        if prepared.kind is OperationType.SUBSCRIPTION:
            with _refusing():
                self.live.enter(viewer.actor)
        return prepared

    def prepare(self, request: Request) -> Prepared:
        """Raises Rejected for what cannot be executed: unknown, invalid or beyond a limit."""
        document = self._documents.find(request)
        name = request.operation_name or None
        operation = document.operation(name)
        price = document.price(self._documents.pricing, name, request.variables)
        variables = declared(operation.variable_definitions or (), request.variables)
        return Prepared(document, operation, name, variables, price, request.is_large)

    async def execute(self, prepared: Prepared, viewer: Viewer) -> Answer:
        """A query or a mutation. Never raises but for a bug in this house: errors are in the answer."""
        try:
            answer = await self._answered(prepared, viewer)
        except GivenUp as given_up:
            answer = unanswered(given_up)
        except TooMany as refusal:
            shown = Rejected.too_many(refusal).errors
            return Answer(
                encoded({"errors": shown}), tuple(shown), False, retry_after=refusal.retry_after
            )
        return answer

    async def _answered(self, prepared: Prepared, viewer: Viewer) -> Answer:
        budget, actor = Budget(self._allowance.answer), viewer.actor

        async def build(operation: Operation | None) -> Built:
            return await self._built(prepared, self._context(viewer), budget, operation, viewer)

        if prepared.kind is OperationType.MUTATION:
            worked = await self._work.mutation(build, budget, actor)
            too_large = self._work.mutation_too_large
        elif prepared.document.is_only_introspection(prepared.operation):
            answer = await self._introspection(prepared, viewer)
            return self._with_price(answer, prepared, await self._left(actor))
        else:
            worked = await self._work.query(build, budget, actor)
            too_large = self._work.too_large
        left = await self._left(actor)

        def write() -> Answer:
            return self._with_price(self._written(worked, too_large), prepared, left)

        return await self._paid(write, budget, actor)

    async def _left(self, actor: str) -> int | None:
        return await self._rates.left(Rate.OPERATIONS, actor) if self._rates else None

    def _with_price(self, answer: Answer, prepared: Prepared, left: int | None) -> Answer:
        if self._rates is None or not answer.reached:
            return answer
        return priced(answer, prepared.price, self._documents.limits.cost, left)

    async def _paid(self, write: Callable[[], Answer], budget: Budget, actor: str) -> Answer:
        """The user pays for the time of writing; a large answer is written in a thread."""
        if budget.limit - budget.left > _LARGE:
            return await self._work.in_thread(write, actor)
        with self._work.paid_by(actor):
            return write()

    def _written(self, worked: Worked, too_large: Callable[[], GivenUp]) -> Answer:
        if isinstance(worked, list):
            return self._shown(refused(worked))
        answer = self._shown(answered(worked))
        if len(answer.body) > self._allowance.answer:
            raise too_large()
        return answer

    async def _introspection(self, prepared: Prepared, viewer: Viewer) -> Answer:
        """The schema does not change: what was answered once is the answer."""
        key = prepared.key
        known = self._introspected.get(key)
        if known is not None:
            return Answer(known)
        introspecting = partial(self._introspect, key, prepared, self._context(viewer))
        return await self._work.beside(introspecting, viewer.actor)

    async def _introspect(self, key: str, prepared: Prepared, context: Any) -> Answer:
        """One at a time, beside the event loop."""
        async with self._introspecting:
            known = self._introspected.get(key)
            if known is not None:  # another has asked the same
                return Answer(known)
            answer = await asyncio.to_thread(self._introspection_of, prepared, context)
            if not answer.errors:
                self._introspected.put(key, answer.body, len(answer.body))
            return answer

    def _introspection_of(self, prepared: Prepared, context: Any) -> Answer:
        budget = Budget(self._allowance.answer)
        executor = self._executor(prepared, context, budget)
        if isinstance(executor, list):
            return self._shown(refused(executor))
        result: Any = None
        with suppress(AnswerTooLarge):
            result = executor.execute_operation()
        if budget.exceeded:
            raise self._work.too_large()
        return self._written(result, self._work.too_large)

    def _shown(self, answer: Answer) -> Answer:
        if not answer.errors:
            return replace(answer, body=self._places.shown(answer.body))
        errors = tuple(self._places.shown_errors(answer.errors))
        return replace(answer, body=self._places.shown_refusal(answer.body), errors=errors)

    async def subscribe(
        self, prepared: Prepared, viewer: Viewer, resume: Any = None
    ) -> AsyncGenerator[Delivery, None]:
        """Yields until the source ends; raises Rejected when there is nothing to subscribe to, and what
        the source raises. `resume` is set on the context of the root field."""
        context = self._live_context(viewer)
        context.resume = resume
        budget = Budget(self._allowance.answer)
        with _refusing():
            executor = await self._built(prepared, context, budget, None, viewer)
            if isinstance(executor, list):
                raise Rejected(self._places.shown_errors(refusals(executor)))
            source = await self._work.source(executor, viewer.actor)
        if isinstance(source, ExecutionResult):
            errors = [presented(error) for error in source.errors or ()]
            raise Rejected(self._places.shown_errors(errors))
        try:
            async with aclosing(self._work.events(source, viewer.actor)) as events:
                async for root in events:
                    yield Delivery(root, await self._told(executor, root, viewer))
        finally:
            if hasattr(source, "aclose"):
                await source.aclose()

    def ended_by(self, error: BaseException) -> list[dict[str, Any]]:
        """The errors of a stream that broke off."""
        message, extensions = explained(error)
        return self._places.shown_errors([{"message": message, "extensions": extensions}])

    async def _told(self, executor: PlainFastExecutor, root: Any, viewer: Viewer) -> bytes:
        """A message whole: what an outage or the deadline leaves out of it would not come again. Raises Rejected when
        it is late each time, so that its subscriber begins again after the message before."""
        pause, late = _FIRST_PAUSE, 0
        while True:
            # Loaders remember: each message needs its own, or it would tell of the past.
            once = executor.build_per_event_executor(root)
            once.context_value = self._live_context(viewer)
            try:
                answer = await self._message(once, viewer)
                if not is_partly_unavailable(answer.errors):
                    return answer.body
            except GivenUp as given_up:
                late += 1
                if late == _LATE:
                    sentence = f"{given_up}; or subscribe again after the last message that came"
                    raise Rejected.because(given_up.code, sentence, status=503) from None
            await asyncio.sleep(random.uniform(pause / 2, pause))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _message(self, once: PlainFastExecutor, viewer: Viewer) -> Answer:
        """Raises GivenUp past the deadline: another time it may be read in time. What is too large stays so."""
        try:
            result = await self._work.message(once, viewer.actor)
        except GivenUp as given_up:
            if given_up.code == DEADLINE_EXCEEDED:
                raise
            return unanswered(given_up)
        return await self._paid(lambda: self._shown(answered(result)), once.budget, viewer.actor)

    async def _built(
        self,
        prepared: Prepared,
        context: Any,
        budget: Budget,
        operation: Operation | None,
        viewer: Viewer,
    ) -> Built:
        """Reads many variables beside the event loop."""
        make = partial(self._executor, prepared, context, budget, operation)
        return await self._work.apart(make, viewer.actor) if prepared.is_large else make()

    def _executor(
        self,
        prepared: Prepared,
        context: Any,
        budget: Budget,
        operation: Operation | None = None,
    ) -> Built:
        definitions = prepared.operation.variable_definitions or ()
        if prepared.is_large and (
            errors := too_many(self._schema, definitions, prepared.variables)
        ):
            return errors
        return PlainFastExecutor.build(  # type: ignore[return-value]
            self._schema,
            prepared.document.node,  # type: ignore[arg-type]
            None,
            context,
            prepared.variables,
            prepared.operation_name,
            fields=self._fields,
            budget=budget,
            operation=operation,
            hide_suggestions=not self._documents.suggestions,
        )


@contextmanager
def _refusing() -> Iterator[None]:
    """Nothing is executed for one who is told to come later."""
    try:
        yield
    except TooMany as refusal:
        raise Rejected.too_many(refusal) from None
    except GivenUp as given_up:
        raise Rejected.because(
            given_up.code, str(given_up), status=503, retry_after=RETRY_AFTER
        ) from None
