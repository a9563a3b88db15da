"""A response that is made while it is read: what was refused is known before it begins."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runner.service.outage import reaching
from server.http.at_once import AtOnce
from server.http.giving import NotTaken, cut_off, end, give

MOST_AT_ONCE: Final = 4
"""Each holds a connection to the database for as long as its reader takes."""


class DownloadSlots:
    """The downloads of a process that run now. No user has more than half of them, whoever reads how slowly."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._running = AtOnce("exports", "exports_at_once", max(most // 2, 1), most)

    async def taken(
        self, pieces: AsyncGenerator[bytes, None], actor: str
    ) -> AsyncGenerator[bytes, None]:
        """The same pieces. Before the first raises TooMany while too many of the actor run, and Unavailable while too
        many of all do."""
        try:
            with self._running.one(actor):
                async for piece in pieces:
                    yield piece
        finally:
            await pieces.aclose()


class Download(Response):
    """Pulls the next piece when the reader has taken the one before; closes them when the reader goes."""

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
        """Once its first piece is there. Raises what making that one raises."""
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
            await end(send)
        except NotTaken as error:
            cut_off(scope, error)
        finally:
            await asyncio.shield(self._pieces.aclose())

    async def _body(self, request: Request, send: Send) -> None:
        await give(self._first, send)
        async for piece in self._pieces:
            if await request.is_disconnected():
                return
            await give(piece, send)
