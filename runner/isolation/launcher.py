"""Starts programs of tasks through a separate process, the launcher (`runner.isolation.launcher_child`)."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from select import poll

from runner.isolation.confinement import Order
from runner.processes.child import Started
from runner.processes.descriptors import give_back_limit

_TIMEOUT_MS = 20_000
"""Usually the launcher takes one or two milliseconds."""
_CHUNK = 64 * 1024


class NotConfined(OSError):
    """The system does not permit the confinement of the program."""


class Launcher:
    """Context manager. If the launcher dies, the next start replaces it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def __enter__(self) -> "Launcher":
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, order: Order, streams: Sequence[int]) -> Started:
        """Starts a program that becomes a child of this process, which adopts orphans. `streams` are stdout, stderr and
        the message pipe.

        Raises OSError as `subprocess.Popen` does, and NotConfined.
        """
        file = _memory_file(order)
        try:
            response = self._request(file, streams) or self._restart_and_request(file, streams)
        finally:
            os.close(file)
        lines = response.splitlines()
        # Two processes write lines, in any order.
        pid = next((int(line) for line in lines if line.isdigit()), None)
        facts = {name: v for line in lines if not line.isdigit() for name, v in _facts(line)}
        if "step" in facts and pid:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        if "step" in facts:
            raise _error_of(facts, order)
        if pid is None:
            raise NotConfined("the process that starts tasks keeps ending")
        return Started(pid, str(facts.get("mounts", "")))

    def _request(self, file: int, streams: Sequence[int]) -> bytes:
        """Returns everything that is written until the program has begun; b"" if the launcher has died."""
        assert self._socket
        reading, writing = os.pipe()
        try:
            with suppress(OSError):
                socket.send_fds(self._socket, [b"+"], [file, writing, *streams])
            os.close(writing)
            writing = -1
            return _read_all(reading)
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)

    def _restart_and_request(self, file: int, streams: Sequence[int]) -> bytes:
        self._end()
        self._begin()
        return self._request(file, streams)

    def _begin(self) -> None:
        self._socket, child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with child_end:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-X", "utf8", "-m", "runner.isolation.launcher_child"],
                stdin=child_end.fileno(),
                stdout=subprocess.DEVNULL,
                env={"PYTHONPATH": str(Path(__file__).parents[2])},
                cwd="/",
                start_new_session=True,
            )
        give_back_limit(self._process.pid)

    def _end(self) -> None:
        if self._socket:
            self._socket.close()
        if self._process:
            self._process.wait()
        self._process = self._socket = None


def _memory_file(order: Order) -> int:
    """Writes the order to a file in memory: it may be larger than a socket message."""
    descriptor = os.memfd_create("order")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(json.dumps(order.to_json()).encode())
    return descriptor


def _read_all(reading: int) -> bytes:
    """Reads until the last writer has ended, or has executed the program."""
    waiting = poll()
    waiting.register(reading)
    data = bytearray()
    while waiting.poll(_TIMEOUT_MS):
        if not (piece := os.read(reading, _CHUNK)):
            return bytes(data)
        data += piece
    raise NotConfined("the process that starts tasks does not respond")


def _facts(line: bytes) -> Iterable[tuple[str, object]]:
    facts: dict[str, object] = json.loads(line)
    return facts.items()


def _error_of(facts: dict[str, object], order: Order) -> OSError:
    number, about = facts["errno"], str(facts["about"])
    if facts["step"] == "confine" or not isinstance(number, int):
        return NotConfined(f"{about}: {facts['text']}" if about else str(facts["text"]))
    name = order.folder if facts["step"] == "folder" else order.argv[0]
    return OSError(number, os.strerror(number), name)
