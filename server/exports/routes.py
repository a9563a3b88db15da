"""The ways to the downloads. What may be asked is what GraphQL gives to the same viewer."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.errors import ProblemCode, Refused, Unavailable
from models.viewer import Permission, Viewer
from runner.store.connection import Pool
from schema.arguments import Wanted, wanted_executions
from server.auth import visitor_of
from server.exports.columns import columns_of
from server.exports.downloads import Download, Turns
from server.exports.tables import csv_writer, json_writer, table
from server.graphql.errors import explained
from server.guard import RETRY_AFTER, refusal

_STATUS: Final = {"NOT_FOUND": 404, "FORBIDDEN": 403, "UNAVAILABLE": 503}
_TABLE: Final = ("where", "search", "orderBy", "columns")
Answer = Callable[[Request, Viewer], Awaitable[Response]]


def export_routes(pool: Pool) -> list[Route]:
    turns = Turns()

    async def as_csv(request: Request, viewer: Viewer) -> Response:
        columns = columns_of(_parameters(request, *_TABLE).getlist("columns"))
        pieces = table(pool, viewer.scope, _wanted(request), columns, csv_writer(columns))
        return await Download.of(
            turns.taken(pieces), "text/csv; charset=utf-8; header=present", _named("csv")
        )

    async def as_json(request: Request, viewer: Viewer) -> Response:
        columns = columns_of(_parameters(request, *_TABLE).getlist("columns"))
        pieces = table(pool, viewer.scope, _wanted(request), columns, json_writer(columns))
        return await Download.of(turns.taken(pieces), "application/x-ndjson", _named("jsonl"))

    return [
        _route("/executions/export.csv", as_csv),
        _route("/executions/export.json", as_json),
    ]


def _route(path: str, answer: Answer, *permissions: Permission) -> Route:
    async def handle(request: Request) -> Response:
        visitor = visitor_of(request.scope)
        assert visitor, "the guard lets nobody else in"
        try:
            for permission in (Permission.VIEW_EXECUTION, *permissions):
                check_may(visitor.viewer, permission)
            return await answer(request, visitor.viewer)
        except (Refused, Unavailable) as error:
            return _refused(request, error)

    return Route(path, handle, methods=["GET"])


def check_may(viewer: Viewer, permission: Permission) -> None:
    if not viewer.may(permission):
        raise Refused.because(
            ProblemCode.FORBIDDEN, f"this needs the permission {permission.value}"
        )


def _refused(request: Request, error: Refused | Unavailable) -> Response:
    message, extensions = explained(error)
    code = extensions.pop("code")
    response = refusal(request.scope, _STATUS.get(code, 400), code, message, **extensions)
    if code == "UNAVAILABLE":
        response.headers["retry-after"] = str(RETRY_AFTER)
    return response


def _parameters(request: Request, *known: str) -> QueryParams:
    """One that is misspelt would otherwise give something else than was meant."""
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is not None:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"there is no parameter {unknown[:100]!r}; there are {', '.join(known)}",
        )
    return request.query_params


def _wanted(request: Request) -> Wanted:
    given = request.query_params
    try:
        where = orjson.loads(given["where"]) if given.get("where") else None
    except ValueError as error:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"where is not JSON: {error}; write it as the variable of a GraphQL query",
            "where",
        ) from error
    return wanted_executions(where, given.get("search"), given.get("orderBy") or None)


def _named(ending: str) -> str:
    return f"executions-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{ending}"
