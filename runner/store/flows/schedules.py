"""Schedules: those that flows declare and those that people make, and the ticks that are due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from models.access.viewer import EVERYWHERE, Scope
from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import new_id, typed
from models.schedule import CatchUp, Due, ScheduleSource, next_tick
from models.spec import ScheduleTrigger
from runner.store import audit
from runner.store.json import dump, load
from runner.store.pages import Page, Window, count, keyset_page
from runner.store.postgres.connection import Connection, Pool
from runner.store.rows import FlowRow
from runner.store.rows import ScheduleRow as TableRow
from runner.store.scopes import kept, scope_of
from runner.store.where import Arguments, compile_scope

CLAIM = 15
"""Seconds after which another server takes over a schedule that was claimed and not settled."""
_SEEN = """(select s.*, f.namespace, f.key as flow_key, f.latest_revision, f.enabled as flow_enabled
  from schedules s join flows f on f.id = s.flow_id) seen"""
_NOW = "select clock_timestamp()"
SCHEDULES_OF = f"select * from {_SEEN} where flow_id = any($1::uuid[]) order by key"
# A schedule whose times stay the same keeps its next tick, and `enabled` as people set it.
_PUT = """
insert into schedules as s
  (id, flow_id, key, source, cron, timezone, inputs, labels, catch_up, enabled, next_at, updated_by, scope)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, true),
  case when coalesce($10, true) then $11::timestamptz end, $12, $13)
on conflict (flow_id, key) do update set cron = $5, timezone = $6, inputs = $7, labels = $8, catch_up = $9,
  enabled = coalesce($10, s.enabled), updated_by = $12, scope = $13,
  updated_at = now(),
  next_at = case when not coalesce($10, s.enabled) then null
                 when s.next_at is not null and (s.cron, s.timezone) = ($5, $6) then s.next_at
                 else $11::timestamptz end
where s.source = $4
returning id
"""
_FORGOTTEN = """
delete from schedules where flow_id = $1 and source = 'FLOW' and key <> all($2::text[])
"""
_ENABLE = """
update schedules set enabled = $2, updated_at = now(), next_at = case when $2 then $3::timestamptz end
where id = $1 and enabled <> $2 returning id
"""
_REMOVE = "delete from schedules where id = $1 and source = 'API' returning id"
_CLAIM = """
with clock as materialized (select coalesce($1::timestamptz, clock_timestamp()) as now),
due as materialized (
  select id from schedules, clock where next_at <= now and coalesce(claimed_until <= now, true)
  order by next_at, id limit $2 for update of schedules skip locked)
update schedules s set claimed_until = now + make_interval(secs => $3)
from due, clock, flows f where s.id = due.id and f.id = s.flow_id
returning s.*, f.namespace, f.key as flow_key, now
"""
# A slow server may settle a schedule that another one has settled since; its outcome is then ignored.
_SETTLE = """
update schedules set claimed_until = null,
  next_at = case when next_at = $2 then $3 else next_at end,
  last_at = coalesce($4, last_at),
  last_execution_id = coalesce($5, last_execution_id),
  last_error = case when $4::timestamptz is null then last_error else $6 end
where id = $1 and ($4::timestamptz is null or last_at is null or last_at <= $4)
"""
_UNTIL_NEXT = """
select extract(epoch from min(greatest(next_at, claimed_until)) - clock_timestamp())::float8 from schedules
where next_at is not null
"""


class ClaimedRow(TableRow):
    """A schedule with the namespace and key of its flow, as it is claimed."""

    namespace: str
    flow_key: str
    now: datetime


class ScheduleRow(TableRow):
    """A schedule with columns of its flow, as clients read it."""

    namespace: str
    flow_key: str
    latest_revision: int
    flow_enabled: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """The part of a schedule that is needed to run its ticks."""

    id: UUID
    namespace: str
    flow: str
    key: str
    cron: str
    timezone: str
    inputs: Mapping[str, Any]
    labels: Mapping[str, str]
    catch_up: CatchUp
    next_at: datetime | None
    updated_by: str
    scope: Scope = EVERYWHERE

    @classmethod
    def of(cls, row: ScheduleRow | ClaimedRow) -> Self:
        return cls(
            id=row["id"],
            namespace=row["namespace"],
            flow=row["flow_key"],
            key=row["key"],
            cron=row["cron"],
            timezone=row["timezone"],
            inputs=load(row["inputs"]),
            labels=load(row["labels"]),
            catch_up=CatchUp(row["catch_up"]),
            next_at=row["next_at"],
            updated_by=row["updated_by"],
            scope=scope_of(row["scope"]),
        )

    @property
    def actor(self) -> str:
        return f"schedule:{self.key}"

    def key_of(self, tick: datetime) -> str:
        """The idempotency key of a tick: however often it is started, and by any server, there is one execution."""
        return f"{typed('sched', self.id)}@{tick.isoformat()}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a schedule's ticks: the last tick that was run, and the execution that it started or the error."""

    last_at: datetime | None = None
    execution_id: UUID | None = None
    error: str | None = None


async def declare(
    connection: Connection,
    flow_id: UUID,
    triggers: Sequence[ScheduleTrigger],
    actor: str,
    scope: Scope,
) -> None:
    """Makes the flow's own schedules match its document. Raises Refused when people created one with the same key."""
    await connection.execute(_FORGOTTEN, flow_id, [trigger.id for trigger in triggers])
    for position, trigger in enumerate(triggers):
        if await _put(connection, flow_id, trigger, ScheduleSource.FLOW, actor, scope) is None:
            raise Refused.because(
                ProblemCode.CONFLICT,
                f"a schedule `{trigger.id}` of this flow was created through the API; "
                "delete that one, or give the trigger another id",
                "triggers",
                str(position),
                "id",
            )


