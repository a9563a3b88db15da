"""P7: 1000 live lists with different filters, while 200 executions change per second.

A second server process makes the changes, requested over open sockets at a fixed rate, even if the server is slow.
There are two kinds: changes that move no row (a label that no list filters by), and changes that move a row from one
list to another. The delay of a row is measured from the request of its change, so it includes the change; the time of
the change is reported too, and the client's share of a core. The yardstick is the same with few lists: the ratio is the
cost of the others. The share of a core is that of the server with the lists, without PostgreSQL."""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psutil
from measuring import a_server, clock, percentile, report, socket, subscribe

from tests.api.client import Client
from tests.api.servers import Served, start_beside

LISTS, FEW, A_SOCKET, DOORS = int(os.environ.get("LISTS", "1000")), 50, 100, 8
A_SECOND, SECONDS, SETTLING = 200, 10, 6
FLOW = "id: listed\nnamespace: bench\ntasks: [{id: held, type: wait, event: go}]\n"
ROW = "id labels { key value }"
LIVE = f"""subscription ($search: String) {{ executionList(search: $search, first: 50) {{
  reset enter {{ node {{ {ROW} }} }} update {{ {ROW} }} }} }}"""
LABEL = "mutation ($input: SetLabelsInput!) { setLabels(input: $input) { problems { message } } }"


@dataclass
class Times:
    """Seconds until a row arrived (`late`) and until its change was answered; and shares of a core."""

    late: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    server: float = 0.0
    client: float = 0.0


async def created(client: Client) -> list[str]:
    await client.save(FLOW)
    limit = asyncio.Semaphore(50)

    async def one(number: int) -> str:
        async with limit:
            labels = [{"key": "n", "value": str(number)}]
            return str((await client.create("bench/listed", labels=labels))["id"])

    return await asyncio.gather(*(one(number) for number in range(LISTS)))


@dataclass
class Changer:
    """Changes the executions in rotation. With `moves`, each change moves the execution to the next list."""

    ids: Sequence[str]
    moves: bool
    doors: Sequence[Any]
    answered: list[float]
    sent: dict[str, float] = field(default_factory=dict)
    numbers: Any = field(default_factory=count)

    async def change(self, seconds: float) -> None:
        """Sends changes at a fixed rate, without waiting for the responses."""
        due = clock()
        until = due + seconds
        while due < until:
            await asyncio.sleep(max(0.0, due - clock()))
            number = next(self.numbers)
            self.sent[str(number)] = clock()
            await subscribe(
                self.doors[number % DOORS], str(number), LABEL, input=self._input(number)
            )
            due += 1 / A_SECOND

    def _input(self, number: int) -> dict[str, Any]:
        turn, place = divmod(number, len(self.ids))
        labels = [{"key": "at", "value": f"{time.time():.4f}"}]
        if self.moves:
            labels.append({"key": "n", "value": str((place + turn + 1) % len(self.ids))})
        return {"id": self.ids[place], "labels": labels}

    async def receive(self, door: Any) -> None:
        async for text in door:
            message = json.loads(text)
            if message["type"] == "error" or message.get("payload", {}).get("errors"):
                raise RuntimeError(message)
            if message["type"] == "next":
                self.answered.append(clock() - self.sent.pop(message["id"]))


@asynccontextmanager
async def changing(
    served: Served, ids: Sequence[str], moves: bool, answered: list[float]
) -> AsyncIterator[Changer]:
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(socket(served)) for _ in range(DOORS)]
        changer = Changer(ids, moves, doors, answered)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        receivers = [group.create_task(changer.receive(door)) for door in doors]
        yield changer
        for task in receivers:
            task.cancel()


async def listen(opened: Any, late: list[float]) -> None:
    async for text in opened:
        now = time.time()
        message = json.loads(text)
        if message["type"] == "error" or message.get("payload", {}).get("errors"):
            raise RuntimeError(message)
        change = (message.get("payload") or {}).get("data", {}).get("executionList")
        if change is None or change["reset"]:
            continue
        for row in [*change["update"], *(enter["node"] for enter in change["enter"])]:
            labels = {label["key"]: label["value"] for label in row["labels"]}
            late.append(now - float(labels["at"]))


@asynccontextmanager
async def listening(
    served: Served, searches: Sequence[str], late: list[float]
) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        listeners = []
        for start in range(0, len(searches), A_SOCKET):
            opened = await stack.enter_async_context(socket(served))
            listeners.append(group.create_task(listen(opened, late)))
            for number, search in enumerate(searches[start : start + A_SOCKET]):
                await subscribe(opened, str(number), LIVE, search=search)
        yield
        for listener in listeners:
            listener.cancel()


async def measured(
    served: Served, second: Served, ids: Sequence[str], lists: int, moves: bool
) -> Times:
    times = Times()
    processes = psutil.Process(served.process.pid), psutil.Process()
    searches = [f"label.n:{number}" for number in range(lists)]
    async with (
        listening(served, searches, times.late),
        changing(second, ids, moves, times.answered) as changer,
    ):
        await changer.change(SETTLING)
        times.late.clear()
        times.answered.clear()
        before, began = [cpu(process) for process in processes], clock()
        await changer.change(SECONDS)
        took = clock() - began
        times.server, times.client = (
            (cpu(process) - old) / took for process, old in zip(processes, before, strict=True)
        )
    return times


def cpu(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


async def compare(served: Served, second: Served) -> None:
    ids = await created(served.client)
    for moves in (False, True):
        many = await measured(served, second, ids, LISTS, moves)
        few = await measured(served, second, ids, FEW, moves)
        report(
            f"{LISTS} live lists with different filters, {len(many.late) / SECONDS:.0f} "
            f"{'rows/s from list to list' if moves else 'changes/s'}",
            f"p50 {shown(many.late, 0.5)}, p99 {shown(many.late, 0.99)} (of which the change: "
            f"p50 {shown(many.answered, 0.5)}, p99 {shown(many.answered, 0.99)}), "
            f"{many.server:.2f} of a core (the client: {many.client:.2f})",
            f"{FEW} lists: p50 {shown(few.late, 0.5)}, p99 {shown(few.late, 0.99)}, {few.server:.2f} of a core",
            [statistics.median(many.late) / statistics.median(few.late)],
            "p99 <= 250 ms, one core",
        )


def shown(times: Sequence[float], share: float) -> str:
    return f"{percentile(times, share) * 1e3:.0f} ms"


def main() -> None:
    with a_server("--no-worker") as served, tempfile.TemporaryDirectory() as folder:
        second = start_beside(served, Path(folder) / "second")
        try:
            asyncio.run(compare(served, second))
        finally:
            second.stop()


if __name__ == "__main__":
    main()
