"""Limits a server's connections, in all and by address, and closes those that have waited too long.

A connection costs a file descriptor before anybody has signed in, and the engine, PostgreSQL and the tasks need some
too. So all connections together have a limit, and those of one address. At a limit, the connection that has waited
longest for a request or a sign-in is closed to make room; if all are in use, the new one is refused.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Protocol, Self

from runner.service.loop import Loop
from server.http.forwarded import Proxies

logger = logging.getLogger("headway.connections")

RESERVED = 256
"""Descriptors reserved for the server itself: the database, the start of PostgreSQL, downloads."""
RESERVED_FOR_TASK = 8
"""Descriptors of a running task: three pipes (both ends of each while it starts), its process, its files."""
RESERVED_FOR_UPLOAD = 2
"""Descriptors of an upload: what has been received, and where it is stored."""
_MIN_CONNECTIONS = 64
_CHECK_INTERVAL = 1.0
_LOG_INTERVAL = 60.0


class Phase(IntEnum):
    """The phase of a connection. Waiting ones may be closed to make room, in this order."""

    BEGINNING = 0
    IDLE = 1
    IN_USE = 2


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Times in seconds: until the head of a request is complete, and without any byte of its body.

    `slowest` is in bytes a second: a body may take `body_timeout` plus the time that its size needs at this rate.
    """

    most: int = 3000
    most_of_address: int = 1500
    header_timeout: float = 10.0
    body_timeout: float = 30.0
    slowest: int = 4096
    backlog: int = 1024
    """Connections that the system holds until they are accepted; in the worst case all of them at once."""
    proxies: Proxies = field(default_factory=Proxies)
    """Many users share these addresses: only the limit for all connections applies to them."""

    def within(self, descriptors: int, tasks: int, uploads: int) -> Self:
        """Returns the limits for a process that may open so many descriptors, run so many tasks and receive so many
        uploads at once; warns if they are lower."""
        reserved = RESERVED + RESERVED_FOR_TASK * tasks + RESERVED_FOR_UPLOAD * uploads
        room = max(descriptors - reserved, _MIN_CONNECTIONS)
        if room >= self.most:
            return self
        logger.warning(
            "this process may open %d files, of which %d are reserved for tasks, uploads and the database: "
            "it accepts %d connections instead of max_connections = %d; raise the hard limit (ulimit -Hn, "
            "LimitNOFILE= of systemd) for more",
            descriptors,
            descriptors - room,
            room,
            self.most,
        )
        return replace(self, most=room, backlog=min(self.backlog, RESERVED // 2))


class Connection(Protocol):
    """The part of a connection that the register uses."""

    address: str

    def overdue(self, now: float) -> bool: ...

    def end_overdue(self) -> None: ...

    def make_room(self) -> None: ...


@dataclass(slots=True)
class _Waiting:
    """Waiting connections by phase, the one that has waited longest first."""

    phases: tuple[dict[Connection, None], dict[Connection, None]] = field(
        default_factory=lambda: ({}, {})
    )

    def oldest(self) -> Connection | None:
        return next((found for phase in self.phases for found in phase), None)


class Connections(Loop):
    """The register of connections: protocols enter it when a connection is made, and leave it when it is lost."""

    def __init__(self, limits: ConnectionLimits) -> None:
        super().__init__()
        self.limits = limits
        self._phases: dict[Connection, Phase] = {}
        self._by_address: Counter[str] = Counter()
        self._waiting = _Waiting()
        self._waiting_of: dict[str, _Waiting] = {}
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._phases)

    def enter(self, connection: Connection) -> bool:
        """Returns whether the connection is accepted; a refused one is not counted."""
        address, limits = connection.address, self.limits
        admitted = (
            self._by_address[address] < limits.most_of_address
            or limits.proxies.overlap(address)
            or self._make_room(self._waiting_of.get(address))
        ) and (len(self._phases) < limits.most or self._make_room(self._waiting))
        if not admitted:
            self._counts["refused, because all others are in use"] += 1
            return False
        self._phases[connection] = Phase.IN_USE
        self._by_address[address] += 1
        self._waiting_of.setdefault(address, _Waiting())
        self.move(connection, Phase.BEGINNING)
        return True

    def leave(self, connection: Connection) -> None:
        """Does nothing for a connection that has left or was refused."""
        if connection not in self._phases:
            return
        self.move(connection, Phase.IN_USE)
        del self._phases[connection]
        self._by_address[connection.address] -= 1
        if not self._by_address[connection.address]:
            del self._by_address[connection.address], self._waiting_of[connection.address]

    def move(self, connection: Connection, phase: Phase) -> None:
        """Puts the connection last among those of its new phase."""
        before = self._phases.get(connection)
        if before is None or before is phase:
            return
        self._phases[connection] = phase
        for waiting in (self._waiting, self._waiting_of[connection.address]):
            if before is not Phase.IN_USE:
                del waiting.phases[before][connection]
            if phase is not Phase.IN_USE:
                waiting.phases[phase][connection] = None

    def _make_room(self, waiting: _Waiting | None) -> bool:
        oldest = waiting.oldest() if waiting else None
        if oldest is None:
            return False
        # The event loop frees its descriptor before the next connection is accepted.
        self.leave(oldest)
        oldest.make_room()
        self._counts["closed to make room for others"] += 1
        return True

    async def _run_loop(self) -> None:
        loop = asyncio.get_running_loop()
        log_at = 0.0
        while True:
            await asyncio.sleep(_CHECK_INTERVAL)
            now = loop.time()
            for connection in [one for one in self._phases if one.overdue(now)]:
                connection.end_overdue()
                self._counts["closed, because their request did not arrive in time"] += 1
            if self._counts and now >= log_at:
                self._log_counts()
                log_at = now + _LOG_INTERVAL

    def _log_counts(self) -> None:
        found = ", ".join(f"{count} {why}" for why, count in self._counts.items())
        logger.warning("connections: %s; %d are open", found, len(self))
        self._counts.clear()
