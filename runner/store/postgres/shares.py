"""The connections of a process, divided into shares by purpose: load on one share leaves the others free.

Each share has its own limits for sessions. A process that is frozen in a transaction holds its locks; PostgreSQL ends
its session after IDLE_IN_TRANSACTION seconds, and other sessions stop waiting for a lock after `lock` seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from runner.service.outage import Busy
from runner.store.postgres.connection import Pool

IDLE_IN_TRANSACTION = 4
"""Seconds that a session may keep a transaction open without running a statement."""

_CLOSE_TIMEOUT = 10.0

# Generic plans, which PostgreSQL may use for a prepared statement after five executions, are far slower for searches.
SESSION: Mapping[str, str] = {
    "plan_cache_mode": "force_custom_plan",
    "random_page_cost": "1.1",
    "jit": "off",
    "application_name": "headway",
    "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION}s",
}


@dataclass(frozen=True, slots=True)
class Share:
    """`within` limits the wait for a connection; `lock`, `statement` and `idle` limit its sessions: the wait for a
    lock, one statement, and idling in a transaction. All in seconds; 0 is no limit."""

    name: str
    size: int
    within: float
    lock: float
    statement: float
    idle: float = IDLE_IN_TRANSACTION

    @property
    def session(self) -> dict[str, str]:
        return {
            **SESSION,
            "lock_timeout": _milliseconds(self.lock),
            "statement_timeout": _milliseconds(self.statement),
            "idle_in_transaction_session_timeout": _milliseconds(self.idle),
        }


@dataclass(frozen=True, slots=True)
class Sizes:
    """The number of connections that each share may open, and the seconds that a read of the API may run."""

    work: int = 8
    reads: int = 8
    streams: int = 4
    exports: int = 4
    read_timeout: float = 15.0

    def work_share(self) -> Share:
        """The engine, the workers and background loops: they wait for a connection without a limit."""
        return Share("the engine and the workers", self.work, within=0, lock=2, statement=0)

    def read_share(self) -> Share:
        return Share("requests", self.reads, within=5, lock=5, statement=self.read_timeout)

    def stream_share(self) -> Share:
        return Share("subscriptions", self.streams, within=10, lock=5, statement=30)

    def export_share(self) -> Share:
        """The share of exports: clients may read slowly, and the transaction stays open until they have read all."""
        return Share("exports", self.exports, within=5, lock=5, statement=300, idle=0)


class SharePool(asyncpg.Pool):
    """The pool of one share; `acquire` raises Busy when no connection becomes free in time."""

    __slots__ = ("_share",)

    def __init__(self, url: str, share: Share, connect: Callable[..., Awaitable[Any]]) -> None:
        super().__init__(
            url,
            min_size=0,
            max_size=share.size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            connect=connect,  # type: ignore[arg-type]  # the stubs want a pool's own signature
            loop=asyncio.get_running_loop(),
            connection_class=_Pooled,
            record_class=asyncpg.Record,
            server_settings=share.session,
        )
        self._share = share

    async def _acquire(self, timeout: float | None) -> Any:
        within = self._share.within if timeout is None else timeout
        try:
            acquired = await super()._acquire(within or None)  # type: ignore[misc]  # asyncpg's own
        except TimeoutError as error:
            if self.get_idle_size() or self.get_size() < self._share.size:
                raise  # a new connection could not be opened: the database is unreachable
            raise Busy(
                f"all {self._share.size} connections to the database for {self._share.name} "
                f"were in use for {within:g} s; try again"
            ) from error
        acquired._con.pool_of_session = self
        return acquired


class _Pooled(asyncpg.Connection):
    """A connection that is reset on its return to the pool only if its last statement was prepared and not executed,
    because it was cancelled between the two, or its arguments were refused.

    In that case PostgreSQL keeps the transaction of the preparation open, with its snapshot and locks, without asyncpg
    noticing. Otherwise we leave nothing behind in a session, and skipping the reset saves a round trip.
    """

    _prepared_only = False
    pool_of_session: SharePool | None = None
    """The pool whose sessions are replaced when this one turns out to be read-only: a session keeps the database's
    setting with which it began."""

    async def _get_statement(self, *args: Any, **options: Any) -> Any:
        self._prepared_only = True
        return await super()._get_statement(*args, **options)  # type: ignore[misc]  # asyncpg's own

    async def _do_execute(self, *args: Any, **options: Any) -> Any:
        try:
            executed = await super()._do_execute(*args, **options)  # type: ignore[misc]  # asyncpg's own
        except asyncpg.ReadOnlySQLTransactionError:
            if self.pool_of_session:
                await self.pool_of_session.expire_connections()
            raise
        self._prepared_only = False
        return executed

    def get_reset_query(self) -> str:
        if not self._prepared_only:
            return ""
        self._prepared_only = False
        return super().get_reset_query()


async def closed(pool: Pool) -> None:
    """Closes the pool gracefully, and after _CLOSE_TIMEOUT seconds by force."""
    try:
        async with asyncio.timeout(_CLOSE_TIMEOUT):
            await pool.close()
    except TimeoutError:
        pool.terminate()


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
