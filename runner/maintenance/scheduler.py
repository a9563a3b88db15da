"""Starts what schedules ask for, when they tick by the database's clock.

Every server looks. What is due is claimed under its row's lock; each tick's idempotency key makes it one execution also
when a claim runs out because its server died between starting the execution and going on to the next tick.
"""

import asyncio
import logging
from datetime import datetime

from models.errors import Fault, HeadwayError, Unavailable
from models.schedule import Due, due
from runner.engine.engine import Engine
from runner.expressions.evaluator import Evaluator
from runner.launch.scheduled_runs import ask_of, prepare_tick
from runner.service.encryption import Cipher
from runner.service.loop import Loop, log_errors
from runner.store.flows import schedules
from runner.store.flows.schedules import Outcome, Schedule
from runner.store.postgres.database import Database

logger = logging.getLogger("headway.scheduler")

_LOOK_AGAIN = 1.0
_SOONEST = 0.001
_CLAIMED = 20
"""Schedules that one server takes at once; the others are there for other servers."""
_TICKS = 50
"""Missed ticks of one schedule that are caught up with before others get their turn."""


class Scheduler(Loop):
    def __init__(
        self, database: Database, engine: Engine, evaluator: Evaluator, vault: Cipher
    ) -> None:
        super().__init__()
        self._database = database
        self._engine = engine
        self._evaluator = evaluator
        self._vault = vault

    async def _run_loop(self) -> None:
        while True:
            await asyncio.sleep(await self._rest())

    async def _rest(self) -> float:
        """Carry out what is due; seconds until there may be more."""
        seconds = None
        with log_errors(logger, "could not look for ticks that are due"):
            while await self.carry_out_due():
                pass
            seconds = await schedules.seconds_until_next(self._database.pool)
        return _LOOK_AGAIN if seconds is None else min(max(seconds, _SOONEST), _LOOK_AGAIN)

    async def carry_out_due(self, now: datetime | None = None) -> int:
        """How many schedules had a tick due; `now` stands in for the database's clock."""
        claimed, moment = await schedules.claim(self._database.pool, now, _CLAIMED)
        async with asyncio.TaskGroup() as group:
            for schedule in claimed:
                group.create_task(self._carry_out(schedule, moment))
        return len(claimed)

    async def _carry_out(self, schedule: Schedule, now: datetime) -> None:
        """A failure leaves the claim standing: it is taken up again when that runs out."""
        with log_errors(logger, f"ticks of {schedule.actor} come again"):
            found, outcome = _due(schedule, now)
            if outcome is None:
                outcome = await self._start_all(schedule, found)
            await schedules.settle(self._database.pool, schedule, found, outcome)

    async def _start_all(self, schedule: Schedule, found: Due) -> Outcome:
        """In order; of ticks that are refused the last one's words are kept."""
        outcome = Outcome()
        for tick in found.ticks:
            outcome = await self._start(schedule, tick)
        return outcome

    async def _start(self, schedule: Schedule, tick: datetime) -> Outcome:
        try:
            command = await prepare_tick(
                self._database.pool,
                self._engine.plans,
                self._evaluator,
                self._vault,
                schedule,
                tick,
            )
            begun = await self._engine.create(command, ask_of(schedule))
        except Unavailable:
            raise
        except HeadwayError as error:
            level = logging.ERROR if isinstance(error, Fault) else logging.WARNING
            logger.log(level, "%s did not start at %s: %s", schedule.actor, tick, error)
            return Outcome(tick, error=str(error)[:2000])
        return Outcome(tick, begun.execution.id)


def _due(schedule: Schedule, now: datetime) -> tuple[Due, Outcome | None]:
    """With an outcome already where this machine does not know the time zone: then nothing more is due."""
    assert schedule.next_at
    try:
        found = due(
            schedule.cron, schedule.timezone, schedule.catch_up, schedule.next_at, now, _TICKS
        )
    except LookupError as error:
        logger.error("%s cannot tick: %s", schedule.actor, error)
        return Due((), None), Outcome(schedule.next_at, error=f"cannot tick: {error}")
    return found, None
