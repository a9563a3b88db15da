"""A database that stops responding without closing connections, as behind a network that drops every packet."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from models.errors import Fault
from runner.service.outage import UNREACHABLE
from runner.store.postgres.database import Database
from runner.store.postgres.pulse import Silent
from tests.runner.proxy import proxy_to


async def test_a_silent_database_fails_waiting_and_new_requests_until_it_responds(
    database_url: str, tmp_path: Path
) -> None:
    through = database_url.partition("?")[0] + f"?host={quote(str(tmp_path))}&port=5432"
    async with proxy_to(tmp_path, database_url) as proxy, Database(through, patience=1) as database:
        assert await database.pool.fetchval("select 1") == 1
        proxy.fall_silent()
        waiting = [database.pool.fetchval("select 1") for _ in range(5)]
        async with asyncio.timeout(30):
            ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(end) for end in ends if not isinstance(end, UNREACHABLE)] == []
        # Half of the time that they take if each waits for its timeout.
        async with asyncio.timeout(25):
            for _ in range(50):
                with pytest.raises(Silent):
                    await database.pool.fetchval("select 1")
        proxy.let_pass()
        async with asyncio.timeout(10):
            while True:
                try:
                    assert await database.pool.fetchval("select 1") == 1
                    break
                except Silent:
                    await asyncio.sleep(0)


async def test_a_long_query_is_no_silence(database_url: str) -> None:
    async with Database(database_url, patience=1) as database:
        assert await database.pool.fetchval("select 1 from pg_sleep(3)") == 1


async def test_other_errors_are_not_wrapped(database_url: str) -> None:
    with pytest.raises(Fault, match="of somebody else"):
        async with Database(database_url):
            raise Fault("of somebody else")
