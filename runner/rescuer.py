"""Looks every second for leases that ran out, by the database's clock, and has the engine lose those attempts;
and for executions from elsewhere whose heartbeat is overdue, which end in ERROR.

It admits whom a freed slot has missed: a limit that was raised, an end that was written beside a new execution.
After an outage of the database that this process saw, every lease first gets one full period: the workers could not
extend theirs meanwhile.
"""

import asyncio
import logging
from uuid import UUID

from models.errors import HeadwayError
from models.lifecycle.commands import Lose
from models.lifecycle.retold import FallSilent
from models.lifecycle.stopping import LEASE
from runner.courier import admit_first
from runner.engine import Engine
from runner.loops import Loop
from runner.store import leases, recorded, slots
from runner.store.connection import UNREACHABLE
from runner.store.database import Database

logger = logging.getLogger("headway.rescuer")

_PERIOD = 1.0


class Rescuer(Loop):
    def __init__(self, database: Database, engine: Engine) -> None:
        super().__init__()
        self._database = database
        self._engine = engine
        self._outage = False

    async def _go_round(self) -> None:
        while True:
            try:
                await self._look()
            except (*UNREACHABLE, HeadwayError) as error:
                logger.warning("could not look for lost attempts: %s", error)
                self._outage = True
            await asyncio.sleep(_PERIOD)

    async def _look(self) -> None:
        if self._outage:
            await leases.give_a_period(self._database.pool, LEASE)
            await recorded.give_a_period(self._database.pool)
            self._outage = False
        expired = await leases.expired(self._database.pool)
        silent = await recorded.silent(self._database.pool)
        async with asyncio.TaskGroup() as group:
            for execution_id, path, lease in expired:
                group.create_task(self._lose(execution_id, path, lease))
            for flow_id in await slots.flows_with_lines(self._database.pool):
                group.create_task(admit_first(self._database.pool, self._engine, flow_id))
            for execution_id, ttl in silent:
                group.create_task(self._end(execution_id, ttl))

    async def _lose(self, execution_id: UUID, path: str, lease: UUID) -> None:
        logger.warning("lease of %s in %s ran out", path, execution_id)
        try:
            await self._engine.execute(execution_id, Lose(path, lease))
        except HeadwayError as error:
            logger.warning("could not lose %s in %s: %s", path, execution_id, error)

    async def _end(self, execution_id: UUID, ttl: float) -> None:
        logger.warning("no heartbeat of %s came in time", execution_id)
        try:
            await self._engine.execute(execution_id, FallSilent(ttl))
        except HeadwayError as error:
            logger.warning("could not end %s: %s", execution_id, error)
