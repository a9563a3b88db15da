"""Serialises GraphQL responses."""

from dataclasses import dataclass, replace
from json import dumps
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError

from server.graphql.documents import written
from server.graphql.errors import is_only_unavailable, presented
from server.graphql.working import OperationAbandoned


@dataclass(frozen=True, slots=True)
class Answer:
    """A serialised GraphQL response. `reached` is false for a request error: nothing was executed.

    `unavailable` means that it holds nothing but errors of an unavailable database; `retry_after`, in seconds, that
    the client sent too many requests.
    """

    body: bytes
    errors: tuple[dict[str, Any], ...] = ()
    reached: bool = True
    unavailable: bool = False
    retry_after: int | None = None


def answered(result: ExecutionResult) -> Answer:
    errors = tuple(presented(error) for error in result.errors or ())
    response: dict[str, Any] = {"data": result.data}
    if errors:
        response["errors"] = errors
    empty = result.data is None or all(value is None for value in result.data.values())
    return Answer(encoded(response), errors, unavailable=empty and is_only_unavailable(errors))


def unanswered(abandoned: OperationAbandoned) -> Answer:
    """Returns the response of an operation that was executed, at least in part, but has no result."""
    errors = [{"message": str(abandoned), "extensions": {"code": abandoned.code}}]
    return Answer(encoded({"data": None, "errors": errors}), tuple(errors))


def priced(answer: Answer, price: int, limit: int, left: int | None) -> Answer:
    """Adds the cost to the extensions; the rest of the body stays unchanged."""
    cost = {"price": price, "limit": limit, "operationsLeft": left}
    tail = b',"extensions":' + orjson.dumps({"cost": cost}) + b"}"
    return replace(answer, body=answer.body[:-1] + tail)


def refused(errors: list[GraphQLError]) -> Answer:
    shown = refusals(errors)
    return Answer(encoded({"errors": shown}), tuple(shown), reached=False)


def refusals(errors: list[GraphQLError]) -> list[dict[str, Any]]:
    """Formats errors that only the client's variables can cause, so their messages may be shown."""
    return [written(error, "BAD_USER_INPUT") for error in errors]


def encoded(value: Any, *, is_sorted: bool = False) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if is_sorted else None)
    except TypeError:
        # Integers beyond 64 bits, lone surrogates and non-text keys, all possible in people's JSON.
        return dumps(value, separators=(",", ":"), default=str, sort_keys=is_sorted).encode()
