"""Backfill: starts the occurrences of a schedule in a range of the past, except those that have run already."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

from models.access.viewer import Scope
from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.lifecycle.commands.commands import Create
from models.schedule import ticks
from runner.engine.engine import Engine
from runner.engine.idempotency import CREATE
from runner.expressions.evaluator import Evaluator
from runner.launch.scheduled_runs import origin_of, prepare_scheduled_run
from runner.service.encryption import Cipher
from runner.store import idempotency
from runner.store.flows.schedules import Schedule, database_now, record_backfill
from runner.store.postgres.connection import Pool

MOST_TICKS = 1000
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 20
"""Executions that are prepared together, so that one backfill does not hold all connections."""


@dataclass(frozen=True, slots=True)
class Ran:
    """An occurrence and its execution, None if it has not run. `before`: it ran before this backfill."""

    tick: datetime
    execution_id: UUID | None
    before: bool


async def plan_backfill(
    pool: Pool, schedule: Schedule, since: datetime, until: datetime
) -> list[Ran]:
    """Returns the occurrences from `since` to `until` (inclusive), and which have run. Raises Refused if there are too
    many."""
    now = await database_now(pool)
    if not _EARLIEST <= since <= until or until > now:
        raise Refused.because(
            ProblemCode.VALIDATION,
            "`from` must not be before 1970 or after `to`, and `to` must not be in the future",
            "to" if since <= until else "from",
        )
    just_before = since.astimezone(UTC) - datetime.resolution
    found = list(
        islice(ticks(schedule.cron, schedule.timezone, just_before, until), MOST_TICKS + 1)
    )
    if len(found) > MOST_TICKS:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"the range has more than {MOST_TICKS} occurrences, the limit of one backfill; "
            f"end it at {found[MOST_TICKS - 1].isoformat()} first",
            "to",
        )
    keys = [schedule.key_of(tick) for tick in found]
    answers = await idempotency.answers(pool, schedule.actor, CREATE, keys)
    return [
        Ran(tick, answers.get(key), key in answers) for tick, key in zip(found, keys, strict=True)
    ]


async def backfill(
    pool: Pool,
    engine: Engine,
    evaluator: Evaluator,
    cipher: Cipher,
    schedule: Schedule,
    planned: Sequence[Ran],
    origin: CommandOrigin,
    scope: Scope,
) -> list[Ran]:
    """Starts the occurrences that have not run, in order. All are prepared first: if one is refused, none starts."""
    missing = [one.tick for one in planned if not one.before]
    commands: list[Create] = []
    for start in range(0, len(missing), _AT_ONCE):
        commands += await asyncio.gather(
            *(
                prepare_scheduled_run(
                    pool, engine.plans, evaluator, cipher, schedule, tick, (origin.actor,), scope
                )
                for tick in missing[start : start + _AT_ONCE]
            )
        )
    if missing:
        await record_backfill(pool, schedule, origin, missing)
    by = f"backfilled by {origin.actor}"
    reason = f"{by}: {origin.reason}" if origin.reason else by
    sender = origin_of(schedule, reason)
    begun = await asyncio.gather(*(engine.create(one, sender, bulk=True) for one in commands))
    ids = {tick: one.execution.id for tick, one in zip(missing, begun, strict=True)}
    started = {tick for tick, one in zip(missing, begun, strict=True) if one.events}
    return [
        Ran(one.tick, ids.get(one.tick, one.execution_id), one.tick not in started)
        for one in planned
    ]
