"""The ways of isolating tasks, the best first, and what tasks can still reach with each."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from models.errors import Fault

KILLS: Final = "a task can end processes of the server's user: Landlock of Linux 6.12 or later would prevent it"
ARTIFACTS: Final = (
    "a task can read artifacts of other namespaces if it knows their names: the worker cannot create mounts, "
    "and the system has no Landlock"
)
SOCKETS: Final = (
    "a task can connect to the embedded database: namespaces are not allowed here, so use --database-url with a "
    "password that is in no file, or start as root"
)
ALL: Final = "a task can read and end what the server's user can: its token, its key, the database, other tasks"


class IsolationUnavailable(Fault):
    """Isolation is required, but not available on this machine."""


class Policy(StrEnum):
    """`required`: a worker does not start if a task could reach anything of the server."""

    AUTO = "auto"
    REQUIRED = "required"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Way:
    """`user`: each attempt has its own user. The other fields are those of Confinement."""

    name: str
    user: bool = False
    user_namespace: bool = False
    mounts: bool = False
    landlock: bool = False
    lacks: tuple[str, ...] = ()

    @property
    def confines(self) -> bool:
        return self.user or self.user_namespace or self.landlock


OFF: Final = Way("none", lacks=(ALL,))


def possible(landlock: int, signals_since: int) -> Sequence[Way]:
    """Returns the ways that this process should try. `landlock` is the version of Landlock, 0 if there is none."""
    if sys.platform != "linux" or not hasattr(os, "memfd_create"):
        return ()
    if os.geteuid() == 0:
        ways = [Way("users", user=True, mounts=True)]
        if landlock:
            ways.append(Way("users-landlock", user=True, landlock=True))
        return [*ways, Way("users-alone", user=True, lacks=(ARTIFACTS,))]
    kills = () if landlock >= signals_since else (KILLS,)
    ways = [Way("namespaces", user_namespace=True, mounts=True, lacks=kills)]
    if landlock:
        ways.append(Way("landlock", landlock=True, lacks=(SOCKETS, *kills)))
    return ways
