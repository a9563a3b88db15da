"""A small process that outlives its worker: when the worker ends, even by kill -9, it kills the remaining processes of
its tasks. `python -m runner.processes.reaper <worker id>` reads the session leaders from stdin; the end of that pipe
means the end of the worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from runner.processes.process_table import ProcessInfo, all_processes, environment_of

MARK = "HEADWAY_WORKER_ID"
_PAUSE = 0.05
_EMPTY_SCANS = 5
"""Several, as a process that is being started carries its mark only a moment later."""
_EXIT_SECONDS = 2.0


class Reaper:
    """Context manager in the worker that runs the process. If the process dies, the next message starts another."""

    def __init__(self, worker_id: str) -> None:
        self._worker_id = worker_id
        self._leaders: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Reaper":
        self._process = self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._leave(self._process)
        try:
            self._process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def spared(self) -> set[int]:
        """Pids of children that are reaped by their owner."""
        return self._leaders | ({self._process.pid} if self._process else set())

    def watch(self, leader: int) -> None:
        self._leaders.add(leader)
        self._send_line(f"+{leader}")

    def forget(self, leader: int) -> None:
        self._leaders.discard(leader)
        self._send_line(f"-{leader}")

    def _send_line(self, line: str) -> None:
        if self._process is None:
            return
        try:
            _to(self._process).write(f"{line}\n".encode())
        except BrokenPipeError:
            self._leave(self._process)
            self._process.wait()
            self._process = self._start()
            for leader in self._leaders:
                _to(self._process).write(f"+{leader}\n".encode())

    def _leave(self, process: "subprocess.Popen[bytes]") -> None:
        _to(process).close()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-S", "-m", "runner.processes.reaper", self._worker_id],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            bufsize=0,
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
            cwd="/",
            start_new_session=True,
        )


def _to(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    assert process.stdin
    return process.stdin


def read_leaders(lines: Iterable[str]) -> set[int]:
    """Returns the leaders that are left when the lines end."""
    leaders: set[int] = set()
    for line in lines:
        (leaders.add if line[0] == "+" else leaders.discard)(int(line[1:]))
    return leaders


def kill_all(mark: bytes, leaders: set[int]) -> None:
    """Sends SIGKILL until several scans find no process that carries the mark or descends from a leader."""
    empty = 0
    while empty < _EMPTY_SCANS:
        members = _members(mark, leaders)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in members:
                _send(pid, number)
        leaders |= members
        empty = 0 if members else empty + 1
        time.sleep(_PAUSE if not members else 0)


def _members(mark: bytes, leaders: set[int]) -> set[int]:
    processes = [seen for seen in all_processes() if not seen.zombie and seen.pid != os.getpid()]
    found = {seen.pid for seen in processes if _is_root(seen, mark, leaders)}
    grown = True
    while grown:
        young = {seen.pid for seen in processes if seen.parent in found} - found
        found |= young
        grown = bool(young)
    return found


def _is_root(seen: ProcessInfo, mark: bytes, leaders: set[int]) -> bool:
    if not leaders.isdisjoint((seen.pid, seen.group, seen.session)):
        return True
    return b"\0" + mark + b"\0" in environment_of(seen.pid)


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    left = read_leaders(sys.stdin)
    kill_all(f"{MARK}={sys.argv[1]}".encode(), left)
