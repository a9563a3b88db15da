"""The pools of a process, Tortoise on top of one of them, and migrations."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import cache
from importlib import resources
from types import TracebackType
from typing import Any, Self, TypedDict
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import asyncpg
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, get_current_context
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.transactions import in_transaction

from models.errors import Fault, Unavailable
from runner.service.outage import UNREACHABLE
from runner.store.postgres.connection import Executes, Pool
from runner.store.postgres.pulse import PATIENCE, Pulse
from runner.store.postgres.shares import SESSION, Share, SharePool, Sizes, closed
from runner.store.postgres.worker_roles import grant_worker_roles, is_owner

OLDEST_POSTGRES = 15
MONTHS_AHEAD = 3
_LOCK_TIMEOUT = "1s"
_RETRY_SECONDS = 2.0
_MAX_LOCKED_SECONDS = 300.0
"""Seconds, like _RETRY_SECONDS: how long a migration is retried, and the pause between two tries."""
_APP = "headway"
_MIGRATIONS = "models.migrations"

TORTOISE: Mapping[str, Any] = {
    "connections": {"default": {"engine": "tortoise.backends.asyncpg", "credentials": {}}},
    "apps": {
        _APP: {
            "models": ["models.tables", "models.access_tables"],
            "migrations": _MIGRATIONS,
            "default_connection": "default",
        }
    },
}
"""The configuration of Tortoise. Its credentials are empty, because it uses our pool."""


class Database:
    """The pools of a process, open within its context: `pool` is that of the engine and the workers.

    jsonb is read and written as text, because Tortoise decodes it itself.
    """

    pool: Pool
    reads: Pool
    streams: Pool
    exports: Pool
    _tortoise: TortoiseContext

    def __init__(self, url: str, *, sizes: Sizes | None = None, patience: int = PATIENCE) -> None:
        self.url = url
        self.sizes = sizes or Sizes()
        self._pulse = Pulse(url, patience)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.pool = await self._opened(stack, self.sizes.work_share())
            self.reads = await self._opened(stack, self.sizes.read_share())
            self.streams = await self._opened(stack, self.sizes.stream_share())
            self.exports = await self._opened(stack, self.sizes.export_share())
            await self._refuse_old_postgres()
            self._tortoise = await tortoise_on(self.pool, everywhere=get_current_context() is None)
            await self._pulse.__aenter__()
            stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            # Without the error, because the pulse's task group would wrap it.
            await self._pulse.__aexit__(None, None, None)
        finally:
            # Tortoise closes the pool that it was given.
            await asyncio.gather(
                self._tortoise.close_connections(),
                *(closed(pool) for pool in (self.reads, self.streams, self.exports)),
            )

    async def connect_alone(self) -> "asyncpg.Connection[Any]":
        """Opens a connection outside the pools, as LISTEN needs; the caller closes it."""
        try:
            return await self._pulse.connect(self.url, server_settings=dict(SESSION))
        except (*UNREACHABLE, asyncpg.PostgresError, ValueError) as error:
            raise self._unavailable(error) from error

    async def _opened(self, stack: AsyncExitStack, share: Share) -> Pool:
        try:
            pool = await SharePool(self.url, share, self._pulse.connect)
        except ValueError as error:
            raise self._unavailable(error) from error
        stack.callback(pool.terminate)
        return pool

    async def _refuse_old_postgres(self) -> None:
        try:
            async with self.pool.acquire() as connection:
                version = connection.get_server_version()
        except (*UNREACHABLE, asyncpg.PostgresError, ValueError) as error:
            raise self._unavailable(error) from error
        if version.major < OLDEST_POSTGRES:
            raise Fault(
                f"Headway needs PostgreSQL {OLDEST_POSTGRES} or newer; "
                f"{describe(self.url)} runs {version.major}.{version.minor}"
            )

    def _unavailable(self, error: Exception) -> Unavailable:
        missing = _missing_file(self.url) if isinstance(error, OSError) else ""
        return Unavailable(f"cannot reach PostgreSQL at {describe(self.url)}: {error}{missing}")


@asynccontextmanager
async def open_database(url: str, *, sizes: Sizes | None = None) -> AsyncIterator[Database]:
    async with Database(url, sizes=sizes) as database:
        yield database


def describe(url: str) -> str:
    """The address of a url, without its password."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or parse_qs(parts.query).get("host", ["the local socket"])[0]
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an invalid address"
    return f"{host}{port}{parts.path}"


def _missing_file(url: str) -> str:
    """Text about a TLS file in the url that cannot be read, since the error itself does not name it; else ""."""
    query = parse_qs(urlsplit(url).query)
    for name in ("sslrootcert", "sslcert", "sslkey", "sslcrl"):
        for path in query.get(name, ()):
            if not os.access(path, os.R_OK):
                return f": {name} names {path}, which cannot be read"
    return ""


