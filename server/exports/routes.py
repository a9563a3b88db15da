"""The routes of downloads. They use the same permissions as GraphQL."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.access.viewer import Permission, Viewer, nowhere_permitted
from models.errors import ProblemCode, Refused
from runner.denials import Denial, Denials
from runner.store.postgres.connection import Pool
from schema.lists.columns import DEFAULT_COLUMNS, JSON_COLUMNS
from server.auth.auth import visitor_of
from server.auth.presence import Presence
from server.exports.downloads import Download, DownloadSlots
from server.exports.logs import log_text
from server.exports.parameters import (
    check_names,
    id_parameters,
    log_parameters,
    record_parameters,
    table_parameters,
)
from server.exports.records import record
from server.exports.reports import FEWEST_COMPARED, MOST_COMPARED, report
from server.exports.tables import csv_writer, json_writer, table
from server.files.places import Places
from server.graphql.errors import explained
from server.http.rates import Rate, Rates
from server.http.refusals import refusal
from server.visible_execution import ExportRequest

_CSV: Final = "text/csv; charset=utf-8; header=present"
_JSON: Final = "application/json"
_LINES: Final = "application/x-ndjson"
_PDF: Final = "application/pdf"
_TEXT: Final = "text/plain; charset=utf-8"
_STATUS: Final = {"NOT_FOUND": 404, "FORBIDDEN": 403}
Answer = Callable[[Request, Viewer], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Source:
    """The dependencies of the routes."""

    pool: Pool
    slots: DownloadSlots
    places: Places
    rates: Rates
    presence: Presence | None = None
    denials: Denials | None = None

    def limited(
        self, pieces: AsyncGenerator[bytes, None], viewer: Viewer
    ) -> AsyncGenerator[bytes, None]:
        if self.presence is not None:
            pieces = self.presence.pieces(viewer, pieces)
        return self.slots.taken(pieces, viewer.actor)

    def deny(self, viewer: Viewer, what: str) -> None:
        if self.denials is not None:
            self.denials.record(Denial.of(viewer, what))

    def shown(
        self, pieces: AsyncGenerator[bytes, None], viewer: Viewer
    ) -> AsyncGenerator[bytes, None]:
        return self.limited(self.places.shown_pieces(pieces), viewer)

    def parameters(self, request: Request) -> QueryParams:
        return QueryParams(
            self.places.meant([list(one) for one in request.query_params.multi_items()])
        )


def export_routes(
    pool: Pool,
    slots: DownloadSlots,
    places: Places | None = None,
    rates: Rates | None = None,
    presence: Presence | None = None,
    denials: Denials | None = None,
) -> list[Route]:
    """Without `presence`, downloads continue after their token is revoked; without `denials`, refusals are not
    audited."""
    source = Source(pool, slots, places or Places(), rates or Rates(), presence, denials)
    return [*_table_routes(source), *_report_routes(source), *_one_routes(source)]


def _table_routes(source: Source) -> list[Route]:
    async def as_csv(request: Request, viewer: Viewer) -> Response:
        wanted, columns = table_parameters(source.parameters(request), DEFAULT_COLUMNS)
        pieces = table(source.pool, viewer.scope, wanted, columns, csv_writer(columns))
        return await Download.of(source.shown(pieces, viewer), _CSV, f"executions-{_now()}.csv")

    async def as_json(request: Request, viewer: Viewer) -> Response:
        wanted, columns = table_parameters(source.parameters(request), JSON_COLUMNS)
        pieces = table(source.pool, viewer.scope, wanted, columns, json_writer(columns))
        return await Download.of(source.shown(pieces, viewer), _LINES, f"executions-{_now()}.jsonl")

    return [
        _route("/executions/export.csv", as_csv, source),
        _route("/executions/export.json", as_json, source),
    ]


def _report_routes(source: Source) -> list[Route]:
    async def of_several(request: Request, viewer: Viewer) -> Response:
        ids = id_parameters(request.query_params, FEWEST_COMPARED, MOST_COMPARED)
        pieces = report(source.pool, [ExportRequest(id, viewer.scope) for id in ids], source.places)
        return await Download.of(source.limited(pieces, viewer), _PDF, f"comparison-{_now()}.pdf")

    async def of_one(request: Request, viewer: Viewer) -> Response:
        check_names(request.query_params)
        export = _export_request(request, viewer)
        pieces = report(source.pool, [export], source.places)
        return await Download.of(source.limited(pieces, viewer), _PDF, f"{_safe(export.id)}.pdf")

    return [
        _route("/executions/report.pdf", of_several, source),
        _route("/executions/{id}/report.pdf", of_one, source),
    ]


def _one_routes(source: Source) -> list[Route]:
    async def as_record(request: Request, viewer: Viewer) -> Response:
        logs = record_parameters(request.query_params)
        export = _export_request(request, viewer, logs)
        pieces = record(source.pool, export, logs)
        return await Download.of(source.shown(pieces, viewer), _JSON, f"{_safe(export.id)}.json")

    async def as_log(request: Request, viewer: Viewer) -> Response:
        wanted, export = (
            log_parameters(source.parameters(request)),
            _export_request(request, viewer, logs=True),
        )
        pieces = log_text(source.pool, export, wanted, source.places)
        return await Download.of(
            source.limited(pieces, viewer), _TEXT, f"{_safe(export.id)}.log.txt"
        )

    return [
        _route("/executions/{id}/record.json", as_record, source),
        _route("/executions/{id}/logs.txt", as_log, source),
    ]


def _route(path: str, answer: Answer, source: Source) -> Route:
    async def handle(request: Request) -> Response:
        visitor = visitor_of(request.scope)
        assert visitor, "the guard lets nobody else in"
        await source.rates.check(Rate.EXPORTS, visitor.viewer.actor)
        try:
            _check_may(visitor.viewer, Permission.VIEW_EXECUTION)
            return await answer(request, visitor.viewer)
        except Refused as error:
            for problem in error.problems:
                if problem.code is ProblemCode.FORBIDDEN:
                    source.deny(visitor.viewer, problem.message)
            return _refused(request, error, source.places)

    return Route(path, handle, methods=["GET"])


def _check_may(viewer: Viewer, permission: Permission) -> None:
    if not viewer.may_somewhere(permission):
        raise Refused.because(ProblemCode.FORBIDDEN, nowhere_permitted(permission))


def _refused(request: Request, error: Refused, places: Places) -> Response:
    message, extensions = explained(error)
    code = extensions.pop("code")
    (shown,) = places.shown_errors([{"message": message}])
    return refusal(request.scope, _STATUS.get(code, 400), code, shown["message"], **extensions)


def _export_request(request: Request, viewer: Viewer, logs: bool = False) -> ExportRequest:
    if logs:
        _check_may(viewer, Permission.VIEW_LOGS)
    read = viewer.scope_of(Permission.VIEW_LOGS) if logs else None
    return ExportRequest(request.path_params["id"], viewer.scope, read)


def _safe(id: str) -> str:
    """Returns the id for a file name; an invalid id is refused before the name is used."""
    return "".join(
        letter for letter in id if letter.isascii() and (letter.isalnum() or letter == "_")
    )


def _now() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
