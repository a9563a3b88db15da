"""A flow's concurrency limit while executions come and go through two processes, and while processes are killed."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from models.states import OCCUPIES_SLOT
from tests.api.client import Client
from tests.api.conftest import verify
from tests.api.servers import Served, start, start_second_server, start_worker

LIMIT = 3
MANY = 30
FLOW = """id: {id}
namespace: slots
concurrency: {{limit: {limit}, behavior: {behavior}}}
tasks:
  - {task}
"""
QUICK = "{id: a, type: log, message: x}"
HELD = "{id: a, type: wait, event: go}"
SHELL = '{{id: a, type: shell, queue: heavy, run: "until [ -e {go} ]; do sleep 0.02; done"}}'
_HOLDING = ", ".join(f"'{state.value}'" for state in OCCUPIES_SLOT)
WATCH = f"""
create table holders_seen (flow_id uuid not null, holders bigint not null);
create function watch_holders() returns trigger language plpgsql as $$
begin
  -- Until the commit, so that who comes next counts this one too.
  perform pg_advisory_xact_lock(hashtext(new.flow_id::text));
  insert into holders_seen select new.flow_id, count(*) from executions
    where flow_id = new.flow_id and not shares_slot and state in ({_HOLDING});
  return null;
end $$;
create trigger watch_holders after insert or update of state on executions
  for each row when (new.namespace = 'slots' and new.state in ({_HOLDING})) execute function watch_holders();
