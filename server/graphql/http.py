"""POST and GET on /graphql, according to the GraphQL-over-HTTP specification."""

from typing import Any

from graphql import OperationType
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from models.access.viewer import Viewer
from models.payloads import MAX_PAYLOAD
from server.auth.auth import visitor_of
from server.auth.guard import unauthorized
from server.graphql.answers import Answer, encoded
from server.graphql.body import HTML, JSON, RESPONSE_JSON, accepted, read_request
from server.graphql.operations import Operations
from server.graphql.requests import Rejected
from server.http.refusals import RETRY_AFTER

MAX_BODY = 8 * MAX_PAYLOAD
"""Bytes: the largest inputs, outputs or event, with every character a six-character escape."""


class GraphQLOverHttp:
    """The ASGI app of the route."""

    def __init__(self, operations: Operations, page: ASGIApp | None, max_body: int) -> None:
        self._operations = operations
        self._page = page
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._respond(HttpRequest(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, http: HttpRequest) -> ASGIApp:
        if http.method not in ("GET", "POST"):
            refusal = Rejected.because("METHOD_NOT_ALLOWED", "only GET and POST", status=405)
            return rejection(refusal, JSON)
        visitor = visitor_of(http.scope)
        if visitor is None:
            return unauthorized(http.scope)
        wanted = self._wanted(http)
        if wanted == HTML and self._page is not None:
            return self._page
        if wanted is None:
            message = f"an answer can be {RESPONSE_JSON} or {JSON}"
            return rejection(Rejected.because("NOT_ACCEPTABLE", message, status=406), JSON)
        try:
            return await self._answer(http, visitor.viewer, wanted)
        except Rejected as refusal:
            return rejection(refusal, wanted)

    def _wanted(self, http: HttpRequest) -> str | None:
        offered: tuple[str, ...] = (RESPONSE_JSON, JSON)
        has_parameters = {"query", "documentId", "extensions"} & http.query_params.keys()
        if http.method == "GET" and not has_parameters and self._page is not None:
            offered = (*offered, HTML)
        return accepted(http.headers, offered, otherwise=JSON)

    async def _answer(self, http: HttpRequest, viewer: Viewer, wanted: str) -> Response:
        await self._operations.count(viewer)
        request = await self._operations.read(await read_request(http, self._max_body), viewer)
        prepared = await self._operations.admit(request, viewer)
        if prepared.kind is OperationType.SUBSCRIPTION:
            message = "subscriptions go over a socket on /graphql or over SSE on /graphql/stream"
            raise Rejected.because("SUBSCRIPTION_OVER_HTTP", message, malformed=True)
        if http.method == "GET" and prepared.kind is not OperationType.QUERY:
            message = "only queries may use GET"
            raise Rejected.because("METHOD_NOT_ALLOWED", message, malformed=True, status=405)
        return answer_response(await self._operations.execute(prepared, viewer), wanted)


def answer_response(answer: Answer, wanted: str) -> Response:
    if answer.retry_after is not None:
        return _response(answer.body, 429, wanted, {"retry-after": str(answer.retry_after)})
    if answer.unavailable:
        return _response(answer.body, 503, wanted, {"retry-after": str(RETRY_AFTER)})
    # Clients that only accept application/json expect 200 for every GraphQL response.
    return _response(answer.body, 200 if answer.reached or wanted == JSON else 400, wanted)


def rejection(refusal: Rejected, wanted: str) -> Response:
    lenient = wanted == JSON and not refusal.malformed and refusal.status == 400
    headers = {"allow": "GET, POST"} if refusal.status == 405 else {}
    if refusal.retry_after is not None:
        headers["retry-after"] = str(refusal.retry_after)
    body = encoded({"errors": refusal.errors})
    return _response(body, 200 if lenient else refusal.status, wanted, headers)


def _response(
    body: bytes, status: int, wanted: str, headers: dict[str, str] | None = None
) -> Response:
    all_headers: dict[str, Any] = {
        "content-type": f"{wanted}; charset=utf-8",
        "cache-control": "no-store",
        "vary": "accept",
        **(headers or {}),
    }
    return Response(body, status, all_headers)