async def save(
    connection: Connection,
    flow: FlowRow,
    schedule: ScheduleTrigger,
    origin: CommandOrigin,
    scope: Scope,
) -> UUID:
    """Creates or changes a schedule that is not in the document; its executions are limited to `scope`. Raises Refused
    when the document has one with the same key."""
    async with connection.transaction():
        id = await _put(connection, flow["id"], schedule, ScheduleSource.API, origin.actor, scope)
        if id is None:
            raise _of_document(schedule.id, "give this one another key, or change it there")
        target = audit.Target(typed("sched", id), schedule.id, flow["namespace"])
        about = {"flow": flow["key"], "cron": schedule.cron, "timezone": schedule.timezone}
        await audit.record(connection, origin, "SAVE_SCHEDULE", target, about)
    return id


async def _put(
    connection: Connection,
    flow_id: UUID,
    schedule: ScheduleTrigger,
    source: ScheduleSource,
    actor: str,
    scope: Scope,
) -> UUID | None:
    next_at = next_tick(schedule.cron, schedule.timezone, await connection.fetchval(_NOW))
    id: UUID | None = await connection.fetchval(
        _PUT,
        new_id(),
        flow_id,
        schedule.id,
        source.value,
        schedule.cron,
        schedule.timezone,
        dump(schedule.inputs),
        dump(schedule.labels),
        schedule.catch_up.value,
        schedule.enabled,
        next_at,
        actor,
        kept(scope),
    )
    return id


def _of_document(key: str, fix: str) -> Refused:
    return Refused.because(
        ProblemCode.CONFLICT,
        f"the schedule `{key}` is declared in the flow's document; {fix}",
        "key",
    )


async def remove(pool: Pool, row: ScheduleRow, origin: CommandOrigin) -> None:
    """Deletes a schedule; raises Refused when a flow's document declares it."""
    if row["source"] == ScheduleSource.FLOW.value:
        raise _of_document(row["key"], "remove it there and save the flow, or disable it")
    entry = _entry("DELETE_SCHEDULE", row)
    await audit.change(pool, origin, lambda _: entry, _REMOVE, row["id"])


async def set_enabled(pool: Pool, row: ScheduleRow, enabled: bool, origin: CommandOrigin) -> None:
    """Enables or disables a schedule. Ticks that are due while it is disabled are never caught up."""
    next_at = next_tick(row["cron"], row["timezone"], await database_now(pool))
    entry = _entry("ENABLE_SCHEDULE" if enabled else "DISABLE_SCHEDULE", row)
    await audit.change(pool, origin, lambda _: entry, _ENABLE, row["id"], enabled, next_at)


async def record_backfill(
    pool: Pool, schedule: Schedule, origin: CommandOrigin, ticks: Sequence[datetime]
) -> None:
    """Records one entry for the whole backfill; the schedule is the actor of the executions that it starts."""
    target = audit.Target(typed("sched", schedule.id), schedule.key, schedule.namespace)
    about = {"flow": schedule.flow, "ticks": len(ticks), "from": ticks[0], "to": ticks[-1]}
    async with pool.acquire() as connection:
        await audit.record(connection, origin, "BACKFILL_SCHEDULE", target, about)


def _entry(action: str, row: ScheduleRow) -> audit.Entry:
    target = audit.Target(typed("sched", row["id"]), row["key"], row["namespace"])
    return audit.Entry(action, target, {"flow": row["flow_key"]})


async def database_now(pool: Pool) -> datetime:
    now: datetime = await pool.fetchval(_NOW)
    return now


async def claim(pool: Pool, now: datetime | None, most: int) -> tuple[Sequence[Schedule], datetime]:
    """Claims schedules with a due tick for CLAIM seconds; also returns the time by the database's clock.

    `now` replaces that clock.
    """
    rows: list[ClaimedRow] = await pool.fetch(_CLAIM, now, most, float(CLAIM))
    moment = rows[0]["now"] if rows else now or datetime.min
    return [Schedule.of(row) for row in rows], moment


async def settle(pool: Pool, schedule: Schedule, due: Due, outcome: Outcome) -> None:
    """Stores the outcome and the next tick, unless the schedule's next tick was changed meanwhile."""
    await pool.execute(
        _SETTLE,
        schedule.id,
        schedule.next_at,
        due.next_at,
        outcome.last_at,
        outcome.execution_id,
        outcome.error,
    )


async def seconds_until_next(pool: Pool) -> float | None:
    seconds: float | None = await pool.fetchval(_UNTIL_NEXT)
    return seconds


async def schedules_by_id(pool: Pool, scope: Scope, ids: Sequence[UUID]) -> dict[UUID, ScheduleRow]:
    arguments = Arguments(list(ids))
    condition = compile_scope(scope, arguments)
    rows: list[ScheduleRow] = await pool.fetch(
        f"select * from {_SEEN} where id = any($1::uuid[]) and {condition}", *arguments.values
    )
    return {row["id"]: row for row in rows}


async def schedules_page(
    pool: Pool, where: str, arguments: Arguments, window: Window
) -> Page[ScheduleRow]:
    """Oldest first."""
    return await keyset_page(pool, _SEEN, where, arguments, window, newest_first=False)


async def count_schedules(pool: Pool, where: str, arguments: Arguments) -> tuple[int, bool]:
    return await count(pool, _SEEN, where, arguments)
