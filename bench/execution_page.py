"""How long the query behind an execution's page takes, with thousands of task runs, over HTTP.

`python bench/execution_page.py [ITEMS...]`: a foreach of so many items with two tasks each, run to its end beside a
task that holds the execution open. Prints a line a size: the median and the longest of several queries, and of queries
of the same execution after half of its events (`at`)."""

import asyncio
import json
import statistics
import sys
from typing import Any

from measuring import Line, a_server, clock, line

QUERY = """query ($id: ID!, $at: Int) { execution(id: $id, at: $at) { cursor state seq
  taskRuns { id key state progress message retryAt startedAt endedAt duration error { code message }
    task { key type needs } iteration { index item } child { id name state } stateHistory { state at }
    attempts { number state worker startedAt endedAt duration exitCode error { code message } } } } }"""
WAITING = """query ($id: ID!) { execution(id: $id) {
  taskRuns { id waitingFor { code message } availableActions { action allowed } } } }"""
FLOW = """id: page
namespace: bench
inputs: [{id: items, type: JSON}]
tasks:
  - id: each
    type: foreach
    items: "{{ inputs.items }}"
    tasks:
      - {id: one, type: log, message: "{{ item }}"}
      - {id: two, type: log, message: done, needs: [one]}
  - {id: held, type: wait, event: go}
"""
ROUNDS = 5


async def _run(served: Any, sizes: list[int]) -> None:
    await served.client.save(FLOW)
    async with line(served) as asking:
        for items in sizes:
            await _measured(served.client, asking, items)


async def _measured(client: Any, asking: Line, items: int) -> None:
    client.timeout = 600
    execution = await client.create("bench/page", inputs={"items": list(range(items))})
    await _done(asking, execution["id"])
    seq = json.loads(await asking.post(QUERY, id=execution["id"]))["data"]["execution"]["seq"]
    row = {"taskRuns": 2 * items + 2, "events": seq}
    for name, query, variables in (
        ("page", QUERY, {}),
        ("waiting", WAITING, {}),
        ("at", QUERY, {"at": seq // 2}),
    ):
        took = []
        for _ in range(ROUNDS):
            began = clock()
            body = await asking.post(query, id=execution["id"], **variables)
            took.append(clock() - began)
            assert b'"errors"' not in body, body[:500]
        row[name] = {"median": round(statistics.median(took), 3), "longest": round(max(took), 3)}
        row[name]["bytes"] = len(body)
    print(json.dumps(row), flush=True)


async def _done(asking: Line, id: str) -> None:
    query = 'query ($id: ID!) { execution(id: $id) { task(key: "each") { state } } }'
    while (
        json.loads(await asking.post(query, id=id))["data"]["execution"]["task"]["state"]
        != "SUCCESS"
    ):
        await asyncio.sleep(1)


if __name__ == "__main__":
    with a_server() as server:
        asyncio.run(_run(server, [int(size) for size in sys.argv[1:]] or [700, 5_000]))
