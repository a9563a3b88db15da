"""Whether the database answers at all.

One that is gone says so: its connections break. One that is frozen, or behind a network that drops everything, holds
whoever asks it, for ever. So it is asked once a second, on a connection of its own; when it keeps silent, the
connections of its pool are ended, and whoever asks is told at once, until it answers again.
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
"""Seconds of silence. Shorter than a lease, so that every process knows of an outage before it judges leases."""
_BEAT = 1.0
_LEAST_ROOM = 16 * 1024 * 1024
"""Bytes of a file of PostgreSQL's log, without which it does not start after it ran out of room."""


class Silent(ConnectionError):
    """The database does not answer."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"it has not answered for {seconds} seconds")


class Pulse(Loop):
    """While it is entered, the connections that it made are ended when the database falls silent."""

    def __init__(self, url: str, patience: int = PATIENCE) -> None:
        """`patience` is whole seconds."""
        super().__init__()
        self._url = url
        self._patience = patience
        self._made: _Connections = WeakSet()
        self._own: asyncpg.Connection[Any] | None = None
        self._silent = False

    async def connect(self, *arguments: Any, **options: Any) -> "asyncpg.Connection[Any]":
        """As asyncpg.connect, but within its patience; raises Silent and NoRoom, too."""
        if self._silent:
            raise Silent(self._patience)
        made: asyncpg.Connection[Any]
        try:
            made = await asyncpg.connect(*arguments, **{"timeout": self._patience, **options})
        except (OSError, asyncpg.CannotConnectNowError) as error:
            if folder := _full_disk(self._url):
                logger.error("PostgreSQL is down, and no room is left on %s", folder)
                raise NoRoom("PostgreSQL is down, and no room is left on its disk") from error
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
                self._judge(silent=not await self._answers())
        finally:
            self._let_go()

    async def _answers(self) -> bool:
        """An error is an answer: whoever asks gets it too."""
        asking = asyncio.ensure_future(self._ask())
        try:
            # In short steps: after a while in which this process itself was frozen one of them is over at once.
            for _ in range(self._patience):
                if (await asyncio.wait({asking}, timeout=1))[0]:
                    return True
            return False
        finally:
            if not asking.done():
                # A query that is cancelled would first ask the database to cancel it.
                self._let_go()
                asking.cancel()
            await asyncio.wait({asking})
            if not asking.cancelled() and (error := asking.exception()):
                logger.debug("the database answers with %r", error)
                self._let_go()

    async def _ask(self) -> None:
        if self._own is None:
            self._own = await asyncpg.connect(self._url, timeout=2 * self._patience)
        await self._own.execute("select 1")

    def _let_go(self) -> None:
        if self._own is not None:
            self._own.terminate()
        self._own = None

    def _judge(self, *, silent: bool) -> None:
        if silent and not self._silent:
            told = "the database has not answered for %d s; its connections end"
            logger.error(told, self._patience)
            for connection in list(self._made):
                connection.terminate()
        elif self._silent and not silent:
            logger.warning("the database answers again")
        self._silent = silent


def _full_disk(url: str) -> str:
    """The folder of the database's socket, beside which the embedded one has its data, when its disk is full."""
    try:
        (folder,) = parse_qs(urlsplit(url).query).get("host", [""])
        status = os.statvfs(folder)
    except (OSError, ValueError):
        return ""
    return folder if status.f_bavail * status.f_frsize < _LEAST_ROOM else ""
