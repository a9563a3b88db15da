"""CORS: pages of listed origins may use the API. Other origins get no CORS headers."""

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EXPOSED: Final = ("retry-after", "content-disposition", "headway-cut", "www-authenticate")
_PREFLIGHT_LASTS: Final = 600


class CrossOrigin:
    """ASGI middleware around the refusals, so that a page can read those too. Preflights are answered before
    authentication, because browsers send no credentials with them."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._shared = CORSMiddleware(
            app,
            allow_origins=sorted(self._origins),
            allow_methods=("GET", "HEAD", "POST"),
            # The response names the requested headers: with credentials `*` is not allowed there.
            allow_headers=("*",),
            allow_credentials=True,
            expose_headers=_EXPOSED,
            max_age=_PREFLIGHT_LASTS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._origins:
            await self._app(scope, receive, send)
            return

        async def add_vary(message: Message) -> None:
            """Adds `Vary: Origin`, because caches must keep a response for each origin."""
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "origin" not in headers.get("vary", "").lower():
                    headers.add_vary_header("origin")
            await send(message)

        origins = Headers(scope=scope).getlist("origin")
        is_listed = len(origins) == 1 and origins[0] in self._origins
        await (self._shared if is_listed else self._app)(scope, receive, add_vary)
