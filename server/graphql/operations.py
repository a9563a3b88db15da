"""Prepares, executes and subscribes, for all transports."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any, Final, TypeVar

from graphql import ExecutionResult, GraphQLSchema, OperationDefinitionNode, OperationType

from models.access.viewer import Viewer
from server.files.places import Places
from server.graphql.allowance import Allowance, OpenSubscriptions
from server.graphql.answers import Answer, answered, encoded, priced, refusals, refused, unanswered
from server.graphql.budget import AnswerTooLarge, Budget
from server.graphql.documents import Document, Documents, introspection_off
from server.graphql.errors import explained, is_partly_unavailable, presented
from server.graphql.executor import PlainFastExecutor
from server.graphql.lru_cache import LruCache
from server.graphql.precedence import Operation
from server.graphql.readers import Fields
from server.graphql.requests import SMALL, Rejected, Request, Unread
from server.graphql.variables import declared, too_many
from server.graphql.working import DEADLINE_EXCEEDED, Built, OperationAbandoned, Work, Worked
from server.http.rates import Rate, Rates, TooMany
from server.http.refusals import RETRY_AFTER

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_MAX_LATE: Final = 3
"""Missed deadlines of one message after which its stream ends."""
_LARGE: Final = 1024 * 1024
"""Bytes of a response that takes long to serialise."""
_INTROSPECTIONS, _INTROSPECTED = 100, 16 * 1024 * 1024
_RATES = {OperationType.MUTATION: Rate.MUTATIONS, OperationType.SUBSCRIPTION: Rate.SUBSCRIPTIONS}

Found = TypeVar("Found")
ContextFactory = Callable[[Viewer], Any]
"""Makes the context of one operation, with its loaders. `resume` must be settable on the result."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid request within the limits, with the variables that its operation declares. `is_large` means that these
    may hold much data."""

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
        """Equal for the same document, operation and variables, in any order."""
        parts = (self.document.digest, self.operation_name, self.variables)
        return sha256(encoded(parts, is_sorted=True)).hexdigest()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a subscription: its root value, for the cursor, and the serialised response."""

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
        """`live_context` is the context factory of subscriptions."""
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
        self._introspected: LruCache[bytes] = LruCache(_INTROSPECTIONS, _INTROSPECTED)
        self._introspecting = asyncio.Lock()
        self.live = OpenSubscriptions(self._allowance.subscriptions)

    async def count(self, viewer: Viewer) -> None:
        """Counts a request before it is read. Raises Rejected beyond the rate limit."""
        if self._rates is not None:
            with _refusing():
                await self._rates.check(Rate.OPERATIONS, viewer.actor)

    async def read(self, unread: Unread, viewer: Viewer) -> Request:
        """Reads a large request in a thread. Raises Rejected."""
        reading = partial(self._read, unread)
        if unread.size > SMALL:
            return await self.in_thread(reading, viewer)
        with self._work.paid_by(viewer.actor):
            return reading()

    async def in_thread(self, work: Callable[[], Found], viewer: Viewer) -> Found:
        """Does one piece of work in a thread, one at a time for a user. Raises Rejected."""
        with _refusing():
            return await self._work.in_thread_paid(work, viewer.actor)

    def _read(self, unread: Unread) -> Request:
        request = unread.read()
        return replace(request, variables=self._places.meant(request.variables))

    async def admit(self, request: Request, viewer: Viewer) -> Prepared:
        """Prepares a request. Raises Rejected, also beyond the rate limits of mutations and subscriptions."""
        with _refusing():
            if not self._documents.is_at_hand(request):
                reading = partial(self._documents.read_in_thread, request)
                await self._work.in_background(reading, viewer.actor)
            with self._work.paid_by(viewer.actor):
                prepared = self.prepare(request)
            if prepared.document.queries_schema and not self._may_introspect(viewer):
                raise introspection_off()
            rate = _RATES.get(prepared.kind)
            if self._rates is not None and rate is not None:
                await self._rates.check(rate, viewer.actor)
        return prepared

    async def admit_open(self, request: Request, viewer: Viewer) -> Prepared:
        """Like `admit`, on a transport with subscriptions: counts one as open until `live.leave`."""
        prepared = await self.admit(request, viewer)
        if prepared.kind is OperationType.SUBSCRIPTION:
            with _refusing():
                self.live.enter(viewer.actor)
        return prepared

    def prepare(self, request: Request) -> Prepared:
        """Raises Rejected if the request cannot be executed: unknown, invalid or beyond a limit."""
        document = self._documents.find(request)
        name = request.operation_name or None
        operation = document.operation(name)
        price = document.price(self._documents.pricing, name, request.variables)
        variables = declared(operation.variable_definitions or (), request.variables)
        return Prepared(document, operation, name, variables, price, request.is_large)

    async def execute(self, prepared: Prepared, viewer: Viewer) -> Answer:
        """Executes a query or mutation. Raises only on internal errors: all others are in the response."""
        try:
            answer = await self._answered(prepared, viewer)
        except OperationAbandoned as abandoned:
            answer = unanswered(abandoned)
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
        """Charges the user for the time of serialising; a large response is serialised in a thread."""
        if budget.limit - budget.left > _LARGE:
            return await self._work.in_thread(write, actor)
        with self._work.paid_by(actor):
            return write()

    def _written(self, worked: Worked, too_large: Callable[[], OperationAbandoned]) -> Answer:
        if isinstance(worked, list):
            return self._shown(refused(worked))
        answer = self._shown(answered(worked))
        if len(answer.body) > self._allowance.answer:
            raise too_large()
        return answer

    async def _introspection(self, prepared: Prepared, viewer: Viewer) -> Answer:
        """Caches responses, because the schema does not change."""
        key = prepared.key
        known = self._introspected.get(key)
        if known is not None:
            return Answer(known)
        introspecting = partial(self._introspect, key, prepared, self._context(viewer))
        return await self._work.in_background(introspecting, viewer.actor)

    async def _introspect(self, key: str, prepared: Prepared, context: Any) -> Answer:
        """Executes introspection in a thread, one at a time."""
        async with self._introspecting:
            known = self._introspected.get(key)
            if known is not None:  # another request was the same
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
        """Yields until the source ends. Raises Rejected if the subscription cannot start, and what the source raises.
        `resume` is set on the context of the root field."""
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
                    yield Delivery(root, await self._complete_message(executor, root, viewer))
        finally:
            if hasattr(source, "aclose"):
                await source.aclose()

    def ended_by(self, error: BaseException) -> list[dict[str, Any]]:
        """Returns the errors of a stream that broke off."""
        message, extensions = explained(error)
        return self._places.shown_errors([{"message": message, "extensions": extensions}])

    async def _complete_message(
        self, executor: PlainFastExecutor, root: Any, viewer: Viewer
    ) -> bytes:
        """Returns a complete message, repeating it after an outage or a missed deadline, because its missing parts
        would not be sent again. Raises Rejected if the deadline is missed each time; the subscriber then resumes
        after the last message."""
        pause, late = _FIRST_PAUSE, 0
        while True:
            # Loaders cache: each message needs its own, or it would hold old data.
            once = executor.build_per_event_executor(root)
            once.context_value = self._live_context(viewer)
            try:
                answer = await self._message(once, viewer)
                if not is_partly_unavailable(answer.errors):
                    return answer.body
            except OperationAbandoned as abandoned:
                late += 1
                if late == _MAX_LATE:
                    sentence = f"{abandoned}; or subscribe again after the last message received"
                    raise Rejected.because(abandoned.code, sentence, status=503) from None
            await asyncio.sleep(random.uniform(pause / 2, pause))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _message(self, once: PlainFastExecutor, viewer: Viewer) -> Answer:
        """Raises OperationAbandoned past the deadline, so that the message is repeated. One that is too large stays
        so."""
        try:
            result = await self._work.message(once, viewer.actor)
        except OperationAbandoned as abandoned:
            if abandoned.code == DEADLINE_EXCEEDED:
                raise
            return unanswered(abandoned)
        return await self._paid(lambda: self._shown(answered(result)), once.budget, viewer.actor)

    async def _built(
        self,
        prepared: Prepared,
        context: Any,
        budget: Budget,
        operation: Operation | None,
        viewer: Viewer,
    ) -> Built:
        """Reads large variables in a thread."""
        make = partial(self._executor, prepared, context, budget, operation)
        return await self._work.in_thread_paid(make, viewer.actor) if prepared.is_large else make()

    def _executor(
        self, prepared: Prepared, context: Any, budget: Budget, operation: Operation | None = None
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
    """Turns TooMany and OperationAbandoned into Rejected: nothing is executed."""
    try:
        yield
    except TooMany as refusal:
        raise Rejected.too_many(refusal) from None
    except OperationAbandoned as abandoned:
        raise Rejected.because(
            abandoned.code, str(abandoned), status=503, retry_after=RETRY_AFTER
        ) from None
