"""What the tables need from time to time: partitions ahead, old idempotency keys and bulks gone."""

import asyncio
import logging

from runner.loops import Loop
from runner.store import bulk, idempotency
from runner.store.connection import UNREACHABLE
from runner.store.database import Database, ensure_partitions

logger = logging.getLogger("headway.housekeeping")

_PERIOD = 3600.0


class Housekeeping(Loop):
    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def _go_round(self) -> None:
        while True:
            try:
                await ensure_partitions(self._database.pool)
                async with self._database.pool.acquire() as connection:
                    await idempotency.forget_old(connection)
                    await bulk.forget_old(connection)
            except UNREACHABLE as error:
                logger.warning("the database cannot be reached: %s", error)
            await asyncio.sleep(_PERIOD)
