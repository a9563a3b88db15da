"""Tracks open WebSockets and event streams, each with its viewer, to end them when the viewer's access changes."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from models.access.viewer import Viewer
from server.http.sending import DownloadAborted

logger = logging.getLogger("headway.access")

REVOKED: Final = "The token or session was revoked"
CHANGED: Final = "Your permissions have changed: connect again"
EXPIRED: Final = "The token has expired"
End = Callable[[str], None]


def changed(viewer: Viewer, now: Viewer | None) -> str | None:
    """Returns why the viewer must authenticate again; None if their permissions are the same."""
    if now is None:
        return REVOKED
    return None if now.worth == viewer.worth else CHANGED


class Presence:
    """The open connections, each with the viewer that it was admitted as."""

    def __init__(self, again: Callable[[Viewer], Awaitable[Viewer | None]]) -> None:
        self._again = again
        self._open: dict[object, tuple[Viewer, End]] = {}

    @contextmanager
    def of(self, viewer: Viewer, end: End) -> Iterator[None]:
        """Calls `end` with a message when the viewer's access is revoked or changes within the block."""
        key = self.enter(viewer, end)
        try:
            yield
        finally:
            self.leave(key)

    async def pieces(
        self, viewer: Viewer, pieces: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """Yields the pieces. Raises DownloadAborted, to cut the download off, once the viewer's access is revoked or
        changes."""
        ended: list[str] = []
        try:
            with self.of(viewer, ended.append):
                async for piece in pieces:
                    if viewer.expires_at is not None and viewer.expires_at <= datetime.now(UTC):
                        ended.append(EXPIRED)
                    if ended:
                        raise DownloadAborted(ended[0])
                    yield piece
        finally:
            await pieces.aclose()

    def enter(self, viewer: Viewer, end: End) -> object:
        key = object()
        self._open[key] = viewer, end
        return key

    def leave(self, key: object) -> None:
        self._open.pop(key, None)

    async def look_again(self) -> None:
        known: dict[object, Viewer | None] = {}
        for key, (viewer, end) in list(self._open.items()):
            who = viewer.credential, viewer.groups
            if who not in known:
                known[who] = await self._again(viewer)
            now = known[who]
            if key not in self._open:
                continue
            if why := changed(viewer, now):
                end(why)