"""
UNWATCH = (
    "drop trigger watch_holders on executions; drop function watch_holders; drop table holders_seen"
)


@asynccontextmanager
async def watched(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Counts slots at every commit that leaves an execution with a slot; checks that they never exceeded the limit."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        await pool.execute(WATCH)
        try:
            yield pool
            seen = await pool.fetch("select flow_id, max(holders) from holders_seen group by 1")
            assert seen
            assert max(row["max"] for row in seen) <= LIMIT
        finally:
            await pool.execute(UNWATCH)


@pytest.fixture
async def pool(served: Served, client: Client) -> AsyncIterator[asyncpg.Pool]:
    async with watched(served.database_url) as pool:
        yield pool


async def create_many(doors: list[Client], flow: str) -> list[str]:
    made = await asyncio.gather(
        *(doors[number % len(doors)].create(f"slots/{flow}") for number in range(MANY))
    )
    return [one["id"] for one in made]


async def ends(client: Client, ids: list[str]) -> Counter[str]:
    return Counter([(await client.until_ended(id))["state"] for id in ids])


async def standing(pool: asyncpg.Pool, flow: str) -> Counter[str]:
    rows = await pool.fetch("select state from executions where flow_key = $1", flow)
    return Counter(row["state"] for row in rows)


async def until_standing(pool: asyncpg.Pool, flow: str, wanted: dict[str, int]) -> None:
    found: Counter[str] = Counter()
    async with asyncio.timeout(30):
        while found != wanted:
            found = await standing(pool, flow)
            await asyncio.sleep(0)


async def go(client: Client) -> None:
    await client.post(
        'mutation { sendEvent(input: {name: "go", namespace: "slots"}) { problems { message } } }'
    )


async def test_thirty_at_once_are_never_more_than_the_limit_and_all_end(
    client: Client, second_server: Served, pool: asyncpg.Pool
) -> None:
    await client.save(FLOW.format(id="queue", limit=LIMIT, behavior="QUEUE", task=QUICK))
    ids = await create_many([client, second_server.client], "queue")
    assert await ends(client, ids) == {"SUCCESS": MANY}


@pytest.mark.parametrize(("behavior", "dropped"), [("CANCEL_NEW", "CANCELLED"), ("FAIL", "FAILED")])
async def test_newcomers_without_a_slot_are_dropped(
    client: Client, second_server: Served, pool: asyncpg.Pool, behavior: str, dropped: str
) -> None:
    id = behavior.lower()
    await client.save(FLOW.format(id=id, limit=LIMIT, behavior=behavior, task=HELD))
    ids = await create_many([client, second_server.client], id)
    assert await standing(pool, id) == {"RUNNING": LIMIT, dropped: MANY - LIMIT}
    for each in [one for one in ids if (await client.show(one))["state"] == "RUNNING"]:
        await client.until(each, a="RUNNING")
        await client.mutate("cancelExecution", id=each)
    assert await ends(client, ids) == {"KILLED": LIMIT, dropped: MANY - LIMIT}


async def test_the_newest_stay_where_the_running_are_cancelled(
    client: Client, second_server: Served, pool: asyncpg.Pool
) -> None:
    source = FLOW.format(id="newest", limit=LIMIT, behavior="CANCEL_RUNNING", task=HELD)
    await client.save(source)
    ids = await create_many([client, second_server.client], "newest")
    async with asyncio.timeout(30):
        while True:
            found = await standing(pool, "newest")
            if found["RUNNING"] == LIMIT and found["KILLED"] + found["CANCELLED"] == MANY - LIMIT:
                break
            await asyncio.sleep(0)
    for id in ids:
        await client.mutate("cancelExecution", id=id)
    await until_ended_all(pool, "newest")


async def until_ended_all(pool: asyncpg.Pool, flow: str) -> None:
    left = "select from executions where flow_key = $1 and ended_at is null"
    async with asyncio.timeout(30):
        while await pool.fetch(left, flow):
            await asyncio.sleep(0)


async def test_the_queue_is_ordered_by_priority_and_then_by_age(
    client: Client, second_server: Served, pool: asyncpg.Pool
) -> None:
    await client.save(FLOW.format(id="line", limit=1, behavior="QUEUE", task=HELD))
    first = (await client.create("slots/line"))["id"]
    await client.until(first, a="RUNNING")
    doors = [client, second_server.client]
    ids = [
        (await doors[n % 2].create("slots/line", priority=priority))["id"]
        for n, priority in enumerate((0, 5, -3, 10, 5))
    ]
    order = [first]
    for _ in ids:
        await client.mutate("cancelExecution", id=order[-1])
        order.append(await next_running(client, set(ids) - set(order)))
    await client.mutate("cancelExecution", id=order[-1])
    assert order[1:] == [ids[n] for n in (3, 1, 4, 0, 2)]


async def next_running(client: Client, waiting: set[str]) -> str:
    async with asyncio.timeout(20):
        while True:
            shown = [await client.show(id) for id in sorted(waiting)]
            if found := [one["id"] for one in shown if one["state"] != "QUEUED"]:
                assert len(found) == 1
                id: str = found[0]
                return id
            await asyncio.sleep(0)


@pytest.mark.timeout(180)
async def test_a_server_and_a_worker_killed_in_the_middle_leave_no_slot_taken(
    tmp_path: Path,
) -> None:
    release = tmp_path / "go"
    first = start(tmp_path / "first", "--no-worker")
    second = start_second_server(first, tmp_path / "second")
    workers = [start_worker(first.data_dir, "--queue", "heavy")]
    try:
        async with watched(first.database_url) as pool:
            shell = SHELL.format(go=release)
            await first.client.save(
                FLOW.format(id="killed", limit=LIMIT, behavior="QUEUE", task=shell)
            )
            await until_half_is_made_and_the_second_dies(pool, first.client, second)
            await until_standing(pool, "killed", {"RUNNING": LIMIT, "QUEUED": MANY - LIMIT})
            await until_running(pool)
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()
            release.touch()
            workers.append(start_worker(first.data_dir, "--queue", "heavy"))
            await until_standing(pool, "killed", {"SUCCESS": MANY})
            lost = await pool.fetchval("select count(*) from attempts where state = 'LOST'")
            assert 1 <= lost <= LIMIT
        await verify(first.database_url)
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait(40)
        first.stop()


async def until_half_is_made_and_the_second_dies(
    pool: asyncpg.Pool, client: Client, second: Served
) -> None:
    """Clients whose server died before it responded repeat the request, with the same key, at the other server."""

    async def create(number: int) -> None:
        key = f"k{number}"
        try:
            door = client if number % 2 else second.client
            await door.create("slots/killed", idempotencyKey=key)
        except httpx.HTTPError:
            await client.create("slots/killed", idempotencyKey=key)

    async def kill() -> None:
        while await pool.fetchval("select count(*) from executions") < LIMIT:
            await asyncio.sleep(0)
        second.kill()

    async with asyncio.timeout(30):
        await asyncio.gather(kill(), *(create(number) for number in range(MANY)))


async def until_running(pool: asyncpg.Pool) -> Any:
    query = "select count(*) from attempts where state = 'RUNNING'"
    async with asyncio.timeout(20):
        while await pool.fetchval(query) < LIMIT:
            await asyncio.sleep(0)
