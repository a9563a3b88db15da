"""Sockets and event streams that are open, and the loop that ends those whose credential is worth nothing any more."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from models.viewer import Viewer
from runner.service.loop import Loop, surviving
from server.http.giving import NotTaken

if TYPE_CHECKING:
    from runner.store.access.holders import Holders
    from server.auth.auth import Door

logger = logging.getLogger("headway.access")

_LOOK_AGAIN: Final = 0.5
"""Seconds: what is revoked has ended within two."""
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


class Revocations(Loop):
    """Notices within a second that somebody's token, session, role or group was changed, by whichever server, or
    that sessions are signed with another key."""

    def __init__(self, door: "Door", holders: "Holders") -> None:
        super().__init__()
        self._door, self._holders = door, holders
        self._seen: tuple[int, str | None] | None = None

    async def _go_round(self) -> None:
        while True:
            with surviving(logger, "could not look whether somebody's access was revoked"):
                seen = await self._holders.version(), self._door.key_id
                if seen != self._seen:
                    await self._door.look_again()
                    self._seen = seen
            await asyncio.sleep(_LOOK_AGAIN)
