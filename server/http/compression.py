"""Compresses responses made for one request: GraphQL, exports, logs.

The length of a compressed response reveals, bit by bit, a secret that it holds next to text chosen by an attacker
(BREACH). No response here is at risk: sessions are in cookies that only this site sends, secrets are masked, a token is
returned once, to its creator, and other sites cannot send requests in a visitor's name.
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
"""Neither event streams, whose messages must be sent one by one, nor formats that are compressed themselves."""
_SMALLEST: Final = 1_400
"""Bytes: smaller responses fit into one packet uncompressed."""
_LEVEL: Final = 4
_LARGE: Final = 64 * 1024
"""Larger bodies, in bytes, are compressed in a thread."""
_GZIP: Final = 16 + zlib.MAX_WBITS


class Compression:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "HEAD":
            await self._app(scope, receive, send)
            return
        accepts = preferred(Headers(scope=scope).get("accept-encoding", ""), ("gzip",)) is not None
        await self._app(scope, receive, _Compressed(send, accepts).send)


class _Compressed:
    def __init__(self, send: Send, accepts: bool) -> None:
        self._send = send
        self._accepts = accepts
        self._start: Message | None = None
        self._coder: zlib._Compress | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body" and self._start is not None:
            start, self._start = self._start, None
            self._begin(start, message)
            await self._send(start)
            await self._send(await self._compressed(message))
        elif message["type"] == "http.response.body":
            await self._send(await self._compressed(message))
        else:
            await self._send(message)

    def _begin(self, start: Message, first: Message) -> None:
        """Decides with the first part of the body: the size is known only if that is all."""
        headers = MutableHeaders(scope=start)
        if not _may_compress(headers):
            return
        headers.add_vary_header("accept-encoding")
        whole = not first.get("more_body", False)
        if not self._accepts or (whole and len(first.get("body", b"")) < _SMALLEST):
            return
        headers["content-encoding"] = "gzip"
        del headers["content-length"]
        self._coder = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    async def _compressed(self, message: Message) -> Message:
        coder, body = self._coder, message.get("body", b"")
        if coder is None:
            return message
        last = not message.get("more_body", False)
        if len(body) > _LARGE:
            coded = await asyncio.to_thread(_compress, coder, body, last)
        else:
            coded = _compress(coder, body, last)
        return {**message, "body": coded}


def _may_compress(headers: MutableHeaders) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    # A file of known length keeps its length, so that clients can show progress.
    is_file = "content-length" in headers and headers.get("content-disposition", "").startswith(
        "attachment"
    )
    return kind in _KINDS and "content-encoding" not in headers and not is_file


def _compress(coder: "zlib._Compress", body: bytes, last: bool) -> bytes:
    """Flushes after every piece, so that a reader of a stream gets each one at once."""
    coded = coder.compress(body)
    if last:
        return coded + coder.flush()
    return coded + coder.flush(zlib.Z_SYNC_FLUSH) if body else coded
