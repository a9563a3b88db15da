"""Refusals as answers: a page for who looks with a browser, JSON for all others."""

from html import escape
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.errors import Unavailable
from server.http.plain_page import page
from server.http.rates import TOO_MANY, TooMany

RETRY_AFTER: Final = 2
"""Seconds that a client is asked to wait while the database is away."""
_FOREIGN: Final = (
    "Requests from this origin are refused: list it in allowed_origins; where it is this server's own behind a proxy, "
    "set external_url, or name the proxy in trusted_proxies"
)
_AGAIN = '<meta http-equiv="refresh" content="{seconds}">'
_LONGEST_REASON: Final = 123
"""Bytes of the reason of a close."""


class Refusals:
    """ASGI middleware: whatever is Unavailable within becomes 503, and TooMany 429, both with Retry-After.

    A socket is closed with 1013 or 4429. What has begun to answer has to end by itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noticed(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        except (Unavailable, TooMany) as error:
            if begun:
                raise
            if scope["type"] == "websocket":
                await _close(error, receive, send)
            else:
                await _refused(scope, error)(scope, receive, send)


async def _close(error: Unavailable | TooMany, receive: Receive, send: Send) -> None:
    """A handshake that is refused would say nothing; a code tells clients when to come again."""
    code = 4429 if isinstance(error, TooMany) else 1013
    reason = str(error) if isinstance(error, TooMany) else "Try again later"
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code, "reason": reason[:_LONGEST_REASON]})


def _refused(scope: Scope, error: Unavailable | TooMany) -> Response:
    status, code, seconds, extensions = 503, "UNAVAILABLE", RETRY_AFTER, {}
    if isinstance(error, TooMany):
        status, code, seconds = 429, TOO_MANY, error.retry_after
        extensions = {key: value for key, value in error.extensions.items() if key != "code"}
    refused: Response
    if is_for_a_reader(scope):
        refused = HTMLResponse(_again_later(scope, error, seconds), status)
    else:
        refused = refusal(scope, status, code, str(error), **extensions)
    refused.headers["retry-after"] = str(seconds)
    refused.headers["cache-control"] = "no-store"
    return refused


def _again_later(scope: Scope, error: Exception, seconds: int) -> str:
    """Loads again what was read; what was sent is not sent again."""
    told, head = f"<p>{escape(str(error))}.</p>", ""
    if scope["method"] == "GET":
        told += f"<p>This page is loaded again in {seconds} s.</p>"
        head = _AGAIN.format(seconds=seconds)
    else:
        told += f'<p>Nothing was done. <a href="/">Go on</a>, and try again in {seconds} s.</p>'
    return page("The server cannot answer now", told, head)


def is_for_a_reader(scope: Scope) -> bool:
    """Whether a browser shows the answer to a person: of an address, or of a form."""
    headers = Headers(scope=scope)
    return "text/html" in headers.get("accept", "") and (
        scope["method"] == "GET" or is_form(headers)
    )


def is_form(headers: Headers) -> bool:
    return headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def foreign(scope: Scope) -> Response:
    """Refuses what a page of another origin asks."""
    return refusal(scope, 403, "FORBIDDEN_ORIGIN", _FOREIGN, '<p><a href="/">Go on</a></p>')


def refusal(
    scope: Scope, status: int, code: str, message: str, more: str = "", **extensions: Any
) -> Response:
    if is_for_a_reader(scope):
        title, _, mend = message.partition(": ")
        told = f"<p>{escape(mend[0].upper())}{escape(mend[1:])}.</p>" if mend else ""
        return HTMLResponse(page(title, told + more), status)
    errors = [{"message": message, "extensions": {"code": code, **extensions}}]
    return JSONResponse({"errors": errors}, status)
