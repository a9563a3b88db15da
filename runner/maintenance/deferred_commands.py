"""Carries out what the engine owes: when it is due, in a transaction of its own, by whichever process claims it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from models.errors import Fault, Refused, Unavailable
from models.events.events import ENGINE
from models.ids import typed
from models.lifecycle.abandon import UNREADABLE
from models.lifecycle.commands.commands import (
    Admit,
    AdmitNext,
    Command,
    Errand,
    Evaluate,
    GiveUp,
    Promised,
    StartChild,
)
from models.lifecycle.commands.records import RemoveFiles
from models.lifecycle.snapshot import Execution
from runner.engine.engine import Engine
from runner.expressions.evaluator import Evaluator
from runner.files.artifact_store import ArtifactStore
from runner.launch.subflows import Children
from runner.maintenance.engine_expressions import evaluate
from runner.notify.feed import Feed
from runner.service.encryption import Cipher
from runner.service.loop import Loop, is_outage, log_errors
from runner.store import deferred, references
from runner.store.deferred import DeferredRow, UnreadableCommand
from runner.store.execution import slots
from runner.store.execution.removal import forget_uses
from runner.store.execution.snapshots import read_executions
from runner.store.postgres.connection import Pool
from runner.store.postgres.database import Database, read_clock

logger = logging.getLogger("headway.courier")

_LOOK_AGAIN = 1.0
_TRIES = 5
"""Faults of one promise after which its execution is given up."""
UNKEPT = "PROMISE"
"""The code of a failure by a promise that could not be kept."""
_OUTLIVES_ITS_EXECUTION = (AdmitNext, RemoveFiles)


class DeferredCommandRunner(Loop):
    def __init__(
        self,
        database: Database,
        engine: Engine,
        feed: Feed,
        evaluator: Evaluator,
        vault: Cipher,
        artifacts: ArtifactStore | None = None,
    ) -> None:
        """Without `artifacts` files are left for another process to remove."""
        super().__init__()
        self._database = database
        self._engine = engine
        self._feed = feed
        self._evaluator = evaluator
        self._children = Children(database.pool, engine, evaluator, vault)
        self._artifacts = artifacts

    async def _run_loop(self) -> None:
        with self._feed.watch("d") as watch:
            while True:
                await watch.changed(await self._rest())

    async def _rest(self) -> float:
        """Carry out what is due; seconds until there may be more."""
        seconds = None
        with log_errors(logger, "could not look for what is owed"):
            while due := await deferred.claim(self._database.pool):
                known = await self._load(due)
                async with asyncio.TaskGroup() as group:
                    for owed in due:
                        group.create_task(self._carry_out(owed, known.get(owed.execution_id)))
            seconds = await deferred.seconds_until_next(self._database.pool)
        return _LOOK_AGAIN if seconds is None else min(max(seconds, 0.001), _LOOK_AGAIN)

    async def _load(self, due: Sequence[DeferredRow]) -> dict[UUID, Execution | Exception]:
        """The executions that errands are about, each once: a foreach of thousands owes as many. Where they cannot be
        loaded together, each by itself, or why it cannot be."""
        ids = {owed.execution_id for owed in due if isinstance(owed.command, Errand)}
        if not ids:
            return {}
        try:
            return {**await self._read(*ids)}
        except Exception as error:
            if is_outage(error):
                raise
            logger.exception("%d executions could not be loaded together", len(ids))
        loaded = await asyncio.gather(*(self._read(id) for id in ids), return_exceptions=True)
        found: dict[UUID, Execution | Exception] = {}
        for id, one in zip(ids, loaded, strict=True):
            if isinstance(one, Exception):
                found[id] = one
            elif isinstance(one, BaseException):
                raise one
            else:
                found |= one
        return found

    async def _read(self, *ids: UUID) -> dict[UUID, Execution]:
        return await read_executions(self._database.pool, self._engine.plans, list(ids))

    async def _carry_out(self, owed: DeferredRow, execution: Execution | Exception | None) -> None:
        """A failure leaves the promise stored: it is claimed again when the claim runs out."""
        name = type(owed.command).__name__
        with log_errors(logger, f"{name} of {owed.execution_id} comes again"):
            try:
                await self._keep(owed, execution)
            except Refused as refused:
                logger.info("%s no longer holds: %s", name, refused)
                await deferred.settle(self._database.pool, [owed.id])
            except Exception as error:
                if not is_outage(error):
                    await self._count(owed, error)
                raise

    async def _keep(self, owed: DeferredRow, execution: Execution | Exception | None) -> None:
        if isinstance(execution, Exception):
            raise execution
        if isinstance(owed.command, UnreadableCommand):
            raise Fault(owed.command.why)
        if isinstance(owed.command, AdmitNext):
            await self._admit_next(execution)
            command: Command | None = None
        elif isinstance(owed.command, RemoveFiles):
            await self._remove_files(owed.execution_id)
            command = None
        else:
            command = await self._command(execution, owed.command)
        if command is None:
            await deferred.settle(self._database.pool, [owed.id])
        else:
            origin = replace(ENGINE, reason=owed.reason)
            await self._engine.execute(owed.execution_id, command, origin, owed=owed.id)

    async def _count(self, owed: DeferredRow, error: Exception) -> None:
        """A promise that fails again and again ends its execution: else that waited for it for ever."""
        if isinstance(owed.command, _OUTLIVES_ITS_EXECUTION):
            return
        failures = await deferred.failed(self._database.pool, owed.id)
        if failures >= _TRIES:
            what = type(owed.command).__name__
            told = f"{what} could not be carried out, {failures} times: {error!s:.1000}"
            give_up = GiveUp(UNKEPT, told)
            await self._engine.execute(owed.execution_id, give_up, ENGINE, owed=owed.id)

    async def _remove_files(self, deleted: UUID) -> None:
        """The folder of the execution in the store, and never what an artifact's address says; but for files in it that
        other executions mention, with the last of which this comes again."""
        if self._artifacts is None:
            raise Unavailable("this process has no artifact store")
        pool = self._database.pool
        others = await references.hold(pool, deleted)
        told = await references.mentions(pool, deleted, others) if others else []
        await self._artifacts.forget(typed("exec", deleted), mentioned_in=told)
        if not others:
            async with pool.acquire() as connection, connection.transaction():
                await forget_uses(connection, deleted)

    async def _command(
        self, execution: Execution | None, owed: Evaluate | StartChild | Promised
    ) -> Command | None:
        """The command itself, or what comes of what had to be done outside of the engine's transaction first."""
        if not isinstance(owed, Evaluate | StartChild):
            return owed
        if execution is None:
            return None
        if execution.plan.unreadable:
            return GiveUp(UNREADABLE, execution.plan.unreadable)
        if isinstance(owed, StartChild):
            return await self._children.start(execution, owed)
        clock = partial(read_clock, self._database.pool)
        return await evaluate(self._evaluator, execution, owed, clock)

    async def _admit_next(self, ended: Execution | None) -> None:
        if ended and ended.plan.flow_id:
            await admit_first(self._database.pool, self._engine, ended.plan.flow_id)


async def admit_first(pool: Pool, engine: Engine, flow_id: UUID) -> None:
    """Have the engine let those run whose turn it is; it judges each under the flow's lock."""
    for id in await slots.first_in_line(pool, flow_id):
        try:
            admitted = await engine.execute(id, Admit())
        except Refused:
            continue
        if not admitted.events:
            return
