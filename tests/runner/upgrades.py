"""A database as an earlier release left it."""

from typing import Any

from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.transactions import in_transaction

from runner.store.postgres.database import TORTOISE, Database, tortoise_on


async def migrate_to(database: Database, name: str) -> None:
    with await tortoise_on(database.pool):
        apps: Any = TORTOISE["apps"]
        async with in_transaction("default") as client:
            # As in `migrate`: steps take some time between two statements.
            await client.execute_query("set local idle_in_transaction_session_timeout = '60s'")
            executor = MigrationExecutor(get_connection("default"), apps)
            await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
            await executor.migrate([MigrationTarget("headway", name)])
