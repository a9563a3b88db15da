"""P12: time of createExecution while a thousand people watch approval inboxes and statistics, each with
different variables so that nothing is shared. The yardstick is the same server without watchers."""

import asyncio
import json
import os
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from measuring import CREATE, Line, a_server, clock, line, percentile, report, socket, subscribe

from tests.api.servers import Served

WATCHERS, A_SOCKET, CREATED, ROUNDS = int(os.environ.get("WATCHERS", "1000")), 100, 20, 3
EXECUTION = "exec_01h45ytscbebyvny4gc8{:06d}"
ONE = "subscription ($id: ID!) { approvals(where: {executionId: $id}) { totalCount { value } } }"
ALL = """subscription ($names: [String!]!, $no: Boolean!) { approvals(where: {state: [PENDING]}) {
  totalCount { value } changed @include(if: $no) { execution { columns(names: $names) } } } }"""
COUNTS = "subscription ($search: String!) { stats(search: $search) { states { state count { value } } } }"
KINDS = {
    "inboxes of one execution each": (ONE, lambda n: {"id": EXECUTION.format(n)}),
    "inboxes of all": (ALL, lambda n: {"names": [f"label.n{n}"], "no": False}),
    "statistics of a label each": (COUNTS, lambda n: {"search": f"label.n:{n}"}),
    "statistics of all but a label each": (COUNTS, lambda n: {"search": f"not label.n:{n}"}),
}  # fmt: skip


async def watch(opened: Any, waiting: set[str], complete: asyncio.Event) -> None:
    async for text in opened:
        message = json.loads(text)
        if message["type"] == "error" or (message.get("payload") or {}).get("errors"):
            raise RuntimeError(message)
        waiting.discard(message.get("id", ""))
        complete.set() if not waiting else None


@asynccontextmanager
async def watching(served: Served, kind: str) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        waiting, complete, tasks = set[str](), asyncio.Event(), []
        for start in range(0, WATCHERS, A_SOCKET):
            opened = await stack.enter_async_context(socket(served))
            tasks.append(group.create_task(watch(opened, waiting, complete)))
            for number in range(start, start + A_SOCKET):
                waiting.add(str(number))
                query, variables = KINDS[kind]
                await subscribe(opened, str(number), query, **variables(number))
        await complete.wait()
        yield
        for task in tasks:
            task.cancel()


async def created(client: Line) -> list[float]:
    """Creates executions one after the other. Returns the seconds of each."""
    found = []
    for _ in range(CREATED):
        began = clock()
        answer = await client.post(CREATE)
        found.append(clock() - began)
        if b'"problems":[]' not in answer:
            raise RuntimeError(answer)
    return found


async def compare(served: Served) -> None:
    async with line(served) as client:
        await created(client)
        for kind in KINDS:
            alone: list[float] = []
            watched: list[float] = []
            ratios = []
            for _ in range(ROUNDS):
                alone += (one := await created(client))
                async with watching(served, kind):
                    watched += (other := await created(client))
                ratios.append(statistics.median(other) / statistics.median(one))
            report(
                f"createExecution with {WATCHERS} {kind}",
                shown(watched),
                f"without watchers: {shown(alone)}",
                ratios,
                "p50 <= 5 times, p99 <= 1 s",
            )


def shown(times: Sequence[float]) -> str:
    return f"p50 {percentile(times, 0.5) * 1e3:.0f} ms, p99 {percentile(times, 0.99) * 1e3:.0f} ms"


def main() -> None:
    with a_server("--no-worker") as served:
        asyncio.run(compare(served))


if __name__ == "__main__":
    main()
