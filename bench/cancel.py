"""P9: time from sending cancelExecution until all processes of the task (bash and its background child) have ended.

The yardstick is the same script as a child of this process, ended with `os.killpg`. The kernel reports the end of a
process (pidfd), so no polling interval affects either side.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measuring import a_server, clock, percentile, report, socket, subscribe, until

from tests.api.servers import Served

TIMES, ROUNDS = 6, 5
SCRIPT = 'sleep 600 & echo "$$ $!" > "{part}"; mv "{part}" "{file}"; wait'
FLOW = "id: sleeper\nnamespace: bench\ntasks:\n  - id: a\n    type: shell\n    run: '{script}'\n"
CANCEL = "mutation ($id: ID!) { cancelExecution(input: {id: $id}) { problems { message } } }"


def script(file: Path) -> str:
    return SCRIPT.format(part=file.with_suffix(".part"), file=file)


async def family(file: Path) -> list[int]:
    """Returns pidfds of bash and its child, whose pids the script wrote. They become readable when the process ends."""
    deadline = clock() + 20
    while not file.exists():
        if clock() > deadline:
            raise TimeoutError("the task did not start")
        await asyncio.sleep(0.005)
    pids = [int(pid) for pid in file.read_text().split()]
    file.unlink()
    return [os.pidfd_open(pid) for pid in pids]


async def gone(descriptors: Sequence[int]) -> None:
    loop = asyncio.get_running_loop()

    async def one(descriptor: int) -> None:
        ended = asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)

    async with asyncio.timeout(20):
        await asyncio.gather(*map(one, descriptors))


async def headway(served: Served, file: Path) -> list[float]:
    client, took = served.client, []
    async with socket(served) as opened:
        for number in range(TIMES):
            id = (await client.create("bench/sleeper"))["id"]
            descriptors = await family(file)
            begin = clock()
            waiting = asyncio.create_task(gone(descriptors))
            await subscribe(opened, str(number), CANCEL, id=id)
            await waiting
            took.append(clock() - begin)
            problems = (await until(opened, str(number)))["data"]["cancelExecution"]["problems"]
            assert not problems, problems
            assert (await client.until_ended(id))["state"] == "KILLED"
    return took


async def bare(file: Path) -> list[float]:
    took = []
    for _ in range(TIMES):
        with subprocess.Popen(["bash", "-c", script(file)], start_new_session=True) as process:
            descriptors = await family(file)
            begin = clock()
            waiting = asyncio.create_task(gone(descriptors))
            os.killpg(process.pid, signal.SIGTERM)
            await waiting
            process.wait()
            took.append(clock() - begin)
    return took


async def measured(served: Served, rounds: int) -> None:
    ours: list[float] = []
    theirs: list[float] = []
    ratios: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pids"
        await served.client.save(FLOW.format(script=script(file)))
        await headway(served, file)
        for _ in range(rounds):
            mine, other = await headway(served, file), await bare(file)
            ours += mine
            theirs += other
            ratios.append(percentile(mine, 0.5) / percentile(other, 0.5))
    report(
        f"cancel sent until the process tree is gone, {len(ours)} times",
        f"p50 {percentile(ours, 0.5) * 1e3:.1f} ms, p99 {percentile(ours, 0.99) * 1e3:.1f} ms",
        f"bare killpg and wait: p50 {percentile(theirs, 0.5) * 1e3:.1f} ms",
        ratios,
        "p50 50 ms",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds: int = parser.parse_args().rounds
    with a_server() as served:
        asyncio.run(measured(served, rounds))


if __name__ == "__main__":
    main()
