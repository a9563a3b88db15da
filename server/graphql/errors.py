"""Formats errors: those of GraphQL and Headway's refusals are shown, internal errors are masked."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from graphql import GraphQLError

from models.errors import Refused, Unavailable
from runner.service.outage import UNREACHABLE, unavailable

_log = logging.getLogger("headway.graphql")

UNAVAILABLE = "UNAVAILABLE"
_AWAY = "the database cannot be reached now; try again"


def presented(error: GraphQLError) -> dict[str, Any]:
    """Formats one execution error for clients; an internal error is logged under the id that clients get."""
    formatted: dict[str, Any] = dict(error.formatted)
    message, extensions = explained(error)
    formatted["message"] = message
    formatted["extensions"] = {**formatted.get("extensions", {}), **extensions}
    return formatted


def explained(error: BaseException) -> tuple[str, dict[str, Any]]:
    """Returns message and extensions of any exception."""
    cause = _cause(error)
    if isinstance(cause, Refused):
        return str(cause), _refusal(cause)
    if isinstance(cause, Unavailable):
        return str(cause) or _AWAY, {"code": UNAVAILABLE}
    if isinstance(cause, UNREACHABLE):
        return str(unavailable(cause)), {"code": UNAVAILABLE}
    if isinstance(cause, GraphQLError):
        return cause.message, {"code": "GRAPHQL_ERROR", **(cause.extensions or {})}
    identity = uuid4().hex[:12]
    path = ".".join(map(str, getattr(error, "path", None) or ()))
    _log.error("internal error %s at %s", identity, path or "the root", exc_info=cause)
    return "internal error", {"code": "INTERNAL", "id": identity}


def _refusal(refused: Refused) -> dict[str, Any]:
    """Includes the path to the wrong argument, and the position in its text, if known."""
    if not refused.problems:
        return {"code": "REFUSED"}
    first = refused.problems[0]
    extensions: dict[str, Any] = {"code": first.code.value}
    if first.path:
        extensions["path"] = list(first.path)
    if first.column is not None:
        extensions |= {"line": first.line, "column": first.column}
    return extensions


def is_only_unavailable(errors: Sequence[dict[str, Any]]) -> bool:
    return bool(errors) and all(map(_is_unavailable, errors))


def is_partly_unavailable(errors: Sequence[dict[str, Any]]) -> bool:
    return any(map(_is_unavailable, errors))


def _is_unavailable(error: dict[str, Any]) -> bool:
    return bool(error.get("extensions", {}).get("code") == UNAVAILABLE)


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error
