"""Sends a long answer piece by piece to a reader who may not take it."""

import asyncio
import logging
from typing import Any, Final

from starlette.types import Scope, Send

from server.http.protocols import CUT_OFF

logger = logging.getLogger("headway.downloads")

PATIENCE: Final = 30.0
"""Seconds for a reader to take what was sent, as subscriptions have."""
_PIECE: Final = 64 * 1024
"""Bytes that are sent under one deadline: whoever makes progress, however slowly, is not cut off in a large piece."""


class NotTaken(Exception):
    """The reader took nothing for too long, or may not take more; the sentence says which."""


async def give(body: bytes, send: Send) -> None:
    """Raises NotTaken."""
    for start in range(0, len(body), _PIECE):
        await _sent(send, body=body[start : start + _PIECE], more_body=True)


async def end(send: Send) -> None:
    """Raises NotTaken."""
    await _sent(send, body=b"", more_body=False)


async def _sent(send: Send, **message: Any) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await send({"type": "http.response.body", **message})
    except TimeoutError as error:
        raise NotTaken(f"its reader took nothing for {PATIENCE:g} s") from error


def cut_off(scope: Scope, why: NotTaken) -> None:
    """Leaves the answer without an end, so that its reader cannot take the part for the whole, and closes the
    connection."""
    logger.warning("a download was ended: %s", why)
    if end_connection := scope.get(CUT_OFF):
        end_connection()
