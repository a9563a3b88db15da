"""`/readyz` costs the engine nothing, however many requests it gets, and is correct while the engine is busy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from server.process import readiness
from server.process.readiness import Readiness
from server.process.runtime import Runtime, runtime
from tests.server.relays import relay

READY = {"database": True, "writable": True, "migrations": True, "feed": True, "accepting": True}
AWAY = {"database": False, "writable": False, "migrations": False}


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[Runtime]:
    async with runtime(database_url) as parts:
        yield parts


@asynccontextmanager
async def watching(parts: Runtime) -> AsyncIterator[Readiness]:
    async with Readiness(parts.database, parts.feed) as watched:
        yield watched


async def test_an_engine_that_is_busy_is_ready(parts: Runtime) -> None:
    async with watching(parts) as watched, AsyncExitStack() as held:
        for _ in range(parts.database.sizes.work):
            await held.enter_async_context(parts.database.pool.acquire())
        assert await watched.found() == READY


async def test_concurrent_probes_share_one_check_on_one_connection(
    parts: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_INTERVAL", 3600)
    looks: list[str] = []
    async with watching(parts) as watched:
        first = watched.found()
        assert await first == READY
        assert watched._own is not None
        watched._own.add_query_logger(lambda statement: looks.append(statement.query))
        assert await asyncio.gather(*(watched.found() for _ in range(500))) == [READY] * 500
        assert looks == []
        monkeypatch.setattr(readiness, "_INTERVAL", 0)
        assert await watched.found() == READY
        assert len(looks) == 2
        watched.accepting = False
        assert await watched.found() == READY | {"accepting": False}


async def test_a_silent_database_and_its_return_are_reported(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_INTERVAL", 0)
    monkeypatch.setattr(readiness, "_TIMEOUT", 0.5)
    async with (
        relay(database_url) as between,
        runtime(between.url) as parts,
        watching(parts) as watched,
    ):
        assert await watched.found() == READY
        between.silence()
        assert (await watched.found()).items() >= AWAY.items()
        await between.restore()
        async with asyncio.timeout(30):
            while await watched.found() != READY:
                pass
        await between.refuse()
        assert (await watched.found()).items() >= AWAY.items()
        await between.restore()
        async with asyncio.timeout(30):
            while await watched.found() != READY:
                pass


async def test_tables_of_another_version_are_reported(
    parts: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_INTERVAL", 0)
    async with watching(parts) as watched:
        await parts.database.pool.execute(
            "insert into tortoise_migrations (app, name, applied_at) values ('headway', '9999', now())"
        )
        assert await watched.found() == READY | {"migrations": False}
        await parts.database.pool.execute("drop table tortoise_migrations")
        assert await watched.found() == READY | {"migrations": False}
