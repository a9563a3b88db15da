"""Schedules on a real database: each tick creates one execution, whichever process sees it and whichever dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from broadcaster import Broadcast

from models.access.viewer import EVERYWHERE, Scope
from models.errors import ProblemCode, Refused
from models.schedule import Due
from models.search import parse_search
from models.spec import ScheduleTrigger, parse_flow
from models.states import Channel
from runner.engine.engine import Engine
from runner.expressions.evaluator import Evaluator
from runner.launch.scheduled_runs import origin_of, prepare_scheduled_run
from runner.maintenance import invariants
from runner.maintenance.scheduler import Scheduler
from runner.notify.feed import Feed
from runner.notify.notifier import MemoryNotifier
from runner.service.encryption import Cipher
from runner.store import idempotency
from runner.store.flows import flows, schedules
from runner.store.flows.schedules import CLAIM, Outcome
from runner.store.json import load
from runner.store.lists.listing import executions_page
from runner.store.plans import Plans
from runner.store.postgres.database import Database
from tests.runner.floor import PERSON

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HEAD = """id: load
namespace: acme
inputs: [{id: day, type: DATE, required: true}]
tasks: [{id: a, type: log, message: "{{ inputs.day }}"}]
"""
TRIGGER = """  - {{id: {id}, type: schedule, cron: "{cron}", timezone: {zone}, catch_up: {catch_up},
     labels: {{by: clock}}, inputs: {{day: "{{{{ trigger.date }}}}"}}}}
