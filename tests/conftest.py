"""One PostgreSQL for each test session; tests with a database get one that is copied from a migrated database."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any
from weakref import WeakSet

import asyncpg
import pytest
import uvloop

from runner.store.postgres.database import Database, open_database
from server.local.postgres import embedded_postgres
from server.local.postgres_roles import DATABASE, OWNER, SUPERUSER, read_passwords
from tests.clusters import close_session, copy_cluster, open_session, this_month

_PRESENT = f"""
set role {OWNER};
do $$ declare partition text; begin
  for partition in select relname from pg_class where relname ~ '^(events|logs)_[0-9]{{4}}_[0-9]{{2}}$'
    and right(relname, 7) < to_char(now() at time zone 'utc', 'YYYY_MM')
  loop execute 'drop table ' || partition; end loop;
end $$;
select headway_ensure_partitions(3)
"""
"""Adds the partitions that a database would have if it were created now."""
_numbers = count(1)
_data_dirs: dict[str, Path] = {}
_templates: set[str] = set()


class _Loop(uvloop.Loop):
    """Returns the event loop that the server uses. Closing it first ends the connections that a test left open.

    Closing the loop warns of connections that are still open. As an error, that warning would keep uvloop from closing
    the loop, and pytest would wait for it forever: nobody would learn of the failure.
    """

    def __init__(self) -> None:
        super().__init__()
        self._connections: WeakSet[Any] = WeakSet()

    async def create_connection(self, *args: Any, **options: Any) -> Any:
        return self._noted(await super().create_connection(*args, **options))

    async def create_unix_connection(self, *args: Any, **options: Any) -> Any:
        return self._noted(await super().create_unix_connection(*args, **options))

    def _noted(self, made: tuple[Any, Any]) -> tuple[Any, Any]:
        self._connections.add(made[0])
        return made

    def close(self) -> None:
        left = [one for one in self._connections if not one.is_closing()]
        for connection in left:
            connection.abort()
        if left and not self.is_closed():
            self.call_soon(self.stop)
            self.run_forever()
        with warnings.catch_warnings():
            warnings.simplefilter("default", ResourceWarning)
            super().close()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        open_session()
        config.add_cleanup(close_session)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": _Loop}


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Returns the URL of the server, with a database that no test writes to. Its loop is not that of the tests."""
    with asyncio.Runner() as runner:
        server = AsyncExitStack()
        directory = tmp_path_factory.mktemp("postgres")
        copy_cluster(directory)
        url = runner.run(server.enter_async_context(embedded_postgres(directory)))
        _data_dirs[url] = directory
        runner.run(_forgo_durability(as_superuser(url, directory)))
        yield url
        runner.run(server.aclose())


@pytest.fixture(scope="session")
def superuser_url(postgres_url: str) -> str:
    """Returns the same URL as postgres_url, for a superuser."""
    return as_superuser(postgres_url, _data_dirs[postgres_url])


@pytest.fixture
async def empty_database_url(postgres_url: str, superuser_url: str) -> AsyncIterator[str]:
    async with _new_database(postgres_url, superuser_url, "template0") as url:
        yield url


@pytest.fixture
async def database_url(postgres_url: str, superuser_url: str) -> AsyncIterator[str]:
    template = await _template_of(this_month(), superuser_url)
    async with _new_database(postgres_url, superuser_url, template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "headway"


@asynccontextmanager
async def _new_database(url: str, superuser: str, template: str) -> AsyncIterator[str]:
    name = f"test_{next(_numbers)}"
    made = f"create database {name} owner {OWNER} template {template} strategy file_copy"
    await _execute(superuser, made)
    yield named(url, name)
    await _execute(superuser, f"drop database {name} with (force)")


def as_superuser(url: str, data_dir: Path) -> str:
    """Returns the URL of the embedded database for its superuser."""
    password = read_passwords(data_dir)[SUPERUSER]
    return f"postgresql://{SUPERUSER}:{password}@{url.partition('@')[2]}"


def named(server_url: str, name: str) -> str:
    """Returns the URL of another database of the same server."""
    return server_url.replace("@/headway?", f"@/{name}?")


async def _forgo_durability(url: str) -> None:
    """Turns off durability: nothing here outlives the session. Tests of durability start servers of their own."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        await _execute(url, f"alter system set {setting} = off")
    await _execute(url, "select pg_reload_conf()")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _template_of(month: str, superuser: str) -> str:
    """Returns the name of the migrated database to copy, with the partitions from this month on. Creates it if it is
    missing."""
    name = f"template_{month}"
    if name not in _templates:
        made = f"create database {name} owner {OWNER} template {DATABASE} strategy file_copy"
        await _execute(named(superuser, "postgres"), made)
        await _execute(named(superuser, name), _PRESENT)
        _templates.add(name)
    return name
