"""P6: delivery of the events of one execution to 200 identical subscribers.

The yardstick is a raw Starlette broadcast of messages of the same size to as many sockets, with the same uvicorn
settings. The servers and this client are separate processes."""

import asyncio
import json
import socket as sockets
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import psutil
from measuring import a_server, clock, percentile, report, socket, subscribe
from websockets.asyncio.client import connect

from tests.api.servers import Served

SUBSCRIBERS, ROUNDS = 200, 5
WIDE = "id: fan\nnamespace: bench\ntasks:\n" + "".join(
    f"  - {{id: t{number}, type: log, message: hi}}\n" for number in range(100)
)
EVENTS = "subscription ($id: ID!) { executionEvents(id: $id) { seq type at toState terminal } }"
HELD = "id: held\nnamespace: bench\ntasks:\n  - {id: ok, type: approval, message: go}\n" + "".join(
    f"  - {{id: t{number}, type: log, message: hi, needs: [ok]}}\n" for number in range(100)
)
RAW = """
import asyncio, sys, uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
listeners = set()
async def listen(socket):
    await socket.accept()
    if socket.query_params.get("go"):
        text = "x" * int(socket.query_params["size"])
        for _ in range(int(socket.query_params["go"])):
            for each in list(listeners):
                await each.send_text(text)
        await socket.close()
        return
    listeners.add(socket)
    try:
        async for _ in socket.iter_text():
            pass
    finally:
        listeners.discard(socket)
app = Starlette(routes=[WebSocketRoute("/", listen)])
uvicorn.run(app, port=int(sys.argv[1]), ws="websockets-sansio", ws_per_message_deflate=False, log_level="error")
"""


async def headway(served: Served) -> tuple[float, float, int, int]:
    """Returns deliveries per second, p99 of the spread of an event over all sockets, messages per socket, and bytes per
    message."""
    client = served.client
    await client.save(HELD)
    id = (await client.create("bench/held"))["id"]
    waiting = await client.until(id, state="WAITING_FOR_APPROVAL")
    approval = waiting["taskRuns"][0]["approval"]["id"]
    arrivals: dict[int, list[float]] = {}
    size = 0
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(socket(served)) for _ in range(SUBSCRIBERS)]
        ready = asyncio.Semaphore(0)

        async def follow(mine: object) -> None:
            nonlocal size
            await subscribe(mine, "1", EVENTS, id=id)  # type: ignore[arg-type]
            first = True
            async for text in mine:  # type: ignore[attr-defined]
                if '"complete"' in text[:60]:
                    return
                if first:
                    ready.release()
                    first = False
                size = max(size, len(text))
                arrivals.setdefault(
                    json.loads(text)["payload"]["data"]["executionEvents"]["seq"], []
                ).append(clock())

        async with asyncio.TaskGroup() as group:
            for one in opened:
                group.create_task(follow(one))
            for _ in range(SUBSCRIBERS):
                await ready.acquire()
            before = max(arrivals)
            begin = clock()
            await client.mutate("approve", approvalId=approval)
        live = {seq: times for seq, times in arrivals.items() if seq > before + 1}
        assert all(len(times) == SUBSCRIBERS for times in live.values()), "every event once to each"
        took = max(map(max, live.values())) - begin
        spread = [max(times) - min(times) for times in live.values()]
    return len(live) * SUBSCRIBERS / took, percentile(spread, 0.99), len(live), size


async def raw(port: int, count: int, size: int) -> float:
    async with AsyncExitStack() as stack:
        url = f"ws://127.0.0.1:{port}/"
        opened = [
            await stack.enter_async_context(connect(url, compression=None))
            for _ in range(SUBSCRIBERS)
        ]

        async def follow(mine: object) -> None:
            for _ in range(count):
                json.dumps(await mine.recv())  # type: ignore[attr-defined]

        begin = clock()
        async with asyncio.TaskGroup() as group:
            for one in opened:
                group.create_task(follow(one))
            async with connect(f"{url}?go={count}&size={size}", compression=None) as trigger:
                await trigger.wait_closed()
        return count * SUBSCRIBERS / (clock() - begin)


@contextmanager
def raw_server() -> Iterator[int]:
    with sockets.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", RAW, str(port)]) as process:
        while True:
            try:
                sockets.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                process.poll()
        yield port
        process.terminate()


async def measured(served: Served, port: int) -> None:
    ours, theirs, spreads = [], [], []
    for _ in range(ROUNDS):
        rate, spread, count, size = await headway(served)
        ours.append(rate)
        spreads.append(spread)
        theirs.append(await raw(port, count, size))
    report(
        f"events of one execution to {SUBSCRIBERS} sockets, engine and tasks included",
        f"{statistics.median(ours):.0f} deliveries/s, first to last socket p99 {max(spreads) * 1e3:.0f} ms",
        f"raw Starlette broadcast {statistics.median(theirs):.0f} deliveries/s",
        [a / b for a, b in zip(ours, theirs, strict=True)],
        ">= 0.5",
    )


def main() -> None:
    with a_server() as served, raw_server() as port:
        idle = psutil.Process(served.process.pid).memory_info().rss
        asyncio.run(measured(served, port))
        print(
            f"resident afterwards {(psutil.Process(served.process.pid).memory_info().rss - idle) / 1e6:.1f} MB more"
        )


if __name__ == "__main__":
    main()
