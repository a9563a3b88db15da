"""P8: time from starting the process to /readyz, with a new and an existing data dir; and memory when idle.

The yardstick is the start of PostgreSQL alone."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from measuring import clock, report

from server.local.postgres import embedded_postgres
from tests.api.servers import Served, start

ROUNDS = 5


def started(data_dir: Path) -> tuple[float, Served]:
    begin = clock()
    served = start(data_dir)
    return clock() - begin, served


async def postgres_alone(data_dir: Path) -> float:
    begin = clock()
    async with embedded_postgres(data_dir):
        return clock() - begin


def main() -> None:
    new, again, alone_new, alone_again, memory = [], [], [], [], []
    for round in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            path.joinpath("pg").mkdir()
            alone_new.append(asyncio.run(postgres_alone(path / "pg")))
            alone_again.append(asyncio.run(postgres_alone(path / "pg")))
            took, served = started(path / "data")
            new.append(took)
            if round == ROUNDS - 1:
                time.sleep(10)
                memory.append(resident(served))
            served.stop()
            took, served = started(path / "data")
            again.append(took)
            served.stop()
    for name, ours, theirs, goal in (
        ("cold start, new data dir", new, alone_new, "2.5 s"),
        ("cold start, again", again, alone_again, "1.5 s"),
    ):
        report(
            name,
            f"{statistics.median(ours):.2f} s",
            f"PostgreSQL alone {statistics.median(theirs):.2f} s",
            [a / b for a, b in zip(ours, theirs, strict=True)],
            goal,
        )
    mine, python = memory[0], interpreter()
    report(
        "resident memory idle, without PostgreSQL",
        f"{mine:.0f} MB",
        f"bare Python {python:.0f} MB",
        [mine / python],
        "150 MB",
    )


def resident(served: Served) -> float:
    """Returns the MB of the server and its children; shared memory is counted once (PSS)."""
    family = psutil.Process(served.process.pid)
    mine = [
        family,
        *(one for one in family.children(recursive=True) if "postgres" not in one.name()),
    ]
    return sum(one.memory_full_info().pss for one in mine) / 1e6


def interpreter() -> float:
    import subprocess
    import sys

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bare:
        time.sleep(1)
        found: float = psutil.Process(bare.pid).memory_full_info().pss / 1e6
        bare.kill()
    return found


if __name__ == "__main__":
    main()
