"""Decides whether a process is ready for requests: `/readyz`, which anybody may call at any rate."""

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import asyncpg

from models.errors import Unavailable
from runner.notify.feed import Feed
from runner.service.outage import UNREACHABLE
from runner.store.postgres.database import Database, migrations_current
from runner.store.postgres.sessions import is_read_only

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[Any]

_FRESH: Final = 5.0
"""Seconds since the feed last received anything from the database, beyond which a process is not ready."""
_INTERVAL: Final = 1.0
_TIMEOUT: Final = 4.0
"""Seconds that a check of the database may take."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The result of the last check of the database."""

    database: bool = False
    writable: bool = False
    migrations: bool = False


class Readiness:
    """Checks the database at most once a second for all callers, on a connection of its own.

    The process stops accepting when it begins to drain.
    """

    def __init__(self, database: Database, feed: Feed) -> None:
        self.accepting = True
        self._database, self._feed = database, feed
        self._looking = asyncio.Lock()
        self._own: _Connection | None = None
        self._seen, self._seen_at = _Seen(), float("-inf")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._disconnect()

    async def found(self) -> dict[str, bool]:
        seen = await self._last_seen()
        return {
            "database": seen.database,
            "writable": seen.writable,
            "migrations": seen.migrations,
            "feed": self._feed.fresh < _FRESH,
            "accepting": self.accepting,
        }

    async def _last_seen(self) -> _Seen:
        clock = asyncio.get_running_loop().time
        async with self._looking:
            if clock() - self._seen_at >= _INTERVAL:
                self._seen = await self._checked()
                self._seen_at = clock()
            return self._seen

    async def _checked(self) -> _Seen:
        reading = asyncio.ensure_future(self._read())
        try:
            await asyncio.wait({reading}, timeout=_TIMEOUT)
        finally:
            if not reading.done():
                # Cancelling a query would first have to ask the database to cancel it.
                self._disconnect()
                reading.cancel()
                await asyncio.wait({reading})
        try:
            return reading.result()
        except (asyncio.CancelledError, Unavailable, *UNREACHABLE, asyncpg.PostgresError):
            self._disconnect()
            return _Seen()

    async def _read(self) -> _Seen:
        if self._own is None:
            self._own = await self._database.connect_alone()
        found = _Seen(True, not await is_read_only(self._own), await migrations_current(self._own))
        if not found.writable:
            self._disconnect()  # a session keeps the mode in which it began
        return found

    def _disconnect(self) -> None:
        if self._own is not None:
            self._own.terminate()
        self._own = None
