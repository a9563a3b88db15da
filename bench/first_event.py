"""P1: time from sending createExecution until a socket receives the first RUNNING event, 200 times on an idle server.

The yardstick, on the same database: a durable insert, NOTIFY, LISTEN and read of the row, twice, because the path has
two commits (created; started) of which another connection must be notified.
"""

import asyncio
import json
import uuid

import asyncpg
from measuring import CREATE, a_server, clock, percentile, report, socket, subscribe, until

from tests.api.servers import Served

TIMES, ROUNDS = 40, 5
EVENTS = "subscription ($id: ID!) { executionEvents(id: $id) { type } }"


async def headway(served: Served) -> list[float]:
    took: list[float] = []
    async with socket(served) as opened:
        for number in range(TIMES):
            begin = clock()
            await subscribe(opened, f"m{number}", CREATE)
            made = (await until(opened, f"m{number}"))["data"]["createExecution"]["execution"]
            await subscribe(opened, f"e{number}", EVENTS, id=made["id"])
            while True:
                payload = await until(opened, f"e{number}")
                if payload["data"]["executionEvents"]["type"] == "ATTEMPT_STARTED":
                    break
            took.append(clock() - begin)
            await until(opened, f"e{number}", "complete")
    return took


async def raw(served: Served) -> list[float]:
    writer = await asyncpg.connect(served.database_url)
    reader = await asyncpg.connect(served.database_url)
    notified: asyncio.Queue[str] = asyncio.Queue()
    await reader.add_listener("bench", lambda *got: notified.put_nowait(str(got[3])))
    await writer.execute("create table if not exists bench_raw (id uuid primary key, data jsonb)")
    took: list[float] = []
    for _ in range(TIMES):
        begin = clock()
        for _commit in range(2):
            key = uuid.uuid4()
            await writer.execute("insert into bench_raw values ($1, $2)", key, json.dumps({"a": 1}))
            await writer.execute("select pg_notify('bench', $1)", str(key))
            await notified.get()
            await reader.fetchrow("select * from bench_raw where id = $1", key)
        took.append(clock() - begin)
    await writer.close()
    await reader.close()
    return took


def main() -> None:
    ours: list[float] = []
    theirs: list[float] = []
    ratios: list[float] = []
    with a_server() as served:
        asyncio.run(headway(served))
        for _ in range(ROUNDS):
            mine, bare = asyncio.run(headway(served)), asyncio.run(raw(served))
            ours += mine
            theirs += bare
            ratios.append(percentile(mine, 0.5) / percentile(bare, 0.5))
    report(
        "createExecution to the RUNNING event on a socket, 200 times",
        f"p50 {percentile(ours, 0.5) * 1e3:.1f} ms, p99 {percentile(ours, 0.99) * 1e3:.1f} ms",
        f"raw asyncpg, two commits received: p50 {percentile(theirs, 0.5) * 1e3:.1f} ms, "
        f"p99 {percentile(theirs, 0.99) * 1e3:.1f} ms",
        ratios,
        "p50 15 ms, p99 60 ms",
    )


if __name__ == "__main__":
    main()
