"""Time of the query behind an execution's page, with thousands of task runs, over HTTP.

`python bench/execution_page.py [ITEMS...]` runs a foreach with so many items and two tasks each, while another task
keeps the execution running. Prints a line for each size: the median and the longest of several queries, also for the
same execution after half of its events (`at`)."""

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
    async with line(served) as connection:
        for items in sizes:
            await _measured(served.client, connection, items)


async def _measured(client: Any, connection: Line, items: int) -> None:
    client.timeout = 600
    execution = await client.create("bench/page", inputs={"items": list(range(items))})
    await _done(connection, execution["id"])
    seq = json.loads(await connection.post(QUERY, id=execution["id"]))["data"]["execution"]["seq"]
    row = {"taskRuns": 2 * items + 2, "events": seq}
    for name, query, variables in (
        ("page", QUERY, {}),
        ("waiting", WAITING, {}),
        ("at", QUERY, {"at": seq // 2}),
    ):
        took = []
        for _ in range(ROUNDS):
            began = clock()
            body = await connection.post(query, id=execution["id"], **variables)
            took.append(clock() - began)
            assert b'"errors"' not in body, body[:500]
        row[name] = {"median": round(statistics.median(took), 3), "longest": round(max(took), 3)}
        row[name]["bytes"] = len(body)
    print(json.dumps(row), flush=True)


async def _done(connection: Line, id: str) -> None:
    query = 'query ($id: ID!) { execution(id: $id) { task(key: "each") { state } } }'
    while (
        json.loads(await connection.post(query, id=id))["data"]["execution"]["task"]["state"]
        != "SUCCESS"
    ):
        await asyncio.sleep(1)


if __name__ == "__main__":
    with a_server() as server:
        asyncio.run(_run(server, [int(size) for size in sys.argv[1:]] or [700, 5_000]))
