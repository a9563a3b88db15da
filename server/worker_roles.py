"""Runs `headway worker-role` on the database itself, as the role that owns the tables."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from models.errors import Fault
from runner.store.postgres.database import Database
from runner.store.postgres.worker_roles import (
    drop_worker_role,
    is_owner,
    make_worker_role,
    worker_roles,
)
from server.pruning import database_here
from server.settings.settings import Settings

_CREDENTIALS = frozenset({"user", "password", "passfile", "sslcert", "sslkey", "sslpassword"})


async def create_here(settings: Settings, name: str, report: Callable[[str], None]) -> None:
    async with _owned(settings) as database:
        password = await make_worker_role(database.pool, name)
        if password is None:
            report(f"{name} now has the permissions of a worker; its password is unchanged")
        else:
            report(worker_url(database.url, name, password))


async def list_here(settings: Settings, report: Callable[[str], None]) -> None:
    async with _owned(settings) as database:
        for role in await worker_roles(database.pool):
            report(f"{role.name}  created {role.made_at:%Y-%m-%d %H:%M}")


async def drop_here(settings: Settings, name: str, report: Callable[[str], None]) -> None:
    async with _owned(settings) as database:
        await drop_worker_role(database.pool, name)
        report(f"{name} was dropped")


def worker_url(url: str, name: str, password: str) -> str:
    """Returns the URL of the same database for another role, without the credentials of the first one."""
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query) if key not in _CREDENTIALS]
    where = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(name, safe='')}:{quote(password, safe='')}@{where}"
    return parts._replace(netloc=netloc, query=urlencode(query, quote_via=quote)).geturl()


@asynccontextmanager
async def _owned(settings: Settings) -> AsyncIterator[Database]:
    async with database_here(settings) as database:
        if not await is_owner(database.pool):
            raise Fault("only the role that owns the tables may create and drop worker roles")
        yield database
