"""Starts executions when schedules are due by the database's clock.

Every server does so. A schedule is claimed under the lock of its row. Each occurrence has an idempotency key, so that
it starts one execution even if the claim expires because a server died after starting the execution.
"""

import asyncio
import logging
from datetime import datetime

from models.errors import Fault, HeadwayError, Unavailable
from models.schedule import Due, due
from runner.engine.engine import Engine
from runner.expressions.evaluator import Evaluator
from runner.launch.scheduled_runs import origin_of, prepare_scheduled_run
from runner.service.encryption import Cipher
from runner.service.loop import Loop, log_errors
from runner.store.flows import schedules
from runner.store.flows.schedules import Outcome, Schedule
from runner.store.postgres.database import Database

logger = logging.getLogger("headway.scheduler")

_LOOK_AGAIN = 1.0
_SOONEST = 0.001
_CLAIMED = 20
"""Schedules that one server claims at once; the others are left to other servers."""
_MAX_OCCURRENCES = 50
"""Missed occurrences of one schedule that are started before other schedules get their turn."""


class Scheduler(Loop):
    def __init__(
        self, database: Database, engine: Engine, evaluator: Evaluator, cipher: Cipher
    ) -> None:
        super().__init__()
        self._database = database
        self._engine = engine
        self._evaluator = evaluator
        self._cipher = cipher

    async def _run_loop(self) -> None:
        while True:
            await asyncio.sleep(await self._run_all_due())

    async def _run_all_due(self) -> float:
        """Starts everything that is due. Returns the seconds until more may be due."""
        seconds = None
        with log_errors(logger, "could not read the schedules that are due"):
            while await self.run_due():
                pass
            seconds = await schedules.seconds_until_next(self._database.pool)
        return _LOOK_AGAIN if seconds is None else min(max(seconds, _SOONEST), _LOOK_AGAIN)

    async def run_due(self, now: datetime | None = None) -> int:
        """Returns how many schedules were due. `now` replaces the database's clock in tests."""
        claimed, moment = await schedules.claim(self._database.pool, now, _CLAIMED)
        async with asyncio.TaskGroup() as group:
            for schedule in claimed:
                group.create_task(self._run(schedule, moment))
        return len(claimed)

    async def _run(self, schedule: Schedule, now: datetime) -> None:
        """After a failure the claim remains; when it expires, the schedule is tried again."""
        with log_errors(logger, f"starting executions of {schedule.actor} will be retried"):
            found, outcome = _due(schedule, now)
            if outcome is None:
                outcome = await self._start_all(schedule, found)
            await schedules.settle(self._database.pool, schedule, found, outcome)

    async def _start_all(self, schedule: Schedule, found: Due) -> Outcome:
        """Starts the occurrences in order; returns the outcome of the last one."""
        outcome = Outcome()
        for tick in found.ticks:
            outcome = await self._start(schedule, tick)
        return outcome

    async def _start(self, schedule: Schedule, tick: datetime) -> Outcome:
        try:
            command = await prepare_scheduled_run(
                self._database.pool,
                self._engine.plans,
                self._evaluator,
                self._cipher,
                schedule,
                tick,
            )
            begun = await self._engine.create(command, origin_of(schedule))
        except Unavailable:
            raise
        except HeadwayError as error:
            level = logging.ERROR if isinstance(error, Fault) else logging.WARNING
            logger.log(level, "%s did not start at %s: %s", schedule.actor, tick, error)
            return Outcome(tick, error=str(error)[:2000])
        return Outcome(tick, begun.execution.id)


def _due(schedule: Schedule, now: datetime) -> tuple[Due, Outcome | None]:
    """Returns the due occurrences. If this machine does not know the time zone there are none, and an outcome with the
    error is returned too."""
    assert schedule.next_at
    try:
        found = due(
            schedule.cron,
            schedule.timezone,
            schedule.catch_up,
            schedule.next_at,
            now,
            _MAX_OCCURRENCES,
        )
    except LookupError as error:
        message = f"cannot find the next occurrence: {error}"
        logger.error("%s: %s", schedule.actor, message)
        return Due((), None), Outcome(schedule.next_at, error=message)
    return found, None
