"""The server of this folder, its people, and the control of its deferred commands."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from tests.api.client import Client
from tests.api.conftest import newest, verify
from tests.api.servers import Served, serving
from tests.semantics.bypassing import Scene
from tests.semantics.scene import People, Tables


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("semantics") / "data") as served:
        yield served
        asyncio.run(verify(served.database_url))


@pytest.fixture
async def client(served: Served) -> AsyncIterator[Client]:
    """Checks the invariants of the executions of each test after it, and of all executions at the end."""
    since = await newest(served.database_url)
    yield served.client
    await verify(served.database_url, since)


@pytest.fixture
async def tables(served: Served) -> AsyncIterator[Tables]:
    connection = await asyncpg.connect(served.database_url)
    yield Tables(connection)
    await connection.close()


@pytest.fixture
def people(served: Served) -> People:
    return People(served)


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """The file for which a HELD task waits."""
    return tmp_path / "go"


@pytest.fixture
async def scene(client: Client, people: People, tmp_path: Path) -> Scene:
    key = f"walk{uuid4().hex[:12]}"
    return Scene(client, await people(f"otto{key}", "operator"), key, tmp_path / "ran")
