"""Carries out what the engine owes: when it is due, in a transaction of its own, by whichever process claims it."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from models.durations import parse_duration
from models.errors import Fault, Refused, Unavailable
from models.events import ENGINE, TaskError
from models.lifecycle.commands import Command, Conclude, Evaluate, Prepare
from models.lifecycle.snapshot import Execution, TaskRun
from models.spec import ApprovalTask, TaskSpec, WaitTask
from runner.engine import Engine
from runner.evaluator import EvaluationFailed, Evaluator
from runner.feed import Feed
from runner.loops import Loop
from runner.names import expression_names
from runner.store import deferred
from runner.store.connection import UNREACHABLE
from runner.store.database import Database
from runner.store.deferred import Owed
from runner.store.snapshots import load_executions

logger = logging.getLogger("headway.courier")

_LOOK_AGAIN = 1.0


class Courier(Loop):
    def __init__(
        self, database: Database, engine: Engine, feed: Feed, evaluator: Evaluator
    ) -> None:
        super().__init__()
        self._database = database
        self._engine = engine
        self._feed = feed
        self._evaluator = evaluator

    async def _go_round(self) -> None:
        with self._feed.watch("d") as watch:
            while True:
                await watch.changed(await self._rest())

    async def _rest(self) -> float:
        """Carry out what is due; seconds until there may be more."""
        try:
            while due := await deferred.claim(self._database.pool):
                async with asyncio.TaskGroup() as group:
                    for owed in due:
                        group.create_task(self._carry_out(owed))
            seconds = await deferred.seconds_until_next(self._database.pool)
        except UNREACHABLE as error:
            logger.warning("the database cannot be reached: %s", error)
            return _LOOK_AGAIN
        return _LOOK_AGAIN if seconds is None else min(max(seconds, 0.001), _LOOK_AGAIN)

    async def _carry_out(self, owed: Owed) -> None:
        """A failure leaves the promise stored: it is claimed again when the claim runs out."""
        try:
            command = await self._command(owed)
            if command is None:
                await deferred.settle(self._database.pool, [owed.id])
            else:
                await self._engine.execute(owed.execution_id, command, ENGINE, owed=owed.id)
        except Refused as refused:
            logger.info("%s no longer holds: %s", type(owed.command).__name__, refused)
            await deferred.settle(self._database.pool, [owed.id])
        except (Unavailable, Fault, *UNREACHABLE) as error:
            logger.warning("%s comes again: %s", type(owed.command).__name__, error)

    async def _command(self, owed: Owed) -> Command | None:
        if not isinstance(owed.command, Evaluate):
            return owed.command
        async with self._database.pool.acquire() as connection:
            found = await load_executions(connection, self._engine.plans, [owed.execution_id])
        execution = found.get(owed.execution_id)
        return await self._evaluate(execution, owed.command) if execution else None

    async def _evaluate(self, execution: Execution, what: Evaluate) -> Command:
        if what.path is None:
            outputs, error = await self._render(execution, None, execution.plan.spec.outputs)
            return Conclude(outputs, error)
        task = execution.tasks[what.path]
        spec = execution.spec_of(task)
        values, error = await self._render(execution, task, _templates(spec))
        if error is None and isinstance(spec, WaitTask):
            values, error = _seconds(values or {})
        return Prepare(what.path, what.attempt or task.attempt, values, error)

    async def _render(
        self, execution: Execution, task: TaskRun | None, templates: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any] | None, TaskError | None]:
        try:
            rendered = await self._evaluator.render(templates, expression_names(execution, task))
        except EvaluationFailed as failed:
            return None, TaskError("EXPRESSION", str(failed))
        return rendered, None


def _templates(spec: TaskSpec) -> Mapping[str, Any]:
    if isinstance(spec, ApprovalTask):
        return {"message": spec.message}
    assert isinstance(spec, WaitTask)
    return {"duration": spec.duration} if spec.duration is not None else {"until": spec.until}


def _seconds(
    values: Mapping[str, Any],
) -> tuple[Mapping[str, Any] | None, TaskError | None]:
    """A duration or a moment as seconds from now, or why it is neither."""
    try:
        if "duration" in values:
            seconds = parse_duration(values["duration"])
        else:
            until = datetime.fromisoformat(str(values["until"]))
            until = until if until.tzinfo else until.replace(tzinfo=UTC)
            seconds = (until - datetime.now(UTC)).total_seconds()
    except (ValueError, Refused) as error:
        return None, TaskError("EXPRESSION", f"cannot wait for {dict(values)}: {error}")
    return {"seconds": max(0.0, seconds)}, None