"""


def document(*triggers: str) -> str:
    return HEAD + ("triggers:\n" + "".join(triggers) if triggers else "")


def trigger(
    id: str = "often", cron: str = "*/5 * * * *", zone: str = "UTC", catch_up: str = "none"
) -> str:
    return TRIGGER.format(id=id, cron=cron, zone=zone, catch_up=catch_up)


class Servers:
    """Two schedulers with an engine each, as in two processes; neither looks by itself."""

    def __init__(self, database: Database, engines: list[Engine], evaluator: Evaluator) -> None:
        self.database, self.engines, self.evaluator = database, engines, evaluator
        self.schedulers = [Scheduler(database, engine, evaluator, Cipher()) for engine in engines]

    async def save(self, source: str) -> UUID:
        async with self.database.pool.acquire() as connection:
            flow, _, _ = await flows.save_flow(connection, parse_flow(source), source, "user:maria")
        id: UUID = flow["id"]
        return id

    async def wait_for(self, tick: datetime) -> None:
        """Sets every schedule to a state as if it had last been checked just before this tick."""
        await self.database.pool.execute("update schedules set next_at = $1", tick)

    async def look(self, now: datetime) -> None:
        """Both, at once, until neither finds anything."""
        while any(await asyncio.gather(*(scheduler.run_due(now) for scheduler in self.schedulers))):
            pass

    async def ticks(self) -> list[str]:
        rows = await self.database.pool.fetch(
            "select trigger ->> 'scheduledAt' as at from executions order by at"
        )
        return [row["at"] for row in rows]

    async def schedule(self) -> Any:
        return await self.database.pool.fetchrow(
            "select s.*, f.namespace, f.key as flow_key from schedules s join flows f on f.id = s.flow_id"
        )


@pytest.fixture
async def servers(database: Database) -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        evaluator = await stack.enter_async_context(Evaluator())
        engines = []
        for _ in range(2):
            feed = await stack.enter_async_context(Feed(Broadcast(backend=MemoryNotifier())))
            engines.append(await stack.enter_async_context(Engine(database, feed, Plans())))
        yield Servers(database, engines, evaluator)
        assert await invariants.verify(database.pool) == []


async def test_a_tick_creates_an_execution_with_its_trigger(servers: Servers) -> None:
    await servers.save(document(trigger("nightly", "0 0 * * *", "Asia/Tokyo")))
    tick = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
    await servers.wait_for(tick)
    await servers.look(tick)
    row = await servers.database.pool.fetchrow("select * from executions")
    assert row
    schedule = await servers.schedule()
    trigger_ = load(row["trigger"])
    assert trigger_.pop("id").startswith("sched_")
    assert trigger_ == {
        "type": "schedule",
        "key": "nightly",
        "scheduledAt": "2026-03-01T15:00:00Z",
        "date": "2026-03-02",
        "time": "00:00:00",
        "timezone": "Asia/Tokyo",
        "savedBy": "user:maria",
    }
    assert load(row["inputs"]) == {"day": "2026-03-02"}
    assert load(row["labels"]) == {"by": "clock"}
    event = await servers.database.pool.fetchrow("select actor, channel from events where seq = 1")
    assert event and tuple(event) == ("schedule:nightly", Channel.ENGINE.value)
    assert row["created_by"] == "schedule:nightly"
    for search in ("trigger:schedule", "trigger:nightly", "schedule:nightly NOT trigger:backfill"):
        page = await executions_page(servers.database.pool, Scope(), parse_search(search))
        assert [one["id"] for one in page.rows] == [row["id"]]
    assert (schedule["last_at"], schedule["last_execution_id"]) == (tick, row["id"])
    assert (schedule["next_at"], schedule["last_error"]) == (tick + timedelta(days=1), None)


async def test_two_servers_start_each_tick_once(servers: Servers) -> None:
    await servers.save(document(*(trigger(f"s{number}") for number in range(50))))
    await servers.wait_for(NOON)
    await servers.look(NOON)
    assert await servers.ticks() == ["2026-03-02T12:00:00Z"] * 50
    await servers.look(NOON + 5 * MINUTE - timedelta(microseconds=1))
    assert len(await servers.ticks()) == 50
    await servers.look(NOON + 5 * MINUTE)
    assert len(await servers.ticks()) == 100


async def test_the_time_is_that_of_the_database(servers: Servers) -> None:
    await servers.save(document(trigger(cron="* * * * *")))
    assert await servers.schedulers[0].run_due() == 0
    past = await servers.database.pool.fetchval("select date_trunc('minute', now())")
    await servers.wait_for(past)
    assert await servers.schedulers[0].run_due() == 1
    assert len(await servers.ticks()) == 1
    assert (await servers.schedule())["next_at"] > past


async def test_a_server_that_dies_after_a_start_neither_repeats_nor_loses_ticks(
    servers: Servers,
) -> None:
    await servers.save(document(trigger()))
    await servers.wait_for(NOON)
    (schedule,), _ = await schedules.claim(servers.database.pool, NOON, 20)
    command = await prepare_scheduled_run(
        servers.database.pool, servers.engines[0].plans, servers.evaluator, Cipher(), schedule, NOON
    )
    await servers.engines[0].create(command, origin_of(schedule))
    await servers.look(NOON + timedelta(seconds=CLAIM - 1))
    assert (await servers.schedule())["last_at"] is None, "the claim is not undone"
    await servers.look(NOON + timedelta(seconds=CLAIM))
    assert await servers.ticks() == ["2026-03-02T12:00:00Z"]
    settled = await servers.schedule()
    assert (settled["last_at"], settled["next_at"]) == (NOON, NOON + 5 * MINUTE)


async def test_a_server_that_dies_before_starting_leaves_the_tick_to_another(
    servers: Servers,
) -> None:
    await servers.save(document(trigger()))
    await servers.wait_for(NOON)
    await schedules.claim(servers.database.pool, NOON, 20)
    await servers.look(NOON + timedelta(seconds=CLAIM))
    assert await servers.ticks() == ["2026-03-02T12:00:00Z"]


async def test_a_slow_server_that_settles_after_another_changes_nothing(servers: Servers) -> None:
    await servers.save(document(trigger()))
    await servers.wait_for(NOON)
    (slow,), _ = await schedules.claim(servers.database.pool, NOON, 20)
    await servers.look(NOON + timedelta(seconds=CLAIM))
    before = await servers.schedule()
    found = Due((NOON,), NOON + 5 * MINUTE)
    outcome = Outcome(NOON - 5 * MINUTE, None, "late")
    await schedules.settle(servers.database.pool, slow, found, outcome)
    assert dict(await servers.schedule()) == dict(before)


@pytest.mark.parametrize(
    ("catch_up", "ran"),
    [
        ("none", []),
        ("last", ["2026-03-02T12:20:00Z"]),
        ("all", [f"2026-03-02T12:{minute:02}:00Z" for minute in (0, 5, 10, 15, 20)]),
    ],
)
async def test_missed_ticks_are_caught_up_as_configured(
    servers: Servers, catch_up: str, ran: list[str]
) -> None:
    await servers.save(document(trigger(catch_up=catch_up)))
    await servers.wait_for(NOON)
    await servers.look(NOON + 23 * MINUTE)
    assert await servers.ticks() == ran
    assert (await servers.schedule())["next_at"] == NOON + 25 * MINUTE


async def test_all_of_many_missed_ticks_run_in_order(servers: Servers) -> None:
    await servers.save(document(trigger(cron="* * * * *", catch_up="all")))
    await servers.wait_for(NOON)
    await servers.look(NOON + 119 * MINUTE)
    rows = await servers.database.pool.fetch(
        "select trigger ->> 'scheduledAt' as at from executions order by id"
    )
    assert len(rows) == 120
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert (await servers.schedule())["next_at"] == NOON + 120 * MINUTE


async def test_a_refused_tick_is_reported_and_the_schedule_continues(servers: Servers) -> None:
    flow = await servers.save(document(trigger()))
    await servers.database.pool.execute("update flows set enabled = false where id = $1", flow)
    await servers.wait_for(NOON)
    await servers.look(NOON)
    schedule = await servers.schedule()
    assert await servers.ticks() == []
    assert "is disabled; enable it first: `headway flows enable " in schedule["last_error"]
    assert schedule["last_at"] == NOON
    assert (schedule["last_execution_id"], schedule["next_at"]) == (None, NOON + 5 * MINUTE)
    await servers.database.pool.execute("update flows set enabled = true where id = $1", flow)
    await servers.look(NOON + 5 * MINUTE)
    assert await servers.ticks() == ["2026-03-02T12:05:00Z"]
    assert (await servers.schedule())["last_error"] is None


async def test_an_invalid_input_is_reported(servers: Servers) -> None:
    source = document(trigger()).replace("trigger.date", "trigger.time")
    await servers.save(source)
    await servers.wait_for(NOON)
    await servers.look(NOON)
    schedule = (await servers.schedule())["last_error"]
    assert schedule == "day must be a date such as 2026-01-31, got '12:00:00'"
    assert await servers.ticks() == []


async def test_a_time_zone_that_is_not_known_here_stops_its_schedule_alone(
    servers: Servers,
) -> None:
    await servers.save(document(trigger("good"), trigger("lost")))
    await servers.wait_for(NOON)
    await servers.database.pool.execute(
        "update schedules set timezone = 'Mars/Base' where key = 'lost'"
    )
    await servers.look(NOON)
    rows = await servers.database.pool.fetch("select * from schedules order by key")
    assert [row["next_at"] for row in rows] == [NOON + 5 * MINUTE, None]
    assert "Mars/Base" in rows[1]["last_error"]


async def test_a_flow_has_the_schedules_of_its_newest_revision(servers: Servers) -> None:
    await servers.save(document(trigger("kept"), trigger("gone"), trigger("moved")))
    await servers.wait_for(NOON)
    rows = await servers.database.pool.fetch("select key, id from schedules")
    ids = {row["key"]: row["id"] for row in rows}
    await servers.save(document(trigger("kept"), trigger("moved", "0 3 * * *"), trigger("new")))
    rows = await servers.database.pool.fetch("select * from schedules order by key")
    after = {row["key"]: row for row in rows}
    assert list(after) == ["kept", "moved", "new"]
    assert (after["kept"]["id"], after["kept"]["next_at"]) == (ids["kept"], NOON)
    assert after["moved"]["id"] == ids["moved"]
    assert after["moved"]["next_at"].hour == 3
    await servers.save(document())
    assert await servers.schedule() is None


async def test_a_schedule_disabled_by_people_stays_disabled_unless_the_document_sets_it(
    servers: Servers,
) -> None:
    async def enabled() -> tuple[bool, bool]:
        row = await servers.schedule()
        return row["enabled"], row["next_at"] is not None

    await servers.save(document(trigger()))
    row = await servers.schedule()
    await schedules.set_enabled(servers.database.pool, row, False, PERSON)
    assert await enabled() == (False, False)
    await servers.save(document(trigger(cron="*/7 * * * *")))
    assert await enabled() == (False, False)
    await servers.look(NOON + timedelta(days=10_000))
    assert await servers.ticks() == []
    said = document(trigger().replace("type: schedule", "type: schedule, enabled: true"))
    await servers.save(said)
    assert await enabled() == (True, True)


async def test_ticks_while_it_was_disabled_are_not_caught_up(servers: Servers) -> None:
    await servers.save(document(trigger(catch_up="all")))
    await servers.wait_for(NOON)
    await schedules.set_enabled(servers.database.pool, await servers.schedule(), False, PERSON)
    await schedules.set_enabled(servers.database.pool, await servers.schedule(), True, PERSON)
    now = await servers.database.pool.fetchval("select now()")
    assert (await servers.schedule())["next_at"] > now
    assert await servers.ticks() == []


async def test_a_document_does_not_replace_schedules_of_people(servers: Servers) -> None:
    flow = await servers.save(document())
    mine = ScheduleTrigger(id="often", type="schedule", cron="0 1 * * *")
    async with servers.database.pool.acquire() as connection:
        row = await connection.fetchrow("select * from flows where id = $1", flow)
        assert row
        await schedules.save(connection, row, mine, PERSON, EVERYWHERE)
    before = await servers.schedule()
    with pytest.raises(Refused, match="created through the API") as refused:
        await servers.save(document(trigger()))
    assert refused.value.problems[0].code is ProblemCode.CONFLICT
    assert dict(await servers.schedule()) == dict(before)
    found = await flows.find_flow(servers.database.pool, Scope(), "acme", "load")
    assert found and found["latest_revision"] == 1
    await servers.save(document(trigger("other")))
    assert await servers.database.pool.fetchval("select count(*) from schedules") == 2


async def test_keys_of_ticks_outlive_a_week_but_not_their_executions(servers: Servers) -> None:
    await servers.save(document(trigger()))
    await servers.wait_for(NOON)
    await servers.look(NOON)
    pool = servers.database.pool
    await pool.execute("update idempotency_keys set created_at = now() - interval '1 year'")
    async with pool.acquire() as connection:
        await idempotency.delete_old(connection)
        assert await pool.fetchval("select count(*) from idempotency_keys") == 1
        await connection.execute("update idempotency_keys set answer = gen_random_uuid()")
        await idempotency.delete_old(connection)
    assert await pool.fetchval("select count(*) from idempotency_keys") == 0
