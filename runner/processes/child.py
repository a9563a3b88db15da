"""A process that was started for an attempt: it leads its own session, and has pipes for its log and messages."""

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
_OOM_INCREASE, _OOM_MAX = 500, 1000
"""Values of oom_score_adj, where 1000 corresponds to all memory of the machine."""


@dataclass(frozen=True, slots=True)
class Program:
    argv: Sequence[str]
    folder: str
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Exit:
    """`code` is negative if a signal ended the process: -9 is SIGKILL. (137 is how a shell reports that of its child.)
    `max_rss` is in bytes; it and `cpu_seconds` include children that were waited for.

    `max_rss` is None if it is not above that of the worker, because the system counts the memory before `exec` too.
    """

    code: int
    max_rss: int | None
    cpu_seconds: float

    @property
    def by_signal(self) -> bool:
        return self.code < 0

    @property
    def sentence(self) -> str:
        """Says why the process failed; empty if it did not."""
        if self.by_signal:
            return f"killed by {_signal_name(-self.code)}"
        return f"exit code {self.code}" if self.code else ""

    @property
    def resources(self) -> dict[str, Any]:
        used = {"maxRssBytes": self.max_rss, "cpuSeconds": round(self.cpu_seconds, 6)}
        return {name: value for name, value in used.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Started:
    """`mounts` is the mount namespace of the process if it has its own."""

    pid: int
    mounts: str = ""


Starts = Callable[[Program, Sequence[int]], Started]
"""Starts a child of this process. The descriptors are stdout, stderr, and the message pipe, which the child gets as
number MESSAGES. Raises OSError."""
MESSAGES = 3


class Child:
    """Created by `start`. Await `exited`, then call `reap` for the exit status and `close` to close the pipes."""

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
        """Starts the program, by `starts` if given. Raises OSError if that fails. $HEADWAY_FD is the number of the
        child's message pipe; $HEADWAY_FD_ID identifies the pipe, in case the number is reused for another file."""
        pipes = Pipe(), Pipe(), Pipe()
        stdout, stderr, messages = pipes
        process = None
        try:
            if starts:
                given = {**program.env, **_message_pipe_env(messages.writing, MESSAGES)}
                started = starts(
                    replace(program, env=given), [one.writing for one in (stdout, stderr, messages)]
                )
            else:
                process = _popen(program, stdout, stderr, messages)
                started = Started(process.pid)
        except BaseException:
            for pipe in pipes:
                pipe.close()
            raise
        for pipe in pipes:
            pipe.close_writing()
        give_back_limit(started.pid)
        _raise_oom_score(started.pid)
        return cls(started, pipes, process)

    async def exited(self) -> None:
        """Returns when the process has ended; its pid is not reused before `reap`."""
        if self._exit is not None:
            return
        if self._pidfd is not None:
            await Readiness(self._pidfd).wait()
        else:
            await asyncio.to_thread(os.waitid, os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def reap(self) -> Exit:
        """Returns how the process ended. Blocks until it has."""
        if self._exit is None:
            _, status, usage = os.wait4(self.pid, 0)
            code = os.waitstatus_to_exitcode(status)
            if self._process:
                self._process.returncode = code
            self._exit = Exit(
                code=code,
                max_rss=_own_rss(usage.ru_maxrss, self._floor),
                cpu_seconds=usage.ru_utime + usage.ru_stime,
            )
        return self._exit

    def close(self) -> None:
        for pipe in (self.stdout, self.stderr, self.messages):
            pipe.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


def _popen(
    program: Program, stdout: Pipe, stderr: Pipe, messages: Pipe
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        program.argv,
        cwd=program.folder,
        env={**program.env, **_message_pipe_env(messages.writing, messages.writing)},
        stdin=subprocess.DEVNULL,
        stdout=stdout.writing,
        stderr=stderr.writing,
        pass_fds=(messages.writing,),
        start_new_session=True,
    )


def _raise_oom_score(pid: int) -> None:
    """Makes the system kill the task rather than the worker when memory runs out, even a task of small processes."""
    with suppress(OSError, ValueError):
        own = int(Path("/proc/self/oom_score_adj").read_text())
        score = min(max(own, 0) + _OOM_INCREASE, _OOM_MAX)
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(score))


def _own_rss(max_rss: int, floor: int) -> int | None:
    return max_rss * _KIBIBYTE if max_rss > floor else None


def _message_pipe_env(descriptor: int, number: int) -> dict[str, str]:
    """`number` is the descriptor of the pipe in the child."""
    status = os.fstat(descriptor)
    return {"HEADWAY_FD": str(number), "HEADWAY_FD_ID": f"{status.st_dev}:{status.st_ino}"}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
