"""A response that is produced while it is sent; errors before its first piece become error responses."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runner.service.outage import reaching
from server.http.concurrency_limit import ConcurrencyLimit
from server.http.sending import DownloadAborted, cut_off, send_end, send_piece

MOST_AT_ONCE: Final = 4
"""Each holds a database connection for as long as its client reads."""


class DownloadSlots:
    """Limits the concurrent downloads of a process. No user has more than half of them, however slowly they read."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._running = ConcurrencyLimit("exports", "exports_at_once", max(most // 2, 1), most)

    async def taken(
        self, pieces: AsyncGenerator[bytes, None], actor: str
    ) -> AsyncGenerator[bytes, None]:
        """Yields the pieces. Before the first one, raises TooMany if the actor has too many downloads, and
        Unavailable if all users together have."""
        try:
            with self._running.one(actor):
                async for piece in pieces:
                    yield piece
        finally:
            await pieces.aclose()


class Download(Response):
    """Gets the next piece when the client has read the one before; closes the pieces when the client disconnects."""

    def __init__(
        self, first: bytes, pieces: AsyncGenerator[bytes, None], media_type: str, file_name: str
    ) -> None:
        super().__init__(media_type=media_type)
        self._first = first
        self._pieces = pieces
        self.headers["content-disposition"] = f'attachment; filename="{file_name}"'
        self.headers["cache-control"] = "private, no-store"
        del self.headers["content-length"]

    @classmethod
    async def of(
        cls, pieces: AsyncGenerator[bytes, None], media_type: str, file_name: str
    ) -> "Download":
        """Returns when the first piece is ready. Raises what producing it raises."""
        with reaching():
            first = await anext(pieces, b"")
        return cls(first, pieces, media_type, file_name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            if scope["method"] != "HEAD":
                await self._body(Request(scope, receive), send)
            await send_end(send)
        except DownloadAborted as error:
            cut_off(scope, error)
        finally:
            await asyncio.shield(self._pieces.aclose())

    async def _body(self, request: Request, send: Send) -> None:
        await send_piece(self._first, send)
        async for piece in self._pieces:
            if await request.is_disconnected():
                return
            await send_piece(piece, send)
