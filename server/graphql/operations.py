"""Preparing, executing and subscribing: what all transports share."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from json import dumps
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution import create_source_event_stream

from models.viewer import Viewer
from server.graphql.allowance import Allowance, Live
from server.graphql.bounded import Bounded
from server.graphql.budget import AnswerTooLarge, Budget
from server.graphql.documents import Document, Documents, written
from server.graphql.errors import (
    explained,
    is_only_unavailable,
    is_partly_unavailable,
    presented,
)
from server.graphql.executor import PlainFastExecutor
from server.graphql.precedence import Operation
from server.graphql.readers import Fields
from server.graphql.requests import Rejected, Request
from server.graphql.working import Build, GivenUp, Work, Worked
from server.places import Places
from server.rates import Rate, Rates, TooMany

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_INTROSPECTIONS, _INTROSPECTED = 100, 16 * 1024 * 1024
_RATES = {
    OperationType.MUTATION: Rate.MUTATIONS,
    OperationType.SUBSCRIPTION: Rate.SUBSCRIPTIONS,
}

ContextFactory = Callable[[Viewer], Any]
"""Makes the context of one operation, loaders included. It must let `resume` be set on what it returns."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that is known, valid and within the limits."""

    document: Document
    operation: OperationDefinitionNode
    operation_name: str | None
    variables: Mapping[str, Any]
    price: int

    @property
    def kind(self) -> OperationType:
        return self.operation.operation

    @property
    def key(self) -> str:
        """The same for what is the same document, operation and declared variables: others change no answer."""
        declared = (
            definition.variable.name.value
            for definition in self.operation.variable_definitions or ()
        )
        variables = {name: self.variables[name] for name in declared if name in self.variables}
        asked = (self.document.normalised, self.operation_name, variables)
        return sha256(encoded(asked)).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """One GraphQL response, written. `reached` is False for a request error: nothing was executed.

    `unavailable` says that there is nothing in it but that the database is away; `retry_after`, in seconds, that the
    asker has asked too much.
    """

    body: bytes
    errors: tuple[dict[str, Any], ...] = ()
    reached: bool = True
    unavailable: bool = False
    retry_after: int | None = None


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
        self._introspected: Bounded[bytes] = Bounded(_INTROSPECTIONS, _INTROSPECTED)
        self._introspecting = asyncio.Lock()
        self.live = Live(self._allowance.subscriptions)

    async def admit(self, request: Request, viewer: Viewer) -> Prepared:
        """Prepares what may be asked now; raises Rejected, for one who asks too often as well."""
        try:
            if self._rates is not None:
                await self._rates.check(Rate.OPERATIONS, viewer.actor)
            variables = self._places.meant(request.variables)
            if not self._documents.is_at_hand(request, variables):
                reading = partial(self._documents.read_beside, request, variables)
                await self._work.beside(reading, viewer.actor)
            prepared = self.prepare(request)
            rate = _RATES.get(prepared.kind)
            if self._rates is not None and rate is not None:
                await self._rates.check(rate, viewer.actor)
        except TooMany as refusal:
            raise Rejected.too_many(refusal) from None
        except GivenUp as given_up:
            raise Rejected.because(given_up.code, str(given_up), status=503) from None
        return prepared

    async def admit_open(self, request: Request, viewer: Viewer) -> Prepared:
        """`admit` where subscriptions may be opened: one is counted as open until `live.leave`."""
        prepared = await self.admit(request, viewer)
        if prepared.kind is OperationType.SUBSCRIPTION:
            try:
                self.live.enter(viewer.actor)
            except TooMany as refusal:
                raise Rejected.too_many(refusal) from None
        return prepared

    def prepare(self, request: Request) -> Prepared:
        """Raises Rejected for what cannot be executed: unknown, invalid or beyond a limit."""
        document = self._documents.find(request)
        name = request.operation_name or None
        operation = document.operation(name)
        variables = self._places.meant(request.variables)
        price = document.price(self._documents.pricing, name, variables)
        return Prepared(document, operation, name, variables, price)

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
        if self._rates is None or not answer.reached:
            return answer
        left = await self._rates.left(Rate.OPERATIONS, viewer.actor)
        return _priced(answer, prepared.price, self._documents.limits.cost, left)

    async def _answered(self, prepared: Prepared, viewer: Viewer) -> Answer:
        def build(
            budget: Budget, operation: Operation | None
        ) -> PlainFastExecutor | list[GraphQLError]:
            return self._executor(prepared, self._context(viewer), budget, operation)

        if prepared.kind is OperationType.MUTATION:
            return self._written(
                await self._work.mutation(build, viewer.actor), self._work.mutation_too_large
            )
        if prepared.document.is_only_introspection(prepared.operation):
            return await self._introspection(prepared, build, viewer.actor)
        return self._written(await self._work.query(build, viewer.actor), self._work.too_large)

    def _written(self, worked: Worked, too_large: Callable[[], GivenUp]) -> Answer:
        if isinstance(worked, list):
            return self._shown(refused(worked))
        answer = self._shown(answered(worked))
        if len(answer.body) > self._allowance.answer:
            raise too_large()
        return answer

    async def _introspection(self, prepared: Prepared, build: Build, actor: str) -> Answer:
        """The schema does not change: what was answered once is the answer."""
        key = prepared.key
        known = self._introspected.get(key)
        if known is not None:
            return Answer(known)
        return await self._work.beside(partial(self._introspect, key, build), actor)

    async def _introspect(self, key: str, build: Build) -> Answer:
        """One at a time, beside the event loop."""
        async with self._introspecting:
            known = self._introspected.get(key)
            if known is not None:  # another has asked the same
                return Answer(known)
            budget = Budget(self._allowance.answer)
            executor = build(budget, None)
            if isinstance(executor, list):
                return self._shown(refused(executor))
            result: Any = None
            with suppress(AnswerTooLarge):
                result = await asyncio.to_thread(executor.execute_operation)
            if budget.exceeded:
                raise self._work.too_large()
            answer = self._written(result, self._work.too_large)
            if not answer.errors:
                self._introspected.put(key, answer.body, len(answer.body))
            return answer

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
        executor = self._executor(prepared, context, Budget(self._allowance.answer))
        if isinstance(executor, list):
            raise Rejected(self._places.shown_errors(_refusals(executor)))
        opened = create_source_event_stream(executor)
        stream: Any = await opened if executor.is_awaitable(opened) else opened
        if isinstance(stream, ExecutionResult):
            refusals = [presented(error) for error in stream.errors or ()]
            raise Rejected(self._places.shown_errors(refusals))
        try:
            async for root in stream:
                yield Delivery(root, await self._told(executor, root, viewer))
        finally:
            if hasattr(stream, "aclose"):
                await stream.aclose()

    def ended_by(self, error: BaseException) -> list[dict[str, Any]]:
        """The errors of a stream that broke off."""
        message, extensions = explained(error)
        return self._places.shown_errors([{"message": message, "extensions": extensions}])

    async def _told(self, executor: PlainFastExecutor, root: Any, viewer: Viewer) -> bytes:
        """A message whole: what an outage leaves out of it would not come again."""
        pause = _FIRST_PAUSE
        while True:
            # Loaders remember: each message needs its own, or it would tell of the past.
            once = executor.build_per_event_executor(root)
            once.context_value = self._live_context(viewer)
            answer = await self._message(once, viewer)
            if not is_partly_unavailable(answer.errors):
                return self._shown(answer).body
            await asyncio.sleep(random.uniform(pause / 2, pause))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _message(self, once: PlainFastExecutor, viewer: Viewer) -> Answer:
        try:
            return answered(await self._work.message(once, viewer.actor))
        except GivenUp as given_up:
            return unanswered(given_up)

    def _executor(
        self,
        prepared: Prepared,
        context: Any,
        budget: Budget,
        operation: Operation | None = None,
    ) -> PlainFastExecutor | list[GraphQLError]:
        return PlainFastExecutor.build(  # type: ignore[return-value]
            self._schema,
            prepared.document.node,  # type: ignore[arg-type]
            None,
            context,
            dict(prepared.variables),
            prepared.operation_name,
            fields=self._fields,
            budget=budget,
            operation=operation,
        )


