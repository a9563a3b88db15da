"""Refusals as answers: a page for who looks with a browser, JSON for all others."""

from html import escape
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.errors import Unavailable
from server.rates import TOO_MANY, TooMany

RETRY_AFTER: Final = 2
"""Seconds that a client is asked to wait while the database is away."""
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Headway</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">{head}
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;overflow-wrap:anywhere}}
h1{{font-size:1.5rem}}input{{font:inherit;width:100%;box-sizing:border-box;padding:.4rem .5rem}}
button,.button{{font:inherit;padding:.4rem 1rem}}
.button{{display:inline-block;border:1px solid;border-radius:.2rem}}</style>
<h1>{title}</h1>{body}</html>"""
_AGAIN = '<meta http-equiv="refresh" content="{seconds}">'
_LONGEST_REASON: Final = 123
"""Bytes of the reason of a close."""


def page(title: str, body: str, head: str = "") -> str:
    """A small page of HTML; `body` and `head` are HTML already."""
    return _PAGE.format(title=escape(title), body=body, head=head)


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
        told = f"<p>{escape(str(error))}</p><p>This page is loaded again in {seconds} s.</p>"
        title, head = "The server cannot answer now", _AGAIN.format(seconds=seconds)
        refused = HTMLResponse(page(title, told, head), status)
    else:
        refused = refusal(scope, status, code, str(error), **extensions)
    refused.headers["retry-after"] = str(seconds)
    refused.headers["cache-control"] = "no-store"
    return refused


def is_for_a_reader(scope: Scope) -> bool:
    """Whether a browser shows the answer to a person."""
    return "text/html" in Headers(scope=scope).get("accept", "") and scope["method"] == "GET"


def refusal(
    scope: Scope, status: int, code: str, message: str, more: str = "", **extensions: Any
) -> Response:
    if is_for_a_reader(scope):
        return HTMLResponse(page(message, more), status)
    errors = [{"message": message, "extensions": {"code": code, **extensions}}]
    return JSONResponse({"errors": errors}, status)
