"""Preparing, executing and subscribing: what all transports share."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, replace
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
from graphql.execution import create_source_event_stream, execute_subscription_event

from models.viewer import Viewer
from server.graphql.documents import Document, Documents, written
from server.graphql.errors import (
    explained,
    is_only_unavailable,
    is_partly_unavailable,
    presented,
)
from server.graphql.executor import PlainFastExecutor
from server.graphql.readers import Fields
from server.graphql.requests import Rejected, Request
from server.places import Places

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0

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


@dataclass(frozen=True, slots=True)
class Answer:
    """One GraphQL response, written. `reached` is False for a request error: nothing was executed.

    `unavailable` says that there is nothing in it but that the database is away.
    """

    body: bytes
    errors: tuple[dict[str, Any], ...] = ()
    reached: bool = True
    unavailable: bool = False


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
    ) -> None:
        self._schema = schema
        self._context = context
        self._documents = documents or Documents(schema)
        self._fields = Fields(schema)
        self._places = places or Places()

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
        executor = self._executor(prepared, self._context(viewer))
        if isinstance(executor, list):
            return self._shown(refused(executor))
        outcome = executor.execute_operation()
        result = outcome if isinstance(outcome, ExecutionResult) else await outcome  # type: ignore[misc]
        return self._shown(answered(result))

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
        context = self._context(viewer)
        context.resume = resume
        executor = self._executor(prepared, context)
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
            once.context_value = self._context(viewer)
            outcome = execute_subscription_event(once)
            answer = answered(outcome if isinstance(outcome, ExecutionResult) else await outcome)
            if not is_partly_unavailable(answer.errors):
                return self._shown(answer).body
            await asyncio.sleep(random.uniform(pause / 2, pause))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _executor(self, prepared: Prepared, context: Any) -> PlainFastExecutor | list[GraphQLError]:
        return PlainFastExecutor.build(  # type: ignore[return-value]
            self._schema,
            prepared.document.node,  # type: ignore[arg-type]
            None,
            context,
            dict(prepared.variables),
            prepared.operation_name,
            fields=self._fields,
        )


def answered(result: ExecutionResult) -> Answer:
    errors = tuple(presented(error) for error in result.errors or ())
    response: dict[str, Any] = {"data": result.data}
    if errors:
        response["errors"] = errors
    empty = result.data is None or all(value is None for value in result.data.values())
    return Answer(encoded(response), errors, unavailable=empty and is_only_unavailable(errors))


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
