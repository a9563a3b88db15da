"""P4 and P5: pages, counts and facets of a long history over HTTP: page 1 and page 1000, by each filter and order.

The yardstick is reading the same rows and columns with asyncpg and writing them with orjson. `HISTORY=1000000` measures
a longer history than 100 000."""

import asyncio
import os
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import orjson
from measuring import Line, a_server, clock, line, percentile, report
from seed import seed

from models.access.viewer import Scope
from models.ids import untyped
from models.orders import ExecutionOrder
from models.search import parse_search
from runner.store.lists.listing import View, executions_page
from runner.store.lists.orders import KeysetPosition
from runner.store.postgres.database import open_database
from schema.types.paging import execution_cursor
from tests.api.servers import Served

COUNT, ROUNDS, REQUESTS, DEEP = int(os.environ.get("HISTORY", "100000")), 5, 12, 1000
CASES = {
    "newest first": "",
    "state": "state:failed",
    "flow and state": "flow:flow-3 state:failed",
    "common label": "label.team:data",
    "rare label": "label.customer:c17",
    "two labels": "label.team:data label.env:staging",
    "frequent word": "warehouse",
    "rare word": '"checksum mismatch"',
    "date range": "date:2026-04-10 TO 2026-04-12",
    "property": "property:epochs=7",
    "branch": "branch:feature-7",
    "namespace below": "namespace:acme.*",
    "not and or": "(state:failed OR state:error) NOT flow:flow-1",
    "metric": "metric:loss<0.1",
    "trigger": "trigger:schedule",
    "roots": "is:root",
}
ORDERS = {
    "by duration": ExecutionOrder.DURATION_DESC,
    "by start": ExecutionOrder.STARTED_DESC,
    "by progress": ExecutionOrder.PROGRESS_ASC,
}
_FIELDS = """id name namespace flowKey kind state seq progress labels { key value } properties createdAt startedAt
  endedAt duration archived"""
PAGE = f"""query ($search: String, $orderBy: ExecutionOrder, $after: String) {{
  executions(search: $search, orderBy: $orderBy, first: 50, after: $after) {{ nodes {{ {_FIELDS} }} }} }}"""
TOTAL = "query ($search: String) { executions(search: $search, first: 1) { totalCount { value exact } } }"
FACETS = "query ($search: String, $field: FacetField!) { facets(search: $search, field: $field, first: 20) { value } }"
VALUES = f"""query ($search: String, $column: String!) {{
  executions(search: $search, orderByValue: {{column: $column, direction: DESC}}, first: 50) {{
    nodes {{ {_FIELDS} columns(names: ["metric.loss", "metric.rows", "property.epochs", "input.day"]) }} }} }}"""
BARS = """query ($search: String, $since: DateTime!) {
  executionHistogram(search: $search, since: $since, until: "2026-06-01T00:00:00Z", bars: 100) {
    start total states { state count { value } } } }"""
RAW = """select id, name, namespace, flow_key, kind, state, seq, progress, labels, properties, created_at, started_at,
  ended_at, ended_at - started_at as duration, archived from executions where id = any($1::uuid[]) order by id desc"""

QUERY_TABLE = {
    "by a metric": (VALUES, {"search": "flow:flow-9", "column": "metric.loss"}),
    "by a property": (VALUES, {"search": "flow:flow-9", "column": "property.epochs"}),
    "the same error": (VALUES, {"search": "flow:flow-9 error:*", "column": "metric.loss"}),
    "bars of a day": (BARS, {"search": "", "since": "2026-05-31T00:00:00Z"}),
    "bars of a month": (BARS, {"search": "", "since": "2026-05-02T00:00:00Z"}),
    "bars of all": (BARS, {"search": "", "since": "2026-03-01T00:00:00Z"}),
    "facets of ERROR": (FACETS, {"search": "", "field": "ERROR"}),
    "facets of METRIC": (FACETS, {"search": "", "field": "METRIC"}),
}
FAST = "p95 <= 25 ms"
SOON = "p95 <= 1 s"
Read = Callable[[], Awaitable[Any]]


