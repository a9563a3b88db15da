"""Whether a process is to be given requests: `/readyz`, which anybody may ask, as often as they like."""

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
"""Seconds since the feed last heard from the database, beyond which a process is not ready."""
_LOOK_AGAIN: Final = 1.0
_PATIENCE: Final = 4.0
"""Seconds that a look may take."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The database, at the last look."""

    database: bool = False
    writable: bool = False
    migrations: bool = False


class Readiness:
    """Looks at the database once a second at most, for all who ask, and on a connection of its own.

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
        self._let_go()

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
            if clock() - self._seen_at >= _LOOK_AGAIN:
                self._seen = await self._look()
                self._seen_at = clock()
            return self._seen

    async def _look(self) -> _Seen:
        asking = asyncio.ensure_future(self._ask())
        try:
            await asyncio.wait({asking}, timeout=_PATIENCE)
        finally:
            if not asking.done():
                # A query that is cancelled would first ask the database to cancel it.
                self._let_go()
                asking.cancel()
                await asyncio.wait({asking})
        try:
            return asking.result()
        except (asyncio.CancelledError, Unavailable, *UNREACHABLE, asyncpg.PostgresError):
            self._let_go()
            return _Seen()

    async def _ask(self) -> _Seen:
        if self._own is None:
            self._own = await self._database.connect_alone()
        found = _Seen(True, not await is_read_only(self._own), await migrations_current(self._own))
        if not found.writable:
            self._let_go()  # a session stays as it began
        return found

    def _let_go(self) -> None:
        if self._own is not None:
            self._own.terminate()
        self._own = None