def answered(result: ExecutionResult) -> Answer:
    errors = tuple(presented(error) for error in result.errors or ())
    response: dict[str, Any] = {"data": result.data}
    if errors:
        response["errors"] = errors
    empty = result.data is None or all(value is None for value in result.data.values())
    return Answer(encoded(response), errors, unavailable=empty and is_only_unavailable(errors))


def unanswered(given_up: GivenUp) -> Answer:
    """It was executed, at least in part, but there is nothing to show for it."""
    errors = [{"message": str(given_up), "extensions": {"code": given_up.code}}]
    return Answer(encoded({"data": None, "errors": errors}), tuple(errors))


def _priced(answer: Answer, price: int, limit: int, left: int | None) -> Answer:
    """With what it cost in its extensions; the rest of the body stays as it was written."""
    cost = {"price": price, "limit": limit, "operationsLeft": left}
    tail = b',"extensions":' + orjson.dumps({"cost": cost}) + b"}"
    return replace(answer, body=answer.body[:-1] + tail)


def refused(errors: list[GraphQLError]) -> Answer:
    shown = _refusals(errors)
    return Answer(encoded({"errors": shown}), tuple(shown), reached=False)


def _refusals(errors: list[GraphQLError]) -> list[dict[str, Any]]:
    """Only the client's variables can make these: what they say is for the client."""
    return [written(error, "BAD_USER_INPUT") for error in errors]


def encoded(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        # Integers beyond 64 bits, lone surrogates and names that are no text, all possible in people's JSON.
        return dumps(value, separators=(",", ":"), default=str).encode()
