"""Compresses what is made for a request: answers of GraphQL, exports, logs.

A compressed answer tells its length to whoever listens, and so, of a text that holds a secret beside what an attacker
chose, bit by bit that secret (BREACH). No answer here holds one: sessions are in cookies that only this site sends,
secrets are masked, a token is told once, to who made it, and other sites can ask for nothing in a visitor's name.
"""

import asyncio
import zlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.encodings import preferred

_KINDS: Final = frozenset(
    {
        "application/json",
        "application/graphql-response+json",
        "application/x-ndjson",
        "text/csv",
        "text/plain",
        "text/html",
    }
)
"""Never a stream of events, whose messages are to come one by one, nor what is compressed by itself."""
_SMALLEST: Final = 1_400
"""Bytes: less fits into one packet as it is."""
_LEVEL: Final = 4
_LARGE: Final = 64 * 1024
"""Bytes that are compressed beside the event loop."""
_GZIP: Final = 16 + zlib.MAX_WBITS


class Compression:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "HEAD":
            await self._app(scope, receive, send)
            return
        takes = preferred(Headers(scope=scope).get("accept-encoding", ""), ("gzip",)) is not None
        await self._app(scope, receive, _Compressed(send, takes).send)


class _Compressed:
    def __init__(self, send: Send, takes: bool) -> None:
        self._send = send
        self._takes = takes
        self._start: Message | None = None
        self._coder: zlib._Compress | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            start, self._start = self._start, None
            self._begin(start, message)
            await self._send(start)
            await self._send(await self._coded(message))
        elif message["type"] == "http.response.body":
            await self._send(await self._coded(message))
        else:
            await self._send(message)

    def _begin(self, start: Message, first: Message) -> None:
        """With the first of the body, which says how large it is when it is all."""
        headers = MutableHeaders(scope=start)
        if not _can_be(headers):
            return
        headers.add_vary_header("accept-encoding")
        whole = not first.get("more_body", False)
        if not self._takes or (whole and len(first.get("body", b"")) < _SMALLEST):
            return
        headers["content-encoding"] = "gzip"
        del headers["content-length"]
        self._coder = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    async def _coded(self, message: Message) -> Message:
        coder, body = self._coder, message.get("body", b"")
        if coder is None:
            return message
        last = not message.get("more_body", False)
        if len(body) > _LARGE:
            coded = await asyncio.to_thread(_through, coder, body, last)
        else:
            coded = _through(coder, body, last)
        return {**message, "body": coded}


def _can_be(headers: MutableHeaders) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    # A file of known length keeps it, for whoever shows how far it is.
    is_file = "content-length" in headers and headers.get("content-disposition", "").startswith(
        "attachment"
    )
    return kind in _KINDS and "content-encoding" not in headers and not is_file


def _through(coder: "zlib._Compress", body: bytes, last: bool) -> bytes:
    """All that was put in comes out, so that who reads along is not kept waiting."""
    coded = coder.compress(body)
    if last:
        return coded + coder.flush()
    return coded + coder.flush(zlib.Z_SYNC_FLUSH) if body else coded
