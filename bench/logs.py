"""A log of a million lines over HTTP: pages around a line with each filter, the next error, and a full search.

The yardstick of a page is reading as many lines by primary key with asyncpg and writing them with orjson; that of the
search is a scan of the same table with PostgreSQL's `ilike`. `LOGS=10000000` measures a longer log."""

import asyncio
import os
import statistics
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import asyncpg
import orjson
from measuring import Line, a_server, clock, line, percentile, report

from models.ids import typed
from models.logs import LogLevel
from tests.api.servers import Served
from tests.soak.long_log import seed

COUNT, ROUNDS, REQUESTS = int(os.environ.get("LOGS", "1000000")), 5, 12
_ARGUMENTS = "$id: ID!, $around: Int, $run: ID, $level: LogLevel, $stream: LogStream, $first: Int"
PAGE = f"""query ({_ARGUMENTS}) {{ execution(id: $id) {{
  logs(around: $around, taskRunId: $run, minLevel: $level, stream: $stream, first: $first) {{
    nodes {{ line at level stream text taskRunId attempt }} pageInfo {{ hasNextPage hasPreviousPage }} }} }} }}"""
NEXT = """query ($id: ID!, $after: Int) { execution(id: $id) {
  logMatches(minLevel: ERROR, first: 1, after: $after) { lines } } }"""
SEARCH = """query ($id: ID!, $after: Int) { execution(id: $id) {
  logMatches(text: "needle", after: $after) { lines searchedTo complete } } }"""
COUNTS = "query ($id: ID!) { execution(id: $id) { logCounts { level count { value } } } }"
RAW = """select line, at, level, stream, text, task_run_id, attempt from logs
where execution_id = $1 and line > $2 order by line limit $3"""
SCAN = "select line from logs where execution_id = $1 and text ilike '%needle%'"
Request = Callable[[], Awaitable[Any]]


async def post(kept: Line, query: str, **variables: Any) -> Any:
    answer = orjson.loads(await kept.post(query, **variables))
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["execution"]


async def timed(once: Request, requests: int) -> list[float]:
    times = []
    for _ in range(requests):
        begin = clock()
        await once()
        times.append(clock() - begin)
    return times


async def compare(
    work: str, ours: Request, yardstick: str, other: Request, goal: str, requests: int = REQUESTS
) -> None:
    mine, theirs, ratios = [], [], []
    await ours()
    await other()
    for _ in range(ROUNDS):
        mine += (took := await timed(ours, requests))
        theirs += (raw := await timed(other, requests))
        ratios.append(statistics.median(took) / statistics.median(raw))
    report(
        f"{work}, log of {COUNT} lines",
        f"p50 {statistics.median(mine) * 1e3:.1f} ms, p95 {percentile(mine, 0.95) * 1e3:.1f} ms",
        f"{yardstick}: p50 {statistics.median(theirs) * 1e3:.1f} ms",
        ratios,
        goal,
    )


async def whole(kept: Line, id: str) -> list[int]:
    """Searches the whole log, call by call."""
    found, after, complete = list[int](), 0, False
    while not complete:
        part = (await post(kept, SEARCH, id=id, after=after))["logMatches"]
        found += part["lines"]
        after, complete = part["searchedTo"], part["complete"]
    return found


async def measured(served: Served) -> None:
    raw = await asyncpg.connect(served.database_url)
    key, runs = await seed(raw, COUNT)
    id, middle, goal = typed("exec", key), COUNT // 2, "p95 <= 100 ms"

    async def lines(count: int) -> bytes:
        return orjson.dumps(
            [dict(row) for row in await raw.fetch(RAW, key, middle, count)], default=str
        )

    cases: dict[str, dict[str, Any]] = {
        "around a line": {"first": 1000},
        "of a task run": {"first": 200, "run": typed("run", runs[3])},
        "of a task run that seldom writes": {"first": 200, "run": typed("run", runs[20])},
        "of stderr": {"first": 200, "stream": "STDERR"},
        "of warnings": {"first": 200, "level": LogLevel.WARN.name},
        "of errors": {"first": 200, "level": LogLevel.ERROR.name},
        "of a stream without lines": {"first": 200, "stream": "SYSTEM"},
    }
    async with line(served) as kept:
        for work, which in cases.items():
            variables = {"id": id, "around": middle, **which}
            count = len((await post(kept, PAGE, **variables))["logs"]["nodes"])
            yardstick = f"asyncpg and orjson, {count} lines in their order"
            ours = partial(kept.post, PAGE, **variables)
            await compare(f"page {work}", ours, yardstick, partial(lines, count), goal)
        one = "asyncpg and orjson, one line"
        await compare(
            "next error",
            partial(kept.post, NEXT, id=id, after=middle),
            one,
            partial(lines, 1),
            goal,
        )
        await compare(
            "lines of each level", partial(kept.post, COUNTS, id=id), one, partial(lines, 1), goal
        )
        assert await whole(kept, id) == [COUNT - 5]
        scan = "PostgreSQL's ilike over all of it"
        await compare(
            "search to the end",
            partial(whole, kept, id),
            scan,
            partial(raw.fetch, SCAN, key),
            "<= 3 x",
            1,
        )
        part = partial(kept.post, SEARCH, id=id, after=0)
        await compare(
            "one call of that search", part, scan, partial(raw.fetch, SCAN, key), "p95 <= 300 ms", 3
        )
    await raw.close()


if __name__ == "__main__":
    with a_server() as server:
        asyncio.run(measured(server))
