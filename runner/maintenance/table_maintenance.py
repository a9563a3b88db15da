"""Maintains tables every hour: creates partitions for coming months and for external runs of the past; deletes old
idempotency keys, bulk actions, sign-ins and daily quotas."""

import asyncio
import logging

from runner.service.loop import Loop, log_errors
from runner.store import bulk, idempotency, quotas
from runner.store.access import sign_ins
from runner.store.postgres.database import Database, ensure_partitions, ensure_past_partitions

logger = logging.getLogger("headway.table_maintenance")

_PERIOD = 3600.0
_TRY_AGAIN = 60.0


class TableMaintenance(Loop):
    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def _run_loop(self) -> None:
        while True:
            with log_errors(logger, "table maintenance failed") as caught:
                await ensure_partitions(self._database.pool)
                await ensure_past_partitions(self._database.pool)
                async with self._database.pool.acquire() as connection:
                    await idempotency.delete_old(connection)
                    await bulk.delete_old(connection)
                    await sign_ins.delete_old(connection)
                    await quotas.delete_old(connection)
            await asyncio.sleep(_TRY_AGAIN if caught else _PERIOD)
