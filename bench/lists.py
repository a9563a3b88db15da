"""P7: 1000 live lists, each with a filter of its own, while 200 executions change a second.

The changes are made by a second process. Beside it one list alone, under the same changes: the ratio is what the other
999 cost. The share of a core is that of the server with the lists, without PostgreSQL."""

import asyncio
import json
import os
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil
from measuring import a_server, clock, percentile, report, socket, subscribe

from tests.api.client import Client
from tests.api.servers import Served, start_beside

LISTS, A_SOCKET, A_SECOND, SECONDS, WARM = int(os.environ.get("LISTS", "1000")), 100, 200, 10, 65
FLOW = "id: listed\nnamespace: bench\ntasks: [{id: held, type: wait, event: go}]\n"
LIVE = """subscription ($search: String) { executionList(search: $search, first: 50) {
  reset enter { node { id } } update { id labels { key value } } } }"""
LABEL = "mutation ($input: SetLabelsInput!) { setLabels(input: $input) { problems { message } } }"


async def created(client: Client) -> list[str]:
    await client.save(FLOW)
    limit = asyncio.Semaphore(50)

    async def one(number: int) -> str:
        async with limit:
            labels = [{"key": "n", "value": str(number)}]
            return str((await client.create("bench/listed", labels=labels))["id"])

    return await asyncio.gather(*(one(number) for number in range(LISTS)))


async def change(client: Client, ids: list[str], seconds: float, part: int, parts: int) -> None:
    """This part's share of the changes, at an even pace; each says in a label when it was asked for."""
    pause, number, due = parts / A_SECOND, part, clock()
    until = clock() + seconds
    while clock() < until:
        labels = [{"key": "at", "value": f"{time.time():.4f}"}]
        await client.ask(LABEL, input={"id": ids[number % len(ids)], "labels": labels})
        number += parts
        due += pause
        await asyncio.sleep(max(0.0, due - clock()))


async def listen(opened: Any, late: list[float]) -> None:
    async for text in opened:
        now = time.time()
        message = json.loads(text)
        change = (message.get("payload") or {}).get("data", {}).get("executionList")
        for row in (change or {}).get("update", ()):
            labels = {label["key"]: label["value"] for label in row["labels"]}
            late.append(now - float(labels["at"]))


async def measured(
    served: Served, changer: Client, ids: list[str], searches: list[str]
) -> tuple[list[float], float]:
    """How late each row came, and the share of a core."""
    late: list[float] = []
    process = psutil.Process(served.process.pid)
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        listeners = []
        for start in range(0, len(searches), A_SOCKET):
            opened = await stack.enter_async_context(socket(served))
            listeners.append(group.create_task(listen(opened, late)))
            for number, search in enumerate(searches[start : start + A_SOCKET]):
                await subscribe(opened, str(number), LIVE, search=search)
        parts = 8
        await asyncio.gather(*(change(changer, ids, 5, part, parts) for part in range(parts)))
        late.clear()
        before, began = sum(process.cpu_times()[:2]), clock()
        await asyncio.gather(*(change(changer, ids, SECONDS, part, parts) for part in range(parts)))
        share = (sum(process.cpu_times()[:2]) - before) / (clock() - began)
        for listener in listeners:
            listener.cancel()
    return late, share


async def both(served: Served, beside: Served) -> None:
    ids = await created(served.client)
    await asyncio.sleep(WARM)  # what was made before that has an unknown past
    own = [f"label.n:{number}" for number in range(LISTS)]
    mine, share = await measured(served, beside.client, ids, own)
    one, alone = await measured(served, beside.client, ids, ["label.n:1"])
    report(
        f"{LISTS} live lists with different filters, {len(mine) / SECONDS:.0f} changes/s",
        f"p50 {statistics.median(mine) * 1e3:.0f} ms, p99 {percentile(mine, 0.99) * 1e3:.0f} ms, "
        f"{share:.2f} of a core",
        f"one list: p50 {statistics.median(one) * 1e3:.0f} ms, {alone:.2f} of a core",
        [statistics.median(mine) / statistics.median(one)],
        "p99 <= 250 ms, one core",
    )


def main() -> None:
    with a_server("--no-worker") as served, tempfile.TemporaryDirectory() as folder:
        beside = start_beside(served, Path(folder) / "beside")
        try:
            asyncio.run(both(served, beside))
        finally:
            beside.stop()


if __name__ == "__main__":
    main()
