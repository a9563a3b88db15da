"""Checks of every request before anything else sees it: host, credentials, origin."""

from html import escape
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.access.viewer import Viewer
from server.auth.auth import Door
from server.auth.presence import CHANGED
from server.http.addresses import own_path
from server.http.cross_origin import CrossOrigin
from server.http.forwarded import Forwarded
from server.http.plain_page import page
from server.http.refusals import Refusals, foreign, is_for_a_reader, refusal

_HEALTH = frozenset({"/healthz", "/readyz"})
_OPEN = _HEALTH | {"/login", "/logout", "/login/oidc", "/login/oidc/callback", "/favicon.ico"}
"""Browsers ask for the last by themselves, and there is none."""
_ELSEWHERE = frozenset({"cross-site", "same-site"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            # The components of the page set their sizes and colours as style attributes.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
}


def guarded(door: Door) -> list[Middleware]:
    """Outermost first: every answer has the headers, those that refuse too."""
    return [
        Middleware(Forwarded, proxies=door.settings.proxies),
        Middleware(SecurityHeaders),
        Middleware(CrossOrigin, origins=door.settings.origins),
        Middleware(Refusals),
        Middleware(Guard, door=door),
    ]


class SecurityHeaders:
    """ASGI middleware: gives each answer the headers that it has no value of its own for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


class _Ended(Exception):
    """The credential of a request is worth something else than when it began."""


class Guard:
    """ASGI middleware. Lets sockets through without credentials: theirs may come in `connection_init`.

    Raises Unavailable and TooMany, as the door does.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._request(scope, receive, send)
            return
        if scope["type"] == "websocket" and not await self._greeted(scope, receive, send):
            return
        await self._app(scope, receive, send)

    async def _greeted(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether a socket may go on to its own handshake."""
        if not self._door.host_allowed(scope):
            await receive()
            await send({"type": "websocket.close", "code": 4403, "reason": "Forbidden host"})
            return False
        scope["headway.visitor"] = await self._door.visitor(scope)
        return True

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Whoever shares out requests asks by whatever address it knows; there is nothing to be had here.
        if scope["path"] not in _HEALTH and not self._door.host_allowed(scope):
            refused = refusal(
                scope,
                403,
                "FORBIDDEN_HOST",
                "This host name is not one of this server's: add it to the setting allowed_hosts to reach it so",
                "<p>Or start the server with <code>--allowed-host NAME</code>.</p>",
            )
            await refused(scope, receive, send)
            return
        if scope["path"] in _OPEN:
            await self._app(scope, receive, send)
            return
        visitor = scope["headway.visitor"] = await self._door.visitor(scope)
        if visitor is None:
            await unauthorized(scope)(scope, receive, send)
        elif scope["method"] not in _SAFE and not self._door.origin_allowed(scope):
            await foreign(scope)(scope, receive, send)
        else:
            await self._let_in(visitor.viewer, scope, receive, send)

    async def _let_in(self, viewer: Viewer, scope: Scope, receive: Receive, send: Send) -> None:
        """A body may take its time to come. It counts for nothing when its credential has ended since."""
        epoch, is_whole = self._door.epoch, scope["method"] in _SAFE

        async def heard() -> Message:
            nonlocal is_whole
            message = await receive()
            if message["type"] == "http.request" and not is_whole:
                is_whole = not message.get("more_body", False)
                if why := await self._door.is_worth_less(viewer, epoch):
                    raise _Ended(why)
            return message

        try:
            await self._app(scope, heard, send)
        except _Ended as ended:
            refused = refusal(scope, 401, "UNAUTHENTICATED", str(ended))
            if str(ended) == CHANGED:
                refused = refusal(
                    scope, 409, "CONFLICT", "What you may do has changed; send it again"
                )
            await refused(scope, receive, send)


def unauthorized(scope: Scope) -> Response:
    """Leads a reader to the sign-in. Of a token that was given it tells no more than that it is not valid: nobody
    learns whether it ever was."""
    token = "authorization" in Headers(scope=scope) or b"token=" in scope.get("query_string", b"")
    query = urlencode({"next": _here(scope)})
    reads = is_for_a_reader(scope)
    if reads and not token and scope["method"] == "GET":
        led: Response = RedirectResponse(f"/login?{query}", 303)
        if Headers(scope=scope).get("sec-fetch-site") in _ELSEWHERE:
            # A browser sends no cookie of ours where another site led it here; from a page of ours it does.
            here = escape(_here(scope))
            head = f'<meta http-equiv="refresh" content="0;url={here}">'
            led = HTMLResponse(page("Headway", f'<p><a href="{here}">Go on</a></p>', head))
        led.headers["cache-control"] = "no-store"
        return led
    message = "This token is not valid" if token else "Not signed in"
    if not token and not reads:
        message += ": send a token as Authorization: Bearer TOKEN"
    more = f'<p><a class="button" href="/login?{escape(query)}">Sign in</a></p>'
    response = refusal(scope, 401, "UNAUTHENTICATED", message, more)
    response.headers["www-authenticate"] = "Bearer"
    return response


def _here(scope: Scope) -> str:
    """The address that was asked for, to come back to."""
    query = scope.get("query_string", b"").decode("latin-1")
    return own_path(f"{scope['path']}?{query}" if query else scope["path"])
