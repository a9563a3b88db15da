"""The processes of a server's embedded PostgreSQL, for tests that freeze or kill them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil


def postmaster(data_dir: Path) -> psutil.Process:
    return psutil.Process(int((data_dir / "pg/data/postmaster.pid").read_text().split()[0]))


@contextmanager
def frozen(data_dir: Path) -> Iterator[None]:
    """Freezes PostgreSQL: connections stay open, the kernel alone accepts new ones, nothing responds."""
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
