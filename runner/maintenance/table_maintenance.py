"""Keeps the tables from time to time: partitions ahead, and of a past that was told afterwards; old idempotency
keys, bulks and days of quotas gone."""

import asyncio
import logging

from runner.service.loop import Loop, log_errors
from runner.store import bulk, idempotency, quotas
from runner.store.access import sign_ins
from runner.store.postgres.database import Database, ensure_partitions, ensure_past_partitions

logger = logging.getLogger("headway.housekeeping")

_PERIOD = 3600.0
_TRY_AGAIN = 60.0


class Housekeeping(Loop):
    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def _run_loop(self) -> None:
        while True:
            with log_errors(logger, "the tables were not looked after") as trouble:
                await ensure_partitions(self._database.pool)
                await ensure_past_partitions(self._database.pool)
                async with self._database.pool.acquire() as connection:
                    await idempotency.delete_old(connection)
                    await bulk.delete_old(connection)
                    await sign_ins.delete_old(connection)
                    await quotas.delete_old(connection)
            await asyncio.sleep(_TRY_AGAIN if trouble else _PERIOD)
