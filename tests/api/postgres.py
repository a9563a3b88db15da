"""The embedded PostgreSQL of a server, as processes that things can be done to."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil


def postmaster(data_dir: Path) -> psutil.Process:
    return psutil.Process(int((data_dir / "pg/data/postmaster.pid").read_text().split()[0]))


@contextmanager
def frozen(data_dir: Path) -> Iterator[None]:
    """Nothing of it runs within: connections stay open, new ones are taken by the kernel alone, nobody answers."""
    parent = postmaster(data_dir)
    parent.send_signal(signal.SIGSTOP)
    children = parent.children(recursive=True)
    _send(children, signal.SIGSTOP)
    try:
        yield
    finally:
        _send([*children, parent], signal.SIGCONT)


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def cpu_seconds(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return spent.user + spent.system
