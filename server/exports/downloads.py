"""A response that is made while it is read: what was refused is known before it begins."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from models.errors import Unavailable
from runner.store.connection import reaching
from server.protocols import CUT_OFF

logger = logging.getLogger("headway.exports")

_PATIENCE: Final = 30.0
"""Seconds for a reader to take what was sent, as subscriptions have."""
_PIECE: Final = 64 * 1024
"""Bytes that are sent under one deadline: whoever makes progress, however slowly, is not cut off in a large piece."""
MOST_AT_ONCE: Final = 4
"""Each holds a connection to the database for as long as its reader takes."""


class DownloadSlots:
    """The downloads of a process that run now."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._running = 0
        self._of_actor: Counter[str] = Counter()

    async def taken(
        self, pieces: AsyncGenerator[bytes, None], actor: str
    ) -> AsyncGenerator[bytes, None]:
        """The same pieces. Raises Unavailable before the first while too many others run, or too many of the actor."""
        if self._running >= self._most:
            raise Unavailable(
                f"{self._most} downloads run already, the most at once; try again when one has ended"
            )
        # One place stays free for others.
        most = max(self._most - 1, 1)
        if self._of_actor[actor] >= most:
            raise Unavailable(
                f"{most} downloads of {actor} run already, the most for one user; try again when one has ended"
            )
        self._running += 1
        self._of_actor[actor] += 1
        try:
            async for piece in pieces:
                yield piece
        finally:
            self._running -= 1
            self._of_actor[actor] -= 1
            if not self._of_actor[actor]:
                del self._of_actor[actor]
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
            async with asyncio.timeout(_PATIENCE):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            # The response stays without an end, so that its reader cannot take the part for the whole.
            logger.warning("a download was ended: its reader took nothing for %g s", _PATIENCE)
            if cut_off := scope.get(CUT_OFF):
                cut_off()
        finally:
            await asyncio.shield(self._pieces.aclose())

    async def _body(self, request: Request, send: Send) -> None:
        await _give(self._first, send)
        async for piece in self._pieces:
            if await request.is_disconnected():
                return
            await _give(piece, send)


async def _give(piece: bytes, send: Send) -> None:
    """Raises TimeoutError when the reader does not take it."""
    for start in range(0, len(piece), _PIECE):
        async with asyncio.timeout(_PATIENCE):
            body = piece[start : start + _PIECE]
            await send({"type": "http.response.body", "body": body, "more_body": True})
