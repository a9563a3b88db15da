"""The connections of a process are divided into shares: using up one share leaves the others."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

import asyncpg
import pytest

from runner.service.outage import Busy, unavailable
from runner.store.postgres.connection import Pool
from runner.store.postgres.database import Database
from runner.store.postgres.long_work import kept_open
from runner.store.postgres.sessions import is_read_only
from runner.store.postgres.shares import IDLE_IN_TRANSACTION, Share, SharePool, Sizes

SHARES = ("pool", "reads", "streams", "exports")


async def use_up(stack: AsyncExitStack, pool: Pool) -> None:
    for _ in range(pool.get_max_size()):
        await stack.enter_async_context(pool.acquire())


@pytest.mark.parametrize("name", SHARES)
async def test_a_share_that_is_used_up_leaves_the_others(database: Database, name: str) -> None:
    async with AsyncExitStack() as stack:
        await use_up(stack, getattr(database, name))
        for other in set(SHARES) - {name}:
            assert await getattr(database, other).fetchval("select 1") == 1


async def test_a_timeout_for_a_connection_reports_which_are_in_use(database_url: str) -> None:
    share = replace(Sizes(reads=2).read_share(), within=0.05)
    pool = await SharePool(database_url, share, asyncpg.connect)
    async with pool, AsyncExitStack() as stack:
        await use_up(stack, pool)
        with pytest.raises(Busy) as busy:
            await pool.fetchval("select 1")
        sentence = "all 2 connections to the database for requests were in use for 0.05 s"
        assert str(unavailable(busy.value)).startswith(sentence)


@pytest.mark.parametrize(
    "share",
    [Sizes().work_share(), Sizes().read_share(), Sizes().stream_share(), Sizes().export_share()],
    ids=lambda share: share.name,
)
async def test_sessions_have_the_limits_of_their_share(database_url: str, share: Share) -> None:
    async with await SharePool(database_url, share, asyncpg.connect) as pool:
        shown = {
            name: await pool.fetchval(f"select setting::int from pg_settings where name = '{name}'")
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        }
    assert shown == {
        "lock_timeout": share.lock * 1000,
        "statement_timeout": share.statement * 1000,
        "idle_in_transaction_session_timeout": share.idle * 1000,
    }
    assert share.lock, "nobody waits for a lock forever"


async def test_a_transaction_in_which_we_work_for_long_stays_open(database: Database) -> None:
    """While the event loop runs, PostgreSQL gets a sign of life."""

    async def work() -> str:
        await asyncio.to_thread(work_for, IDLE_IN_TRANSACTION + 1.5)
        return "done"

    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_current_xact_id()")
        assert await kept_open(connection, work()) == "done"
        assert await connection.fetchval("select 1") == 1


def work_for(seconds: float) -> None:
    """Keeps the processor busy, as a decision about thousands of task runs does."""
    import time

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sum(range(10_000))


@pytest.mark.parametrize("setting", ["on", "off"])
async def test_whether_it_is_read_only_is_seen(database_url: str, setting: str) -> None:
    share = Sizes().work_share()
    url = f"{database_url}&default_transaction_read_only={setting}"
    async with await SharePool(url, share, asyncpg.connect) as pool:
        assert await is_read_only(pool) is (setting == "on")


async def test_a_database_that_is_writable_again_is_written_at_once(database_url: str) -> None:
    """Each session keeps the settings that the database had when it began."""
    plain = await asyncpg.connect(database_url)
    database = await plain.fetchval("select quote_ident(current_database())")
    setting = f"alter database {database} set default_transaction_read_only = {{}}"
    try:
        for look in (is_read_only, _write):
            await plain.execute(setting.format("on"))
            async with await SharePool(database_url, Sizes().work_share(), asyncpg.connect) as pool:
                with suppress(asyncpg.ReadOnlySQLTransactionError):
                    assert await look(pool)
                await plain.execute(setting.format("off"))
                await _write(pool)
                assert not await is_read_only(pool)
    finally:
        await plain.execute(setting.format("off"))
        await plain.close()


async def _write(pool: SharePool) -> None:
    await pool.fetch("create table if not exists written_again (at timestamptz)")
    await pool.fetchval("insert into written_again values (now()) returning 1")
