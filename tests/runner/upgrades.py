"""A database as an earlier release left it."""

from typing import Any

from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from runner.store.database import TORTOISE, Database, tortoise_on


async def migrate_to(database: Database, name: str) -> None:
    with await tortoise_on(database.pool):
        apps: Any = TORTOISE["apps"]
        executor = MigrationExecutor(get_connection("default"), apps)
        await executor.migrate([MigrationTarget("headway", name)])
