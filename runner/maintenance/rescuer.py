"""Looks every second for leases that ran out, by the database's clock, and has the engine lose those attempts;
and for executions from elsewhere whose heartbeat is overdue, which end in ERROR.

It admits whom a freed slot has missed: a limit that was raised, an end that was written beside a new execution.
After an outage of the database that this process saw, every lease first gets one full period: the workers could not
extend theirs meanwhile.
"""

import asyncio
import logging
from collections.abc import Coroutine, Hashable
from typing import Any
from uuid import UUID

from models.errors import Unavailable
from models.lifecycle.commands.commands import Lose
from models.lifecycle.commands.external import FallSilent
from models.lifecycle.stopping import LEASE
from runner.engine.engine import Engine
from runner.maintenance.deferred_commands import admit_first
from runner.service.loop import Loop, is_outage, log_errors
from runner.service.outage import ROLLED_BACK, Busy
from runner.store.execution import leases, recorded, slots
from runner.store.postgres import sessions
from runner.store.postgres.database import Database

logger = logging.getLogger("headway.rescuer")

_PERIOD = 1.0
_WAITS_AT_MOST = 5.0
"""Seconds until the next look, while a command waits for a row that another session has locked."""


class Rescuer(Loop):
    def __init__(self, database: Database, engine: Engine) -> None:
        super().__init__()
        self._database = database
        self._engine = engine
        self._outage = False
        self._under_way: dict[Hashable, asyncio.Task[None]] = {}

    async def _run_loop(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._end_frozen())
            while True:
                await self._survive(self._look(group), "could not look for lost attempts")
                await asyncio.sleep(_PERIOD)

    async def _end_frozen(self) -> None:
        """Beside the looks, for these may wait for a row that a frozen session has locked."""
        while True:
            with log_errors(logger, "could not look for frozen sessions"):
                await sessions.end_frozen(self._database.pool)
            await asyncio.sleep(_PERIOD)

    async def _survive(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """One that fails takes none of the others with it; only an outage gives the leases their period."""
        with log_errors(logger, what) as trouble:
            await work
        self._outage |= trouble.error is not None and _stops_heartbeats(trouble.error)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        if await sessions.is_read_only(self._database.pool):
            raise Unavailable("the database is read-only now")
        expired = await leases.expired(self._database.pool) if await self._periods_given() else []
        silent = await recorded.silent(self._database.pool) if not self._outage else []
        lines = await slots.flows_to_admit(self._database.pool)
        begun = set(self._under_way)
        for execution_id, path, lease in expired:
            told = f"could not lose {path} in {execution_id}"
            self._begin(
                group, (execution_id, path, lease), self._lose(execution_id, path, lease), told
            )
        for flow_id in lines:
            admission = admit_first(self._database.pool, self._engine, flow_id)
            told = f"could not admit the next of the flow {flow_id}"
            self._begin(group, flow_id, admission, told)
        for execution_id, ttl in silent:
            told = f"could not end {execution_id}"
            self._begin(group, execution_id, self._end(execution_id, ttl), told)
        if new := [task for key, task in self._under_way.items() if key not in begun]:
            await asyncio.wait(new, timeout=_WAITS_AT_MOST)

    async def _periods_given(self) -> bool:
        """Whether no lease can have run out because of an outage. The rest of the look goes on without."""
        if self._outage:
            try:
                await leases.extend_all(self._database.pool, LEASE)
                await recorded.extend_all(self._database.pool)
            except ROLLED_BACK as error:
                logger.warning("the leases get their period at the next look: %s", error)
                return False
            self._outage = False
        return True

    def _begin(
        self, group: asyncio.TaskGroup, key: Hashable, work: Coroutine[Any, Any, None], what: str
    ) -> None:
        """Not again while it is under way: the engine tries until the row is free."""
        if key in self._under_way:
            work.close()
            return
        task = group.create_task(self._survive(work, what))
        self._under_way[key] = task
        task.add_done_callback(lambda _: self._under_way.pop(key, None))

    async def _lose(self, execution_id: UUID, path: str, lease: UUID) -> None:
        logger.warning("lease of %s in %s ran out", path, execution_id)
        await self._engine.execute(execution_id, Lose(path, lease))

    async def _end(self, execution_id: UUID, ttl: float) -> None:
        logger.warning("no heartbeat of %s came in time", execution_id)
        await self._engine.execute(execution_id, FallSilent(ttl))


def _stops_heartbeats(error: BaseException) -> bool:
    """Whether the database serves nobody, rather than this one request. A period for each query that was cancelled or
    waited too long would keep the leases of dead workers for ever."""
    cause = error.__cause__ if isinstance(error, Unavailable) and error.__cause__ else error
    return is_outage(cause) and not isinstance(cause, (*ROLLED_BACK, Busy))
