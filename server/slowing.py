"""Answers for those who ask too often, wherever it is noticed."""

from starlette.types import ASGIApp, Receive, Scope, Send

from server.guard import refusal
from server.rates import TOO_MANY, TooMany


class Slowing:
    """ASGI middleware: TooMany from anything within becomes 429 with Retry-After, and closes a socket with 4429."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except TooMany as slowed:
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.accept"})
                await send({"type": "websocket.close", "code": 4429, "reason": str(slowed)[:123]})
                return
            extensions = {key: value for key, value in slowed.extensions.items() if key != "code"}
            refused = refusal(scope, 429, TOO_MANY, str(slowed), **extensions)
            refused.headers["retry-after"] = str(slowed.retry_after)
            refused.headers["cache-control"] = "no-store"
            refused.headers["x-content-type-options"] = "nosniff"
            await refused(scope, receive, send)
