"""P3: rate of 200 `shell` task runs of `true`, in ten executions of 20 parallel tasks, until all are SUCCESS.

The yardstick, in a separate process like the server: a bare `create_subprocess_exec` loop that starts bash in the same
way, with as many at once as the worker has slots.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
from typing import Any

from measuring import a_server, clock, report, socket, subscribe, until

from tests.api.servers import Served

FLOWS, WIDTH, SLOTS, ROUNDS = 10, 20, 16, 5
COUNT = FLOWS * WIDTH
SHELLS = "id: shells\nnamespace: bench\ntasks:\n" + "".join(
    f"  - {{id: t{number}, type: shell, run: 'true'}}\n" for number in range(WIDTH)
)
CREATE = """mutation { createExecution(input: {namespace: "bench", flow: "shells"}) {
  execution { id } } }"""
EVENTS = "subscription ($id: ID!) { executionEvents(id: $id) { toState terminal } }"
BARE = f"""
import asyncio, time

async def main():
    slots = asyncio.Semaphore({SLOTS})

    async def one():
        async with slots:
            process = await asyncio.create_subprocess_exec(
                "bash", "-euo", "pipefail", "-c", "true",
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, start_new_session=True,
            )
            await process.communicate()
            assert process.returncode == 0

    begin = time.perf_counter()
    await asyncio.gather(*(one() for _ in range({COUNT})))
    print(time.perf_counter() - begin)

asyncio.run(main())
"""


async def headway(served: Served) -> float:
    """Returns task runs per second."""

    async def one() -> Any:
        async with socket(served) as opened:
            await subscribe(opened, "create", CREATE)
            made = (await until(opened, "create"))["data"]["createExecution"]["execution"]
            await subscribe(opened, "events", EVENTS, id=made["id"])
            while True:
                event = (await until(opened, "events"))["data"]["executionEvents"]
                if event["terminal"]:
                    return event["toState"]

    begin = clock()
    ends = await asyncio.gather(*(one() for _ in range(FLOWS)))
    assert set(ends) == {"SUCCESS"}, ends
    return COUNT / (clock() - begin)


def bare() -> float:
    done = subprocess.run([sys.executable, "-c", BARE], capture_output=True, text=True, check=True)
    return COUNT / float(done.stdout)


async def measured(served: Served, rounds: int) -> None:
    await served.client.save(SHELLS)
    await headway(served)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(await headway(served))
        theirs.append(bare())
    report(
        f"{COUNT} shell task runs of `true`, {WIDTH} parallel in each flow, {SLOTS} at once",
        f"{statistics.median(ours):.0f}/s",
        f"bare create_subprocess_exec of the same bash: {statistics.median(theirs):.0f}/s",
        [mine / other for mine, other in zip(ours, theirs, strict=True)],
        ">= 0.6",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds: int = parser.parse_args().rounds
    with a_server("--concurrency", str(SLOTS)) as served:
        asyncio.run(measured(served, rounds))


if __name__ == "__main__":
    main()
