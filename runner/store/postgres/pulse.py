"""Checks whether the database answers at all.

When a database stops, its connections break. When it is frozen, or the network drops all packets, callers would wait
forever. So it is queried once a second on a separate connection. When it does not answer, the connections of the pools
are ended and new ones fail at once, until it answers again.
"""

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from weakref import WeakSet

import asyncpg

from runner.service.loop import Loop
from runner.service.outage import NoRoom

if TYPE_CHECKING:
    _Connections = WeakSet["asyncpg.Connection[Any]"]

logger = logging.getLogger("headway.store")

PATIENCE = 5
"""Seconds without an answer. Shorter than a lease, so that a process notices an outage before it checks leases."""
_BEAT = 1.0
_MIN_FREE_BYTES = 16 * 1024 * 1024
"""The size in bytes of a WAL file, which PostgreSQL needs to start again after its disk was full."""


class Silent(ConnectionError):
    """The database does not answer."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"it has not answered for {seconds} seconds")


class Pulse(Loop):
    """While its context is entered, the connections that it opened are ended when the database stops answering."""

    def __init__(self, url: str, patience: int = PATIENCE) -> None:
        """`patience` is whole seconds."""
        super().__init__()
        self._url = url
        self._patience = patience
        self._made: _Connections = WeakSet()
        self._own: asyncpg.Connection[Any] | None = None
        self._silent = False

    async def connect(self, *arguments: Any, **options: Any) -> "asyncpg.Connection[Any]":
        """As asyncpg.connect, with `patience` as the timeout; also raises Silent and NoRoom."""
        if self._silent:
            raise Silent(self._patience)
        made: asyncpg.Connection[Any]
        try:
            made = await asyncpg.connect(*arguments, **{"timeout": self._patience, **options})
        except (OSError, asyncpg.CannotConnectNowError) as error:
            if folder := _full_disk(self._url):
                logger.error("PostgreSQL is down, and no space is left on the disk of %s", folder)
                raise NoRoom("PostgreSQL is down, and no space is left on its disk") from error
            raise
        if self._silent:
            made.terminate()
            raise Silent(self._patience)
        self._made.add(made)
        return made

    async def _run_loop(self) -> None:
        try:
            while True:
                await asyncio.sleep(_BEAT)
                self._update(silent=not await self._answers())
        finally:
            self._let_go()

    async def _answers(self) -> bool:
        """An error counts as an answer: callers get it too."""
        query = asyncio.ensure_future(self._query())
        try:
            # In short steps: if this process itself was frozen, only one of them ends at once.
            for _ in range(self._patience):
                if (await asyncio.wait({query}, timeout=1))[0]:
                    return True
            return False
        finally:
            if not query.done():
                # Cancelling the query would first send a cancel request to the database.
                self._let_go()
                query.cancel()
            await asyncio.wait({query})
            if not query.cancelled() and (error := query.exception()):
                logger.debug("the database answered with %r", error)
                self._let_go()

    async def _query(self) -> None:
        if self._own is None:
            self._own = await asyncpg.connect(self._url, timeout=2 * self._patience)
        await self._own.execute("select 1")

    def _let_go(self) -> None:
        if self._own is not None:
            self._own.terminate()
        self._own = None

    def _update(self, *, silent: bool) -> None:
        if silent and not self._silent:
            message = "the database has not answered for %d s; closing all connections"
            logger.error(message, self._patience)
            for connection in list(self._made):
                connection.terminate()
        elif self._silent and not silent:
            logger.warning("the database answers again")
        self._silent = silent


def _full_disk(url: str) -> str:
    """The folder of the database's socket if its disk is full, else "". The embedded database has its data there
    too."""
    try:
        (folder,) = parse_qs(urlsplit(url).query).get("host", [""])
        status = os.statvfs(folder)
    except (OSError, ValueError):
        return ""
    return folder if status.f_bavail * status.f_frsize < _MIN_FREE_BYTES else ""