async def tortoise_on(pool: Pool, *, everywhere: bool = False) -> TortoiseContext:
    """Sets up Tortoise to use our pool; with `everywhere` for all asyncio tasks."""
    context = TortoiseContext()
    with context:
        await context.init(config=dict(TORTOISE), _enable_global_fallback=everywhere)
    client: Any = context.connections.get("default")
    client._pool = pool
    return context


async def migrate(database: Database) -> None:
    """Migrates the tables to this version; several servers may call this at once. In a database with tables each step
    is a transaction of its own, so that others wait for its locks only as long as that step takes.

    A step that waits for a lock makes all later readers of that table wait, too. So it gives up soon and is retried
    while a long reader, such as an export, holds the lock. Raises Fault after _MAX_LOCKED_SECONDS.
    """
    if not await is_owner(database.pool):
        raise Fault(
            f"{describe(database.url)} is reached as a worker role, which may only run tasks: servers and "
            "`headway migrate` log in as the role that owns the tables"
        )
    with await tortoise_on(database.pool):
        deadline = asyncio.get_running_loop().time() + _MAX_LOCKED_SECONDS
        while True:
            try:
                if not await _take_step():
                    await ensure_partitions(database.pool)
                    await grant_worker_roles(database.pool)
                    return
            except asyncpg.InsufficientPrivilegeError as error:
                raise Fault(
                    f"the role of {describe(database.url)} may not make the tables ({error}): make it the owner "
                    "of the database, alter database ... owner to ..."
                ) from error
            except asyncpg.LockNotAvailableError as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise Fault(
                        "the database cannot be migrated while another session uses its tables: end long "
                        "exports and backups, or transactions left open, and start again"
                    ) from error
                await asyncio.sleep(random.uniform(0.5, 1) * _RETRY_SECONDS)


async def _take_step() -> bool:
    """Runs the next migration; returns whether there are more. Raises LockNotAvailableError, without a change, when a
    table is in use."""
    async with in_transaction("default") as client:
        # Another server may migrate for minutes, and a step may do long work between two statements.
        await client.execute_query("set local lock_timeout = 0")
        await client.execute_query("set local idle_in_transaction_session_timeout = '60s'")
        await client.execute_query(
            "select pg_advisory_xact_lock(hashtextextended('headway migrations', 0))"
        )
        await client.execute_query(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
        return await _migrate_within(get_connection("default"))


async def _migrate_within(client: Any) -> bool:
    """Runs the next migration, or all of them if there are no tables yet; returns whether there are more."""
    executor = MigrationExecutor(client, TORTOISE["apps"])
    await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
    applied = {key.name for key in await executor.recorder.applied_migrations()}
    if unknown := sorted(applied - known_migrations()):
        raise Fault(
            f"a newer version of Headway migrated this database ({', '.join(unknown)} is unknown here): "
            "run that version, or restore a backup made before it"
        )
    missing = sorted(known_migrations() - applied)
    if missing:
        await executor.migrate([MigrationTarget(_APP, missing[0])] if applied else None)
    return bool(applied) and len(missing) > 1


class _Migration(TypedDict):
    name: str


async def migrations_current(database: Executes) -> bool:
    try:
        rows: list[_Migration] = await database.fetch(
            "select name from tortoise_migrations where app = $1", _APP
        )
    except asyncpg.UndefinedTableError:
        return False
    return {row["name"] for row in rows} == known_migrations()


@cache
def known_migrations() -> frozenset[str]:
    """The names of this version's migrations, read at the first call."""
    files = (entry.name for entry in resources.files(_MIGRATIONS).iterdir())
    return frozenset(
        name.removesuffix(".py") for name in files if name.endswith(".py") and name[0] != "_"
    )


async def ensure_partitions(pool: Pool, months_ahead: int = MONTHS_AHEAD) -> int:
    """Creates missing monthly partitions of events and logs; returns their number. Servers take turns."""
    made: int = await pool.fetchval("select headway_ensure_partitions($1)", months_ahead)
    return made


async def ensure_past_partitions(pool: Pool) -> int:
    """As `ensure_partitions`, for past months in which external runs were reported later; moves their rows, one month
    at a time."""
    made = 0
    while await pool.fetchval("select headway_partition_of_the_past()"):
        made += 1
    return made


async def read_clock(pool: Pool) -> datetime:
    """The time by the database's clock, which all processes share."""
    now: datetime = await pool.fetchval("select clock_timestamp()")
    return now


async def read_epoch(pool: Pool) -> UUID:
    """The id of this database's history. A cursor with another epoch is of another database or an older backup."""
    epoch: UUID = await pool.fetchval("select epoch from meta")
    return epoch