@dataclass
class Bench:
    line: Line
    served: Served
    raw: "asyncpg.Connection[Any]"

    async def post(self, query: str, **variables: Any) -> Any:
        answer = orjson.loads(await self.line.post(query, **variables))
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def same(self, ids: list[Any]) -> bytes:
        return orjson.dumps([dict(row) for row in await self.raw.fetch(RAW, ids)], default=str)


async def timed(read: Read) -> list[float]:
    times = []
    for _ in range(REQUESTS):
        begin = clock()
        await read()
        times.append(clock() - begin)
    return times


async def compare(bench: Bench, work: str, ours: Read, ids: list[Any], goal: str) -> None:
    mine, theirs, ratios = [], [], []
    await ours()
    await bench.same(ids)
    for _ in range(ROUNDS):
        mine += (took := await timed(ours))
        theirs += (raw := await timed(lambda: bench.same(ids)))
        ratios.append(statistics.median(took) / statistics.median(raw))
    report(
        f"{work}, {COUNT} executions",
        f"p50 {statistics.median(mine) * 1e3:.1f} ms, p95 {percentile(mine, 0.95) * 1e3:.1f} ms",
        f"asyncpg and orjson, the same {len(ids)} rows: p50 {statistics.median(theirs) * 1e3:.1f} ms",
        ratios,
        goal,
    )


async def page(bench: Bench, work: str, search: str, order: ExecutionOrder, after: Any) -> None:
    variables = {"search": search, "orderBy": order.value, "after": after}
    found = await bench.post(PAGE, **variables)
    ids = [untyped("exec", node["id"]) for node in found["executions"]["nodes"]]
    ours = partial(bench.line.post, PAGE, **variables)
    goal = "<= 2 x" if work.startswith("newest") else FAST
    await compare(bench, work, ours, ids, goal)


async def cursor_deep(url: str, search: str, order: ExecutionOrder) -> str | None:
    """Returns the cursor before page 1000, or in the middle of a shorter list."""
    where = parse_search(search)
    async with open_database(url) as database:
        places: list[Any] = []
        place = None
        while len(places) < DEEP * 50:
            found = await executions_page(database.pool, Scope(), where, View(5000, order, place))
            places += [(row["id"], row["sort_key"]) for row in found.rows]
            if not found.has_next:
                break
            place = KeysetPosition(places[-1][0], places[-1][1])
    if len(places) < 2:
        return None
    id, key = places[-1] if len(places) >= DEEP * 50 else places[len(places) // 2]
    return execution_cursor(order, {"id": id, "sort_key": key})


async def measured(served: Served) -> None:
    raw = await asyncpg.connect(served.database_url)
    await seed(raw, COUNT)
    await raw.execute("vacuum analyze executions")
    newest = ExecutionOrder.CREATED_DESC
    async with line(served) as kept:
        bench = Bench(kept, served, raw)
        wanted = [(name, search, newest) for name, search in CASES.items()]
        wanted += [(name, "", order) for name, order in ORDERS.items()]
        for name, search, order in wanted:
            await page(bench, f"{name}: page 1", search, order, None)
            deep = await cursor_deep(served.database_url, search, order)
            if deep:
                await page(bench, f"{name}: page 1000 or the middle", search, order, deep)
        first = await bench.post(PAGE, search="", orderBy=newest.value)
        ids = [untyped("exec", node["id"]) for node in first["executions"]["nodes"]]
        for name, search in CASES.items():
            counting = partial(bench.line.post, TOTAL, search=search)
            await compare(bench, f"{name}: count", counting, ids, FAST)
        for field in ("STATE", "FLOW", "LABEL", "BRANCH"):
            for search in ("", "state:failed"):
                request = partial(bench.line.post, FACETS, search=search, field=field)
                await compare(bench, f"facets of {field} {search}", request, ids, FAST)
        for name, (query, variables) in QUERY_TABLE.items():
            await bench.post(query, **variables)
            await compare(bench, name, partial(bench.line.post, query, **variables), ids, SOON)
    await raw.close()


def main() -> None:
    with a_server() as served:
        asyncio.run(measured(served))


if __name__ == "__main__":
    main()
