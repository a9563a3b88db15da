"""Error responses: a page for browsers, JSON for other clients."""

from html import escape
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.errors import Unavailable
from server.http.plain_page import page
from server.http.rates import TOO_MANY, TooMany

RETRY_AFTER: Final = 2
"""Seconds after which a client should retry while the database is unavailable."""
_FOREIGN: Final = (
    "Requests from this origin are refused: list it in allowed_origins; if it is this server's own origin behind a "
    "proxy, set external_url, or add the proxy to trusted_proxies"
)
_AGAIN = '<meta http-equiv="refresh" content="{seconds}">'
_LONGEST_REASON: Final = 123
"""Maximum bytes of the reason in a close frame."""


class Refusals:
    """ASGI middleware: turns Unavailable into 503 and TooMany into 429, both with Retry-After.

    Closes a WebSocket with 1013 or 4429. Raises if a response has already begun.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def tracked_send(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, tracked_send)
        except (Unavailable, TooMany) as error:
            if begun:
                raise
            if scope["type"] == "websocket":
                await _close(error, receive, send)
            else:
                await _refused(scope, error)(scope, receive, send)


async def _close(error: Unavailable | TooMany, receive: Receive, send: Send) -> None:
    """Accepts and closes: a refused handshake could not give the client a time to retry."""
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
    """Reloads a page that was read; does not send a form again."""
    text, head = f"<p>{escape(str(error))}.</p>", ""
    if scope["method"] == "GET":
        text += f"<p>This page reloads in {seconds} s.</p>"
        head = _AGAIN.format(seconds=seconds)
    else:
        text += (
            f'<p>Nothing was changed. <a href="/">Continue</a>, and try again in {seconds} s.</p>'
        )
    return page("The server cannot answer now", text, head)


def is_for_a_reader(scope: Scope) -> bool:
    """Whether a browser shows the response to a person: for an address, or for a form."""
    headers = Headers(scope=scope)
    return "text/html" in headers.get("accept", "") and (
        scope["method"] == "GET" or is_form(headers)
    )


def is_form(headers: Headers) -> bool:
    return headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def foreign(scope: Scope) -> Response:
    """Refuses a request from a page of another origin."""
    return refusal(scope, 403, "FORBIDDEN_ORIGIN", _FOREIGN, '<p><a href="/">Continue</a></p>')


def refusal(
    scope: Scope, status: int, code: str, message: str, more: str = "", **extensions: Any
) -> Response:
    if is_for_a_reader(scope):
        title, _, fix = message.partition(": ")
        text = f"<p>{escape(fix[0].upper())}{escape(fix[1:])}.</p>" if fix else ""
        return HTMLResponse(page(title, text + more), status)
    errors = [{"message": message, "extensions": {"code": code, **extensions}}]
    return JSONResponse({"errors": errors}, status)
