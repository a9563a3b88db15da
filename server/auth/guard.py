"""Checks host, credentials and origin of every request before anything else handles it."""

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
"""Browsers request the last by themselves; it does not exist."""
_OTHER_SITES = frozenset({"cross-site", "same-site"})
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
            # The components of the page set their sizes and colours in style attributes.
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
    """Returns the middleware, outermost first: all responses get the headers, refusals too."""
    return [
        Middleware(Forwarded, proxies=door.settings.proxies),
        Middleware(SecurityHeaders),
        Middleware(CrossOrigin, origins=door.settings.origins),
        Middleware(Refusals),
        Middleware(Guard, door=door),
    ]


class SecurityHeaders:
    """ASGI middleware: adds each security header that a response does not set itself."""

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
    """The credential of a request was revoked or changed while its body arrived."""


class Guard:
    """ASGI middleware. Admits WebSockets without credentials: theirs may come in `connection_init`.

    Raises Unavailable and TooMany, as the door does.
    """

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._request(scope, receive, send)
            return
        if scope["type"] == "websocket" and not await self._admit_socket(scope, receive, send):
            return
        await self._app(scope, receive, send)

    async def _admit_socket(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether a WebSocket may continue with its handshake."""
        if not self._door.host_allowed(scope):
            await receive()
            await send({"type": "websocket.close", "code": 4403, "reason": "Forbidden host"})
            return False
        scope["headway.visitor"] = await self._door.visitor(scope)
        return True

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Load balancers probe by any address, and health checks reveal nothing.
        if scope["path"] not in _HEALTH and not self._door.host_allowed(scope):
            refused = refusal(
                scope,
                403,
                "FORBIDDEN_HOST",
                "This host name is not allowed: add it to the setting allowed_hosts",
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
            await self._run_admitted(visitor.viewer, scope, receive, send)

    async def _run_admitted(
        self, viewer: Viewer, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Checks again when the body is complete: the credential may have ended while the body arrived."""
        epoch, is_whole = self._door.epoch, scope["method"] in _SAFE

        async def checked_receive() -> Message:
            nonlocal is_whole
            message = await receive()
            if message["type"] == "http.request" and not is_whole:
                is_whole = not message.get("more_body", False)
                if why := await self._door.why_readmit(viewer, epoch):
                    raise _Ended(why)
            return message

        try:
            await self._app(scope, checked_receive, send)
        except _Ended as ended:
            refused = refusal(scope, 401, "UNAUTHENTICATED", str(ended))
            if str(ended) == CHANGED:
                refused = refusal(
                    scope, 409, "CONFLICT", "Your permissions have changed; send the request again"
                )
            await refused(scope, receive, send)


def unauthorized(scope: Scope) -> Response:
    """Redirects a browser to the sign-in. For a token, says only that it is not valid, not whether it ever was."""
    token = "authorization" in Headers(scope=scope) or b"token=" in scope.get("query_string", b"")
    query = urlencode({"next": _here(scope)})
    reads = is_for_a_reader(scope)
    if reads and not token and scope["method"] == "GET":
        led: Response = RedirectResponse(f"/login?{query}", 303)
        if Headers(scope=scope).get("sec-fetch-site") in _OTHER_SITES:
            # A browser omits our cookies when another site led here; from a page of ours it sends them.
            here = escape(_here(scope))
            head = f'<meta http-equiv="refresh" content="0;url={here}">'
            led = HTMLResponse(page("Headway", f'<p><a href="{here}">Continue</a></p>', head))
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
    """Returns the requested address, to return to after the sign-in."""
    query = scope.get("query_string", b"").decode("latin-1")
    return own_path(f"{scope['path']}?{query}" if query else scope["path"])
