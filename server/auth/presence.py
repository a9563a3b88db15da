"""Open sockets and event streams, each with its viewer."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from models.access.viewer import Viewer
from server.http.giving import NotTaken

logger = logging.getLogger("headway.access")

REVOKED: Final = "The token or session was revoked"
CHANGED: Final = "What you may do has changed: connect again"
EXPIRED: Final = "The token has expired"
End = Callable[[str], None]


def changed(viewer: Viewer, now: Viewer | None) -> str | None:
    """Why the viewer is to be let in anew; None for one who is worth the same now."""
    if now is None:
        return REVOKED
    return None if now.worth == viewer.worth else CHANGED


class Presence:
    """The connections that stay open, with the viewer that each was let in as."""

    def __init__(self, again: Callable[[Viewer], Awaitable[Viewer | None]]) -> None:
        self._again = again
        self._open: dict[object, tuple[Viewer, End]] = {}

    @contextmanager
    def of(self, viewer: Viewer, end: End) -> Iterator[None]:
        """While it is entered, `end` is called with a sentence once the viewer is worth something else."""
        mark = self.enter(viewer, end)
        try:
            yield
        finally:
            self.leave(mark)

    async def pieces(
        self, viewer: Viewer, pieces: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """The same pieces. Raises NotTaken once the viewer is worth something else, so that a download is cut off."""
        ended: list[str] = []
        try:
            with self.of(viewer, ended.append):
                async for piece in pieces:
                    if viewer.expires_at is not None and viewer.expires_at <= datetime.now(UTC):
                        ended.append(EXPIRED)
                    if ended:
                        raise NotTaken(ended[0])
                    yield piece
        finally:
            await pieces.aclose()

    def enter(self, viewer: Viewer, end: End) -> object:
        mark = object()
        self._open[mark] = viewer, end
        return mark

    def leave(self, mark: object) -> None:
        self._open.pop(mark, None)

    async def look_again(self) -> None:
        known: dict[object, Viewer | None] = {}
        for mark, (viewer, end) in list(self._open.items()):
            key = viewer.credential, viewer.groups
            if key not in known:
                known[key] = await self._again(viewer)
            now = known[key]
            if mark not in self._open:
                continue
            if why := changed(viewer, now):
                end(why)
