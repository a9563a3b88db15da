"""Sends a long response piece by piece, with a deadline for each, to a client that may not read."""

import asyncio
import logging
from typing import Any, Final

from starlette.types import Scope, Send

from server.http.protocols import CUT_OFF

logger = logging.getLogger("headway.downloads")

READ_TIMEOUT: Final = 30.0
"""Seconds for a client to read what was sent, the same as for subscriptions."""
_PIECE: Final = 64 * 1024
"""Bytes that are sent under one deadline: a client that reads slowly is not cut off within a large piece."""


class DownloadAborted(Exception):
    """The client read nothing for too long, or may not read more; the message says which."""


async def send_piece(body: bytes, send: Send) -> None:
    """Raises DownloadAborted."""
    for start in range(0, len(body), _PIECE):
        await _send_body(send, body=body[start : start + _PIECE], more_body=True)


async def send_end(send: Send) -> None:
    """Raises DownloadAborted."""
    await _send_body(send, body=b"", more_body=False)


async def _send_body(send: Send, **message: Any) -> None:
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            await send({"type": "http.response.body", **message})
    except TimeoutError as error:
        raise DownloadAborted(f"its reader read nothing for {READ_TIMEOUT:g} s") from error


def cut_off(scope: Scope, why: DownloadAborted) -> None:
    """Closes the connection without completing the response, so that the client cannot mistake the part for the
    whole."""
    logger.warning("a download was ended: %s", why)
    if end_connection := scope.get(CUT_OFF):
        end_connection()
