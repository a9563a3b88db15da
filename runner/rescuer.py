"""Looks every second for leases that ran out, by the database's clock, and has the engine lose those attempts;
and for executions from elsewhere whose heartbeat is overdue, which end in ERROR.

It admits whom a freed slot has missed: a limit that was raised, an end that was written beside a new execution.
After an outage of the database that this process saw, every lease first gets one full period: the workers could not
extend theirs meanwhile.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

from models.errors import Unavailable
from models.lifecycle.commands import Lose
from models.lifecycle.retold import FallSilent
from models.lifecycle.stopping import LEASE
from runner.courier import admit_first
from runner.engine import Engine
from runner.loops import Loop, surviving
from runner.store import leases, recorded, sessions, slots
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
            await self._survive(self._look(), "could not look for lost attempts")
            await asyncio.sleep(_PERIOD)

    async def _survive(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """One that fails takes none of the others with it; only an outage gives the leases their period."""
        with surviving(logger, what) as trouble:
            await work
        self._outage |= trouble.is_outage

    async def _look(self) -> None:
        await sessions.end_frozen(self._database.pool)
        if await sessions.is_read_only(self._database.pool):
            raise Unavailable("the database is read-only now")
        if self._outage:
            await leases.give_a_period(self._database.pool, LEASE)
            await recorded.give_a_period(self._database.pool)
            self._outage = False
        expired = await leases.expired(self._database.pool)
        silent = await recorded.silent(self._database.pool)
        lines = await slots.flows_to_admit(self._database.pool)
        async with asyncio.TaskGroup() as group:
            for execution_id, path, lease in expired:
                told = f"could not lose {path} in {execution_id}"
                group.create_task(self._survive(self._lose(execution_id, path, lease), told))
            for flow_id in lines:
                admission = admit_first(self._database.pool, self._engine, flow_id)
                told = f"could not admit the next of the flow {flow_id}"
                group.create_task(self._survive(admission, told))
            for execution_id, ttl in silent:
                told = f"could not end {execution_id}"
                group.create_task(self._survive(self._end(execution_id, ttl), told))

    async def _lose(self, execution_id: UUID, path: str, lease: UUID) -> None:
        logger.warning("lease of %s in %s ran out", path, execution_id)
        await self._engine.execute(execution_id, Lose(path, lease))

    async def _end(self, execution_id: UUID, ttl: float) -> None:
        logger.warning("no heartbeat of %s came in time", execution_id)
        await self._engine.execute(execution_id, FallSilent(ttl))
