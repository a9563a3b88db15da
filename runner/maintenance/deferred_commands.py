"""Executes deferred commands when they are due, each in its own transaction, in the process that claims it."""

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
    DeferredCommand,
    Evaluate,
    GiveUp,
    SideEffect,
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
from runner.service.log_refs import LogRef
from runner.service.loop import Loop, is_outage, log_errors
from runner.store import deferred, references
from runner.store.deferred import DeferredRow, UnreadableCommand
from runner.store.execution import slots
from runner.store.execution.removal import forget_uses
from runner.store.execution.snapshots import read_executions
from runner.store.postgres.connection import Pool
from runner.store.postgres.database import Database, read_clock

logger = logging.getLogger("headway.deferred_commands")

_LOOK_AGAIN = 1.0
_TRIES = 5
"""Failures of one deferred command after which its execution is ended."""
FAILURE_CODE = "DEFERRED_COMMAND_FAILED"
"""The failure code of an execution that is ended because a deferred command keeps failing."""
_OUTLIVES_ITS_EXECUTION = (AdmitNext, RemoveFiles)


class DeferredCommandRunner(Loop):
    def __init__(
        self,
        database: Database,
        engine: Engine,
        feed: Feed,
        evaluator: Evaluator,
        cipher: Cipher,
        artifacts: ArtifactStore | None = None,
    ) -> None:
        """Without `artifacts`, files of deleted executions are left for another process to remove."""
        super().__init__()
        self._database = database
        self._engine = engine
        self._feed = feed
        self._evaluator = evaluator
        self._children = Children(database.pool, engine, evaluator, cipher)
        self._artifacts = artifacts

    async def _run_loop(self) -> None:
        with self._feed.watch("d") as watch:
            while True:
                await watch.changed(await self._run_due())

    async def _run_due(self) -> float:
        """Executes the commands that are due. Returns the seconds until more may be due."""
        seconds = None
        with log_errors(logger, "could not read the deferred commands that are due"):
            while due := await deferred.claim(self._database.pool):
                loaded = await self._load(due)
                async with asyncio.TaskGroup() as group:
                    for row in due:
                        group.create_task(self._run(row, loaded.get(row.execution_id)))
            seconds = await deferred.seconds_until_next(self._database.pool)
        return _LOOK_AGAIN if seconds is None else min(max(seconds, 0.001), _LOOK_AGAIN)

    async def _load(self, due: Sequence[DeferredRow]) -> dict[UUID, Execution | Exception]:
        """Loads the executions that are needed, each once: a foreach may have thousands of deferred commands. If they
        cannot be loaded together, loads them one by one; then the value is an error for those that fail."""
        ids = {row.execution_id for row in due if isinstance(row.command, SideEffect)}
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

    async def _run(self, row: DeferredRow, execution: Execution | Exception | None) -> None:
        """After a failure the row stays: it is claimed again when the claim expires."""
        name = type(row.command).__name__
        ref = LogRef(row.execution_id)
        with log_errors(logger, "the deferred command %s of %s will be retried", name, ref):
            try:
                await self._execute(row, execution)
            except Refused as refused:
                logger.info("the deferred command %s of %s is obsolete: %s", name, ref, refused)
                await deferred.settle(self._database.pool, [row.id])
            except Exception as error:
                if not is_outage(error):
                    await self._count_failure(row, error)
                raise

    async def _execute(self, row: DeferredRow, execution: Execution | Exception | None) -> None:
        if isinstance(execution, Exception):
            raise execution
        if isinstance(row.command, UnreadableCommand):
            raise Fault(row.command.why)
        if isinstance(row.command, AdmitNext):
            await self._admit_next(execution)
            command: Command | None = None
        elif isinstance(row.command, RemoveFiles):
            await self._remove_files(row.execution_id)
            command = None
        else:
            command = await self._command(execution, row.command)
        if command is None:
            await deferred.settle(self._database.pool, [row.id])
        else:
            origin = replace(ENGINE, reason=row.reason)
            await self._engine.execute(row.execution_id, command, origin, deferred_id=row.id)

    async def _count_failure(self, row: DeferredRow, error: Exception) -> None:
        """Ends the execution after too many failures: otherwise it would wait for the command forever."""
        if isinstance(row.command, _OUTLIVES_ITS_EXECUTION):
            return
        failures = await deferred.failed(self._database.pool, row.id)
        if failures >= _TRIES:
            name = type(row.command).__name__
            message = f"{name} failed {failures} times: {error!s:.1000}"
            give_up = GiveUp(FAILURE_CODE, message)
            await self._engine.execute(row.execution_id, give_up, ENGINE, deferred_id=row.id)

    async def _remove_files(self, deleted: UUID) -> None:
        """Deletes the execution's folder in the store (never the target of an artifact's URI), except files that other
        executions mention: when the last of these is deleted, this command is executed again."""
        if self._artifacts is None:
            raise Unavailable("this process has no artifact store")
        pool = self._database.pool
        others = await references.hold(pool, deleted)
        texts = await references.mentions(pool, deleted, others) if others else []
        await self._artifacts.forget(typed("exec", deleted), mentioned_in=texts)
        if not others:
            async with pool.acquire() as connection, connection.transaction():
                await forget_uses(connection, deleted)

    async def _command(
        self, execution: Execution | None, deferred: Evaluate | StartChild | DeferredCommand
    ) -> Command | None:
        """Returns the command for the engine. Evaluations and starts of children are done here first, outside of the
        engine's transaction."""
        if not isinstance(deferred, Evaluate | StartChild):
            return deferred
        if execution is None:
            return None
        if execution.plan.unreadable:
            return GiveUp(UNREADABLE, execution.plan.unreadable)
        if isinstance(deferred, StartChild):
            return await self._children.start(execution, deferred)
        clock = partial(read_clock, self._database.pool)
        return await evaluate(self._evaluator, execution, deferred, clock)

    async def _admit_next(self, ended: Execution | None) -> None:
        if ended and ended.plan.flow_id:
            await admit_first(self._database.pool, self._engine, ended.plan.flow_id)


async def admit_first(pool: Pool, engine: Engine, flow_id: UUID) -> None:
    """Lets the first queued executions of the flow run. The engine checks for each, under the flow's lock, that a slot
    is free."""
    for id in await slots.first_in_line(pool, flow_id):
        try:
            admitted = await engine.execute(id, Admit())
        except Refused:
            continue
        if not admitted.events:
            return
