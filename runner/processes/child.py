"""One process started for an attempt: the leader of its session, with pipes for its log and its messages."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

from runner.processes.descriptors import give_back_limit
from runner.processes.pipe import Pipe, Readiness

_KIBIBYTE = 1024
_SOONER, _SOONEST = 500, 1000
"""Of a score in which 1000 stands for all memory that there is."""


@dataclass(frozen=True, slots=True)
class Program:
    argv: Sequence[str]
    folder: str
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Exit:
    """`code` is negative when a signal ended it: -9 is SIGKILL. The 137 of a shell is its own word, for a child of its.
    Bytes and CPU seconds, those of waited-for children included.

    `max_rss` is None when it is not above the worker's own: the system counts that in, from before the program began.
    """

    code: int
    max_rss: int | None
    cpu_seconds: float

    @property
    def by_signal(self) -> bool:
        return self.code < 0

    @property
    def sentence(self) -> str:
        """Why it counts as failed; empty when it does not."""
        if self.by_signal:
            return f"killed by {_signal_name(-self.code)}"
        return f"exit code {self.code}" if self.code else ""

    @property
    def resources(self) -> dict[str, Any]:
        used = {"maxRssBytes": self.max_rss, "cpuSeconds": round(self.cpu_seconds, 6)}
        return {name: value for name, value in used.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Started:
    """`mounts` is the mount namespace that is its own, if one is."""

    pid: int
    mounts: str = ""


Starts = Callable[[Program, Sequence[int]], Started]
"""Starts a child of this process with stdout, stderr and messages, which it finds under MESSAGES. Raises OSError."""
MESSAGES = 3


class Child:
    """Started by `start`; `exited` then `reap` end it, `close` lets its pipes go."""

    def __init__(
        self,
        started: Started,
        pipes: tuple[Pipe, Pipe, Pipe],
        process: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        self.pid, self.mounts = started.pid, started.mounts
        self.stdout, self.stderr, self.messages = pipes
        self._process = process
        self._exit: Exit | None = None
        self._floor = getrusage(RUSAGE_SELF).ru_maxrss
        self._pidfd = os.pidfd_open(started.pid) if hasattr(os, "pidfd_open") else None

    @classmethod
    def start(cls, program: Program, starts: Starts | None = None) -> "Child":
        """Raises OSError when it cannot be started. The child finds its message pipe in $HEADWAY_FD, and in
        $HEADWAY_FD_ID how to tell it from another that got its number. `starts` starts it in place of this process."""
        pipes = Pipe(), Pipe(), Pipe()
        stdout, stderr, messages = pipes
        process = None
        try:
            if starts:
                given = {**program.env, **_place_of(messages.writing, MESSAGES)}
                started = starts(
                    replace(program, env=given), [one.writing for one in (stdout, stderr, messages)]
                )
            else:
                process = _started(program, stdout, stderr, messages)
                started = Started(process.pid)
        except BaseException:
            for pipe in pipes:
                pipe.close()
            raise
        for pipe in pipes:
            pipe.close_writing()
        give_back_limit(started.pid)
        _make_first_to_go(started.pid)
        return cls(started, pipes, process)

    async def exited(self) -> None:
        """Returns when it has ended; its pid stays its own until `reap`."""
        if self._exit is not None:
            return
        if self._pidfd is not None:
            await Readiness(self._pidfd).wait()
        else:
            await asyncio.to_thread(os.waitid, os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def reap(self) -> Exit:
        """How it ended. Blocks if it has not."""
        if self._exit is None:
            _, status, usage = os.wait4(self.pid, 0)
            code = os.waitstatus_to_exitcode(status)
            if self._process:
                self._process.returncode = code
            self._exit = Exit(
                code=code,
                max_rss=_told(usage.ru_maxrss, self._floor),
                cpu_seconds=usage.ru_utime + usage.ru_stime,
            )
        return self._exit

    def close(self) -> None:
        for pipe in (self.stdout, self.stderr, self.messages):
            pipe.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


def _started(
    program: Program, stdout: Pipe, stderr: Pipe, messages: Pipe
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        program.argv,
        cwd=program.folder,
        env={**program.env, **_place_of(messages.writing, messages.writing)},
        stdin=subprocess.DEVNULL,
        stdout=stdout.writing,
        stderr=stderr.writing,
        pass_fds=(messages.writing,),
        start_new_session=True,
    )


def _make_first_to_go(pid: int) -> None:
    """When memory runs out the system is to kill the task, many small processes too, before the worker beside it."""
    with suppress(OSError, ValueError):
        own = int(Path("/proc/self/oom_score_adj").read_text())
        score = min(max(own, 0) + _SOONER, _SOONEST)
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(score))


def _told(max_rss: int, floor: int) -> int | None:
    return max_rss * _KIBIBYTE if max_rss > floor else None


def _place_of(descriptor: int, number: int) -> dict[str, str]:
    """`number` is what the child has it under."""
    status = os.fstat(descriptor)
    return {
        "HEADWAY_FD": str(number),
        "HEADWAY_FD_ID": f"{status.st_dev}:{status.st_ino}",
    }


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
