"""The worker's end of the process that starts tasks' programs."""

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

_ANSWERS_WITHIN = 20_000
"""Milliseconds; it takes one or two."""
_CHUNK = 64 * 1024


class NotConfined(OSError):
    """The system does not grant what is to keep the program apart."""


class Launcher:
    """Context manager. A process that died is replaced at the next start."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None

    def __enter__(self) -> "Launcher":
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, order: Order, streams: Sequence[int]) -> Started:
        """A child of this process, which adopts orphans. `streams`: stdout, stderr and messages.

        Raises OSError as `subprocess.Popen` does, and NotConfined.
        """
        paper = _paper(order)
        try:
            told = self._ask(paper, streams) or self._ask_another(paper, streams)
        finally:
            os.close(paper)
        lines = told.splitlines()
        # Two processes tell, and either may be the first.
        pid = next((int(line) for line in lines if line.isdigit()), None)
        facts = {name: v for line in lines if not line.isdigit() for name, v in _facts(line)}
        if "step" in facts and pid:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        if "step" in facts:
            raise _trouble(facts, order)
        if pid is None:
            raise NotConfined("the process that starts tasks keeps ending")
        return Started(pid, str(facts.get("mounts", "")))

    def _ask(self, paper: int, streams: Sequence[int]) -> bytes:
        """Everything told until the program had begun; nothing when it has died."""
        assert self._door
        reading, writing = os.pipe()
        try:
            with suppress(OSError):
                socket.send_fds(self._door, [b"+"], [paper, writing, *streams])
            os.close(writing)
            writing = -1
            return _everything(reading)
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)

    def _ask_another(self, paper: int, streams: Sequence[int]) -> bytes:
        self._end()
        self._begin()
        return self._ask(paper, streams)

    def _begin(self) -> None:
        self._door, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its_end:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-X", "utf8", "-m", "runner.isolation.launcher_child"],
                stdin=its_end.fileno(),
                stdout=subprocess.DEVNULL,
                env={"PYTHONPATH": str(Path(__file__).parents[2])},
                cwd="/",
                start_new_session=True,
            )
        give_back_limit(self._process.pid)

    def _end(self) -> None:
        if self._door:
            self._door.close()
        if self._process:
            self._process.wait()
        self._process = self._door = None


def _paper(order: Order) -> int:
    """The order as a file in memory: it may be longer than what a socket takes at once."""
    paper = os.memfd_create("order")
    with open(paper, "wb", closefd=False) as file:
        file.write(json.dumps(order.written()).encode())
    return paper


def _everything(reading: int) -> bytes:
    """Until the last who could write has ended, or become the program."""
    waiting = poll()
    waiting.register(reading)
    told = bytearray()
    while waiting.poll(_ANSWERS_WITHIN):
        if not (piece := os.read(reading, _CHUNK)):
            return bytes(told)
        told += piece
    raise NotConfined("the process that starts tasks does not answer")


def _facts(line: bytes) -> Iterable[tuple[str, object]]:
    facts: dict[str, object] = json.loads(line)
    return facts.items()


def _trouble(told: dict[str, object], order: Order) -> OSError:
    number, about = told["errno"], str(told["about"])
    if told["step"] == "confine" or not isinstance(number, int):
        return NotConfined(f"{about}: {told['text']}" if about else str(told["text"]))
    name = order.folder if told["step"] == "folder" else order.argv[0]
    return OSError(number, os.strerror(number), name)
