"""The cost of isolating a task: `true` started and reaped with this machine's isolation, and as an ordinary child, in
turns."""

import asyncio
import logging
import os
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from measuring import clock, report

from runner.isolation.isolation import AttemptIsolation, Isolation, IsolationSettings
from runner.isolation.ways import Policy
from runner.processes.child import Child, Program
from runner.processes.process_tree import adopt_orphans
from runner.worker.task_environment import provide_headway

ROUNDS = 300


async def one(program: Program, apart: AttemptIsolation) -> float:
    begin = clock()
    child = Child.start(program, apart.starts)
    await child.exited()
    assert child.reap().code == 0
    child.close()
    return clock() - begin


async def main(folder: Path) -> None:
    adopt_orphans()
    provide_headway(folder / "python")
    work = folder / "work" / "wrk_bench"
    work.mkdir(parents=True)
    (folder / "work.lock").touch(mode=0o600)
    isolation = Isolation(IsolationSettings(Policy.AUTO), folder, str(folder / "artifacts"))
    async with AsyncExitStack() as stack:
        await isolation.begin(stack, work)
        ours, theirs = [], []
        for number in range(ROUNDS):
            root = work / f"att_{number}"
            (root / "files").mkdir(parents=True)
            program = Program(["true"], str(root / "files"), {"PATH": os.environ["PATH"]})
            with isolation.for_attempt(root, []) as apart:
                ours.append(await one(program, apart))
            theirs.append(await one(Program(["true"], "/", program.env), AttemptIsolation()))
    mine, bare = (1000 * statistics.median(times) for times in (ours, theirs))
    report(
        f"a task's program `true`, isolated ({isolation.way.name}), started and reaped",
        f"{mine:.1f} ms",
        f"an ordinary child {bare:.1f} ms",
        [mine / bare for mine, bare in zip(ours, theirs, strict=True)],
        "as small as can be",
    )


if __name__ == "__main__":
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        asyncio.run(main(Path(name)))
