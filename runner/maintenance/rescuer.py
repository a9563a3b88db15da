"""Checks every second, by the database's clock, for expired leases, whose attempts are then LOST; and for external runs
whose heartbeat is overdue, which end in ERROR.

Also admits queued executions that were not admitted when a slot became free: because the limit was raised, or because
an execution ended while another was created. After a database outage that this process noticed, every lease is first
extended by one full period, because the workers could not extend them during the outage.
"""

import asyncio
import logging
from collections.abc import Coroutine, Hashable
from typing import Any
from uuid import UUID

from models.errors import Unavailable
from models.lifecycle.commands.commands import Lose
from models.lifecycle.commands.external import ExpireHeartbeat
from models.lifecycle.stopping import LEASE
from runner.engine.engine import Engine
from runner.maintenance.deferred_commands import admit_first
from runner.service.log_refs import LogRef
from runner.service.loop import Loop, is_outage, log_errors
from runner.service.outage import ROLLED_BACK, Busy
from runner.store.execution import leases, recorded, slots
from runner.store.postgres import sessions
from runner.store.postgres.database import Database

logger = logging.getLogger("headway.rescuer")

_PERIOD = 1.0
_WAITS_AT_MOST = 5.0
"""Seconds until the next check while a command waits for a row that another session has locked."""


class Rescuer(Loop):
    def __init__(self, database: Database, engine: Engine) -> None:
        super().__init__()
        self._database = database
        self._engine = engine
        self._outage = False
        self._running: dict[Hashable, asyncio.Task[None]] = {}

    async def _run_loop(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._end_frozen())
            while True:
                await self._run_safely(self._check(group), "could not check for lost attempts")
                await asyncio.sleep(_PERIOD)

    async def _end_frozen(self) -> None:
        """A separate loop, as the other checks may wait for a row that a frozen session has locked."""
        while True:
            with log_errors(logger, "could not check for frozen sessions"):
                await sessions.end_frozen(self._database.pool)
            await asyncio.sleep(_PERIOD)

    async def _run_safely(self, work: Coroutine[Any, Any, None], failure: str) -> None:
        """Logs a failure, so that other work continues. After an outage, the leases will be extended first."""
        with log_errors(logger, failure) as caught:
            await work
        self._outage |= caught.error is not None and _stops_heartbeats(caught.error)

    async def _check(self, group: asyncio.TaskGroup) -> None:
        if await sessions.is_read_only(self._database.pool):
            raise Unavailable("the database is read-only now")
        expired = await leases.expired(self._database.pool) if await self._leases_extended() else []
        silent = await recorded.silent(self._database.pool) if not self._outage else []
        flows = await slots.flows_to_admit(self._database.pool)
        begun = set(self._running)
        for execution_id, path, lease in expired:
            failure = f"could not end the lost attempt of {LogRef(execution_id, path)}"
            self._begin(
                group, (execution_id, path, lease), self._lose(execution_id, path, lease), failure
            )
        for flow_id in flows:
            admission = admit_first(self._database.pool, self._engine, flow_id)
            failure = f"could not admit the next execution of flow {flow_id}"
            self._begin(group, flow_id, admission, failure)
        for execution_id, ttl in silent:
            failure = f"could not end the silent external run: {LogRef(execution_id)}"
            self._begin(group, execution_id, self._end(execution_id, ttl), failure)
        if new := [task for key, task in self._running.items() if key not in begun]:
            await asyncio.wait(new, timeout=_WAITS_AT_MOST)

    async def _leases_extended(self) -> bool:
        """Extends the leases after an outage; False if that fails: then leases may have expired only because of the
        outage, and are not checked. The other checks continue."""
        if self._outage:
            try:
                await leases.extend_all(self._database.pool, LEASE)
                await recorded.extend_all(self._database.pool)
            except ROLLED_BACK as error:
                logger.warning("could not extend the leases after an outage; retrying: %s", error)
                return False
            self._outage = False
        return True

    def _begin(
        self, group: asyncio.TaskGroup, key: Hashable, work: Coroutine[Any, Any, None], failure: str
    ) -> None:
        """Does nothing if the same work is running: the engine retries until the row is free."""
        if key in self._running:
            work.close()
            return
        task = group.create_task(self._run_safely(work, failure))
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))

    async def _lose(self, execution_id: UUID, path: str, lease: UUID) -> None:
        logger.warning("the lease of %s has expired", LogRef(execution_id, path))
        await self._engine.execute(execution_id, Lose(path, lease))

    async def _end(self, execution_id: UUID, ttl: float) -> None:
        logger.warning("the heartbeat of the external %s is overdue", LogRef(execution_id))
        await self._engine.execute(execution_id, ExpireHeartbeat(ttl))


def _stops_heartbeats(error: BaseException) -> bool:
    """True if the database serves no client, and not only failed this one request: extending the leases after every
    cancelled or slow query would keep the leases of dead workers forever."""
    cause = error.__cause__ if isinstance(error, Unavailable) and error.__cause__ else error
    return is_outage(cause) and not isinstance(cause, (*ROLLED_BACK, Busy))
