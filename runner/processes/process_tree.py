"""All processes of one attempt: the leader's session and group, their descendants, and orphans that carry its mark.

A task may fork twice, begin a session of its own and let its parents die. On Linux this process is the one that such
orphans fall to, so they are found among its children by the mark in their environment, by the folder they stand in, and
where tasks are kept apart by the user or the mount namespace that is the attempt's alone.
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

from runner.processes.census import (
    Seen,
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
"""Seconds after which a process that SIGKILL does not end (it hangs in the kernel) is left."""
_ROUNDS = 50
_EMPTY_LOOKS = 3
_STRAGGLERS_GRACE = 1.0
_INIT = 1

_Found = TypeVar("_Found")


def adopt_orphans() -> None:
    """Have orphaned descendants fall to this process and not to init. Only Linux knows how."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@dataclass(slots=True)
class Family:
    """`leader` must not have been reaped: until then neither its pid nor its group can be another's."""

    leader: int
    mark: bytes
    folder: str
    user: int | None = None
    """Whom nobody else runs as."""
    mounts: str = ""
    """The mount namespace that nobody else lives in."""
    _known: set[tuple[int, int]] = field(default_factory=set)

    async def terminate(self, hurry: asyncio.Event, grace: float) -> None:
        """SIGTERM, after `grace` seconds or when `hurry` is set SIGKILL; returns when nobody is left."""
        if grace > 0 and not hurry.is_set():
            self._signal(await _aside(self.members), signal.SIGTERM, signal.SIGCONT)
            await self._wait_until_gone(grace, hurry)
        await self.kill()

    async def end_stragglers(self, others: Container[int] = ()) -> None:
        """After the leader's own end: whoever it left behind gets a second to end. Costs little if there is nobody:
        `others` are children of this process that have an owner, and are not looked at."""
        # Who forks and ends just now can be missed by one look.
        if any(self._left_behind(others) for _ in range(_EMPTY_LOOKS)):
            await self.terminate(asyncio.Event(), _STRAGGLERS_GRACE)

    async def kill(self) -> None:
        """SIGKILL until nobody is left. Who forks and ends all the time can be missed by one look, hardly by three."""
        started = asyncio.get_running_loop().time()
        pause = _FIRST_PAUSE
        looks = 0
        while looks < _EMPTY_LOOKS:
            if not await _aside(self.kill_once):
                looks += 1
                continue
            if asyncio.get_running_loop().time() - started > _GIVE_UP_AFTER:
                logger.error("processes of %s outlive SIGKILL", self.mark.decode())
                return
            looks = 0
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def kill_once(self) -> bool:
        """Stops all before it kills any, so that nobody forks meanwhile; whether there was anyone."""
        stopped: dict[int, Seen] = {}
        for _ in range(_ROUNDS):
            fresh = [seen for seen in self.members() if seen.pid not in stopped]
            if not fresh:
                break
            self._signal(fresh, signal.SIGSTOP)
            stopped |= {seen.pid: seen for seen in fresh}
        self._signal(stopped.values(), signal.SIGKILL)
        return bool(stopped)

    def members(self) -> list[Seen]:
        """Those alive now; buries the dead among our own children."""
        processes = all_processes()
        found = {seen.pid: seen for seen in processes if self._is_root(seen)}
        grown = True
        while grown:
            young = [s for s in processes if s.parent in found and s.pid not in found]
            found |= {seen.pid: seen for seen in young}
            grown = bool(young)
        self._known |= {(seen.pid, seen.started) for seen in found.values()}
        self._bury(found.values())
        return [seen for seen in found.values() if not seen.zombie]

    def _is_root(self, seen: Seen) -> bool:
        if self.leader in (seen.pid, seen.group, seen.session):
            return True
        if (seen.pid, seen.started) in self._known:
            return True
        return seen.parent in (os.getpid(), _INIT) and self._is_marked(seen)

    def _is_marked(self, seen: Seen) -> bool:
        if b"\0" + self.mark + b"\0" in environment_of(seen.pid):
            return True
        if (folder_of(seen.pid) + "/").startswith(self.folder + "/"):
            return True
        if self.user is not None and user_of(seen.pid) == self.user:
            return True
        return bool(self.mounts) and mounts_of(seen.pid) == self.mounts

    def _left_behind(self, others: Container[int]) -> bool:
        """Whoever the leader left is our child now, or a descendant of one, where orphans fall to us."""
        if sys.platform != "linux":
            return bool(self.members())
        strangers = [seen for seen in own_children(but=others) if seen.pid != self.leader]
        mine = [seen for seen in strangers if self._is_root(seen)]
        self._bury(mine)
        return any(not seen.zombie for seen in mine)

    async def _wait_until_gone(self, seconds: float, hurry: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        pause = _FIRST_PAUSE
        while loop.time() < end and not hurry.is_set():
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if not self.members():
                return

    def _bury(self, dead: Iterable[Seen]) -> None:
        """The leader is its owner's to reap."""
        me = os.getpid()
        for seen in dead:
            if seen.zombie and seen.parent == me and seen.pid != self.leader:
                bury(seen.pid)

    def _signal(self, members: Iterable[Seen], *signals: signal.Signals) -> None:
        for seen in members:
            for number in signals:
                try:
                    os.kill(seen.pid, number)
                except ProcessLookupError:
                    break
                except PermissionError:
                    logger.warning("process %d of %s is not ours", seen.pid, self.mark.decode())
                    break


async def _aside(look: Callable[[], _Found]) -> _Found:
    """In a thread; here and now where a bomb has left not even one, for it is to be ended all the same."""
    try:
        return await asyncio.to_thread(look)
    except RuntimeError:
        return look()


def bury(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


class OrphanReaper:
    """Reaps orphans that fell to this process and died unseen: zombies that were zombies at the last look too, so
    that whoever started a child itself has had the time to ask for its end."""

    def __init__(self) -> None:
        self._before: set[tuple[int, int]] = set()

    def look(self, but: Iterable[int]) -> None:
        spared = set(but)
        dead = {(s.pid, s.started) for s in own_children() if s.zombie and s.pid not in spared}
        for pid, _ in dead & self._before:
            bury(pid)
        self._before = dead
