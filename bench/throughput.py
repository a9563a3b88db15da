"""P2: rate of executions of one `log` task, created 1 000 at a time over 20 sockets, until all are SUCCESS; and
the time of one flow with 100 parallel no-op tasks.

This process is the client, the server is another. The yardstick is raw asyncpg, which writes the same rows in the same
three durable steps with `unnest`, 500 at a time."""

import asyncio
import os
import statistics
import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg
from measuring import CREATE, a_server, clock, completed, report, socket, subscribe

from tests.api.servers import Served

COUNT, SOCKETS, ROUNDS = 1_000, 20, 5
NO_QUOTAS = {
    "HEADWAY_MUTATIONS_AT_ONCE": "4000",
    "HEADWAY_MUTATIONS_PER_SECOND": "1000000",
    "HEADWAY_OPERATIONS_PER_SECOND": "1000000",
}
"""One user sends all the requests: the quotas for one user would refuse most of them."""
DONE = "select count(*) from executions where flow_key = 'noop' and state = 'SUCCESS'"
WIDE = "id: wide\nnamespace: bench\ntasks:\n" + "".join(
    f"  - {{id: t{number}, type: log, message: hi}}\n" for number in range(100)
)


async def headway(served: Served, pool: Any) -> float:
    before: int = await pool.fetchval(DONE)

    async def some() -> None:
        async with socket(served) as opened:
            each = COUNT // SOCKETS
            for number in range(each):
                await subscribe(opened, str(number), CREATE)
            await completed(opened, each)

    begin = clock()
    async with asyncio.TaskGroup() as group:
        for _ in range(SOCKETS):
            group.create_task(some())
    while await pool.fetchval(DONE) < before + COUNT:
        await asyncio.sleep(0.01)
    return COUNT / (clock() - begin)


RAW_TABLES = """
create table if not exists raw_rows (kind int, id uuid, state text, data jsonb, at timestamptz, primary key (kind, id));
create table if not exists raw_events (id uuid, seq int, type text, data jsonb, at timestamptz, primary key (id, seq));
"""
INSERT_ROWS = "insert into raw_rows select $1, u, $2, '{}', $4 from unnest($3::uuid[]) u"
UPDATE_ROWS = "update raw_rows set state = $2, at = $4 where kind = $1 and id = any($3::uuid[])"
INSERT_EVENT = "insert into raw_events select u, $2, $3, $5::jsonb, $4 from unnest($1::uuid[]) u"


async def raw(pool: Any) -> float:
    """Writes an execution, task run, attempt and log line with six events in three commits. Returns the rate."""
    await pool.execute(RAW_TABLES)
    ids = [uuid.uuid4() for _ in range(COUNT)]
    begin = clock()
    for start in range(0, COUNT, 500):
        part = ids[start : start + 500]
        for step, kinds in enumerate(((0, 1), (2,), (3,))):
            async with pool.acquire() as connection, connection.transaction():
                now = datetime.now(UTC)
                for kind in kinds:
                    await connection.execute(INSERT_ROWS, kind, "RUNNING", part, now)
                for kind in (0, 1)[: step and 2]:
                    await connection.execute(UPDATE_ROWS, kind, "SUCCESS", part, now)
                for seq in (2 * step + 1, 2 * step + 2):
                    data = '{"path": "a", "attempt": 1}'
                    await connection.execute(INSERT_EVENT, part, seq, "EVENT", now, data)
    return COUNT / (clock() - begin)


async def wide(served: Served, pool: Any) -> float:
    client = served.client
    await client.save(WIDE)
    begin = clock()
    id = (await client.create("bench/wide"))["id"]
    while await pool.fetchval(
        "select 1 from executions where flow_key = 'wide' and state = 'RUNNING'"
    ):
        await asyncio.sleep(0.002)
    took = clock() - begin
    assert (await client.show(id))["state"] == "SUCCESS"
    return took


async def measured(served: Served) -> None:
    pool = await asyncpg.create_pool(served.database_url, min_size=1, max_size=2)
    await headway(served, pool)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(await headway(served, pool))
        theirs.append(await raw(pool))
    report(
        "executions of a one-task log flow, created 1 000 at a time",
        f"{statistics.median(ours):.0f}/s",
        f"raw asyncpg, the same rows: {statistics.median(theirs):.0f}/s",
        [a / b for a, b in zip(ours, theirs, strict=True)],
        "1 500/s",
    )
    spans = [await wide(served, pool) for _ in range(ROUNDS)]
    took = statistics.median(spans)
    rates = [100 / span / rate for span, rate in zip(spans, theirs, strict=True)]
    report(
        "one flow of 100 parallel no-op tasks, request to SUCCESS",
        f"{took * 1e3:.0f} ms",
        f"raw asyncpg: {100 / statistics.median(theirs) * 1e3:.0f} ms for as many rows",
        rates,
        "150 ms",
    )
    await pool.close()


def main() -> None:
    os.environ.update(NO_QUOTAS)
    with a_server() as served:
        asyncio.run(measured(served))


if __name__ == "__main__":
    main()
