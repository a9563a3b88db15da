"""One server for all tests that leave it running; tests that stop or break a server start their own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import asyncpg
import pytest

from runner.maintenance import invariants
from tests.api.client import Client
from tests.api.servers import Served, serving, start_second_server


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served") / "data") as served:
        yield served
        asyncio.run(verify(served.database_url))


@pytest.fixture(scope="session")
def second_server(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A second process on the database of the first: two engines without a connection to each other."""
    second = start_second_server(served, tmp_path_factory.mktemp("second") / "data")
    try:
        yield second
    finally:
        second.stop()


@pytest.fixture
async def client(served: Served) -> AsyncIterator[Client]:
    """Checks the invariants of the executions of each test after it, and of all executions at the end."""
    since = await newest(served.database_url)
    yield served.client
    await verify(served.database_url, since)


async def newest(database_url: str) -> UUID | None:
    connection = await asyncpg.connect(database_url)
    found: UUID | None = await connection.fetchval("select max(id::text)::uuid from executions")
    await connection.close()
    return found


async def verify(database_url: str, since: UUID | None = None) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        assert await invariants.verify(pool, since) == []
