"""The ways to the downloads. What may be asked is what GraphQL gives to the same viewer."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.errors import ProblemCode, Refused, Unavailable
from models.viewer import Permission, Viewer
from runner.store.connection import Pool
from schema.columns import USUAL, WHOLE
from server.auth import visitor_of
from server.exports.downloads import Download, Turns
from server.exports.logs import log_text
from server.exports.parameters import asked_ids, asked_log, asked_record, asked_table, check_names
from server.exports.records import record
from server.exports.reports import FEWEST_COMPARED, MOST_COMPARED, report
from server.exports.tables import csv_writer, json_writer, table
from server.exports.visible import Asked
from server.graphql.errors import explained
from server.guard import RETRY_AFTER, refusal

_CSV: Final = "text/csv; charset=utf-8; header=present"
_JSON: Final = "application/json"
_LINES: Final = "application/x-ndjson"
_PDF: Final = "application/pdf"
_TEXT: Final = "text/plain; charset=utf-8"
_STATUS: Final = {"NOT_FOUND": 404, "FORBIDDEN": 403, "UNAVAILABLE": 503}
Answer = Callable[[Request, Viewer], Awaitable[Response]]


def export_routes(pool: Pool, turns: Turns) -> list[Route]:
    return [*_table_routes(pool, turns), *_report_routes(pool, turns), *_one_routes(pool, turns)]


def _table_routes(pool: Pool, turns: Turns) -> list[Route]:
    async def as_csv(request: Request, viewer: Viewer) -> Response:
        wanted, columns = asked_table(request.query_params, USUAL)
        pieces = table(pool, viewer.scope, wanted, columns, csv_writer(columns))
        return await Download.of(turns.taken(pieces), _CSV, f"executions-{_now()}.csv")

    async def as_json(request: Request, viewer: Viewer) -> Response:
        wanted, columns = asked_table(request.query_params, WHOLE)
        pieces = table(pool, viewer.scope, wanted, columns, json_writer(columns))
        return await Download.of(turns.taken(pieces), _LINES, f"executions-{_now()}.jsonl")

    return [
        _route("/executions/export.csv", as_csv),
        _route("/executions/export.json", as_json),
    ]


def _report_routes(pool: Pool, turns: Turns) -> list[Route]:
    async def of_several(request: Request, viewer: Viewer) -> Response:
        ids = asked_ids(request.query_params, FEWEST_COMPARED, MOST_COMPARED)
        pieces = report(pool, [Asked(id, viewer.scope) for id in ids])
        return await Download.of(turns.taken(pieces), _PDF, f"comparison-{_now()}.pdf")

    async def of_one(request: Request, viewer: Viewer) -> Response:
        check_names(request.query_params)
        asked = _asked(request, viewer)
        pieces = report(pool, [asked])
        return await Download.of(turns.taken(pieces), _PDF, f"{_safe(asked.id)}.pdf")

    return [
        _route("/executions/report.pdf", of_several),
        _route("/executions/{id}/report.pdf", of_one),
    ]


def _one_routes(pool: Pool, turns: Turns) -> list[Route]:
    async def as_record(request: Request, viewer: Viewer) -> Response:
        logs, asked = asked_record(request.query_params), _asked(request, viewer)
        if logs:
            _check_may(viewer, Permission.VIEW_LOGS)
        pieces = record(pool, asked, logs)
        return await Download.of(turns.taken(pieces), _JSON, f"{_safe(asked.id)}.json")

    async def as_log(request: Request, viewer: Viewer) -> Response:
        wanted, asked = asked_log(request.query_params), _asked(request, viewer)
        _check_may(viewer, Permission.VIEW_LOGS)
        pieces = log_text(pool, asked, wanted)
        return await Download.of(turns.taken(pieces), _TEXT, f"{_safe(asked.id)}.log.txt")

    return [
        _route("/executions/{id}/record.json", as_record),
        _route("/executions/{id}/logs.txt", as_log),
    ]


def _route(path: str, answer: Answer) -> Route:
    async def handle(request: Request) -> Response:
        visitor = visitor_of(request.scope)
        assert visitor, "the guard lets nobody else in"
        try:
            _check_may(visitor.viewer, Permission.VIEW_EXECUTION)
            return await answer(request, visitor.viewer)
        except (Refused, Unavailable) as error:
            return _refused(request, error)

    return Route(path, handle, methods=["GET"])


def _check_may(viewer: Viewer, permission: Permission) -> None:
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


def _asked(request: Request, viewer: Viewer) -> Asked:
    return Asked(request.path_params["id"], viewer.scope)


def _safe(id: str) -> str:
    """As the name of a file; whatever else it says is refused before it is used."""
    return "".join(
        letter for letter in id if letter.isascii() and (letter.isalnum() or letter == "_")
    )


def _now() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
