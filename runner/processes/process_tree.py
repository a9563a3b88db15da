"""Finds and ends all processes of one attempt: the leader's session and group, their descendants, and orphans.

A task may fork twice, begin its own session and end the parents. On Linux this process adopts such orphans, so they are
found among its children: by the mark in their environment, by their working directory, or, if tasks are isolated, by
the user or the mount namespace that only this attempt has.
"""

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from runner.processes.process_table import (
    ProcessInfo,
    all_processes,
    environment_of,
    folder_of,
    mounts_of,
    own_children,
    user_of,
)

logger = logging.getLogger("headway.processes")

_PR_SET_CHILD_SUBREAPER = 36
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.05
_GIVE_UP_AFTER = 10.0
"""Seconds after which a process that SIGKILL does not end (it hangs in the kernel) is given up."""
_ROUNDS = 50
_EMPTY_SCANS = 3
_STRAGGLERS_GRACE = 1.0
_INIT = 1

_Found = TypeVar("_Found")


def adopt_orphans() -> None:
    """Makes this process, instead of init, adopt orphaned descendants. Supported only by Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass(slots=True)
class ProcessTree:
    """`leader` must not have been reaped: until then neither its pid nor its group id can be reused."""

    leader: int
    mark: bytes
    folder: str
    user: int | None = None
    """A user that only this attempt has."""
    mounts: str = ""
    """A mount namespace that only this attempt has."""
    _known: set[tuple[int, int]] = field(default_factory=set)

    async def terminate(self, force: asyncio.Event, grace: float) -> None:
        """Sends SIGTERM, and SIGKILL after `grace` seconds or when `force` is set. Returns when no process is left."""
        if grace > 0 and not force.is_set():
            self._signal(await _in_thread(self.members), signal.SIGTERM, signal.SIGCONT)
            await self._wait_until_gone(grace, force)
        await self.kill()

    async def end_stragglers(self, others: Container[int] = ()) -> None:
        """After the leader has ended, gives its remaining processes a second to end. `others` are children of this
        process that have another owner: they are skipped, which makes this cheap if no process is left."""
        # A process that is forking and ending can be missed by one scan.
        if any(self._has_stragglers(others) for _ in range(_EMPTY_SCANS)):
            await self.terminate(asyncio.Event(), _STRAGGLERS_GRACE)

    async def kill(self) -> None:
        """Sends SIGKILL until no process is left. One that keeps forking can be missed by one scan, hardly by three."""
        started = asyncio.get_running_loop().time()
        pause = _FIRST_PAUSE
        scans = 0
        while scans < _EMPTY_SCANS:
            if not await _in_thread(self.kill_once):
                scans += 1
                continue
            if asyncio.get_running_loop().time() - started > _GIVE_UP_AFTER:
                logger.error("processes of %s did not end after SIGKILL", self.mark.decode())
                return
            scans = 0
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def kill_once(self) -> bool:
        """Stops all processes before it kills any, so that none forks meanwhile. Returns False if there was none."""
        stopped: dict[int, ProcessInfo] = {}
        for _ in range(_ROUNDS):
            fresh = [seen for seen in self.members() if seen.pid not in stopped]
            if not fresh:
                break
            self._signal(fresh, signal.SIGSTOP)
            stopped |= {seen.pid: seen for seen in fresh}
        self._signal(stopped.values(), signal.SIGKILL)
        return bool(stopped)

    def members(self) -> list[ProcessInfo]:
        """Returns the live processes, and reaps those children of this process that have ended."""
        processes = all_processes()
        found = {seen.pid: seen for seen in processes if self._is_root(seen)}
        grown = True
        while grown:
            young = [s for s in processes if s.parent in found and s.pid not in found]
            found |= {seen.pid: seen for seen in young}
            grown = bool(young)
        self._known |= {(seen.pid, seen.started) for seen in found.values()}
        self._reap(found.values())
        return [seen for seen in found.values() if not seen.zombie]

    def _is_root(self, seen: ProcessInfo) -> bool:
        if self.leader in (seen.pid, seen.group, seen.session):
            return True
        if (seen.pid, seen.started) in self._known:
            return True
        return seen.parent in (os.getpid(), _INIT) and self._is_marked(seen)

    def _is_marked(self, seen: ProcessInfo) -> bool:
        if b"\0" + self.mark + b"\0" in environment_of(seen.pid):
            return True
        if (folder_of(seen.pid) + "/").startswith(self.folder + "/"):
            return True
        if self.user is not None and user_of(seen.pid) == self.user:
            return True
        return bool(self.mounts) and mounts_of(seen.pid) == self.mounts

    def _has_stragglers(self, others: Container[int]) -> bool:
        """On Linux the leader's remaining processes are now children of this process, or descendants of those."""
        if sys.platform != "linux":
            return bool(self.members())
        children = [seen for seen in own_children(but=others) if seen.pid != self.leader]
        mine = [seen for seen in children if self._is_root(seen)]
        self._reap(mine)
        return any(not seen.zombie for seen in mine)

    async def _wait_until_gone(self, seconds: float, force: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        pause = _FIRST_PAUSE
        while loop.time() < end and not force.is_set():
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if not self.members():
                return

    def _reap(self, found: Iterable[ProcessInfo]) -> None:
        """Reaps ended children of this process, except the leader, which its owner reaps."""
        me = os.getpid()
        for seen in found:
            if seen.zombie and seen.parent == me and seen.pid != self.leader:
                reap(seen.pid)

    def _signal(self, members: Iterable[ProcessInfo], *signals: signal.Signals) -> None:
        for seen in members:
            for number in signals:
                try:
                    os.kill(seen.pid, number)
                except ProcessLookupError:
                    break
                except PermissionError:
                    logger.warning(
                        "no permission to signal process %d of %s", seen.pid, self.mark.decode()
                    )
                    break


async def _in_thread(scan: Callable[[], _Found]) -> _Found:
    """Runs `scan` in a thread, or in this one if no thread can be started (a fork bomb must be ended all the same)."""
    try:
        return await asyncio.to_thread(scan)
    except RuntimeError:
        return scan()


def reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


class OrphanReaper:
    """Reaps adopted orphans that ended unnoticed. A zombie is reaped only if the previous scan saw it too, so that code
    which started a child has had time to reap it itself."""

    def __init__(self) -> None:
        self._before: set[tuple[int, int]] = set()

    def scan(self, but: Iterable[int]) -> None:
        spared = set(but)
        ended = {(s.pid, s.started) for s in own_children() if s.zombie and s.pid not in spared}
        for pid, _ in ended & self._before:
            reap(pid)
        self._before = ended
