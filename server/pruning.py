"""Runs `headway prune` on the database itself, so that it works without a running server."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

from models.errors import Fault
from models.events.events import CommandOrigin
from models.retention import RetentionRule
from models.states import Channel
from runner.maintenance.pruner import Pruned, Survey, prune, survey
from runner.store.postgres.database import Database, migrations_current, open_database
from server.local.postgres import embedded_postgres
from server.serve import DatabaseUnknown, announced_database_url
from server.settings.settings import Settings

HERE = CommandOrigin("user:admin", Channel.CLI)
"""Anyone who can use this machine's database is its admin."""


async def survey_here(settings: Settings, rules: Sequence[RetentionRule]) -> Survey:
    async with database_here(settings) as database:
        return await survey(database, rules)


async def prune_here(
    settings: Settings,
    rules: Sequence[RetentionRule],
    batch: int,
    tell: Callable[[Sequence[UUID]], None],
) -> Pruned:
    """Raises Busy, and Fault if the tables are of another version."""
    async with database_here(settings) as database:
        return await prune(database, rules, HERE, batch=batch, on_pruned=tell)


@asynccontextmanager
async def database_here(settings: Settings) -> AsyncIterator[Database]:
    """Opens the external database, the one of the data directory's running server, or starts the embedded one."""
    async with AsyncExitStack() as stack:
        url = settings.database_url
        if url is None:
            try:
                url = announced_database_url(settings.data_dir)
            except DatabaseUnknown:
                url = await stack.enter_async_context(embedded_postgres(settings.data_dir))
        database = await stack.enter_async_context(open_database(url))
        if not await migrations_current(database.pool):
            raise Fault(
                "the tables are of another version; `headway migrate` brings them up to date"
            )
        yield database
