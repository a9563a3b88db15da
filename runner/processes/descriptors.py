"""Sets the limit of open files (file descriptors) of this process and of programs of tasks."""

import resource
import sys
from contextlib import suppress

_AT_START = resource.getrlimit(resource.RLIMIT_NOFILE)
"""The soft and the hard limit with which this process began."""


def raise_limit() -> int:
    """Raises the soft limit to the hard one, which needs no permission. Returns how many files may be open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return sys.maxsize
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def give_back_limit(pid: int) -> None:
    """Gives a program that was just started the soft limit that this process began with.

    Programs that use select(), or that close all descriptors up to the limit, rely on a small one.
    """
    if resource.getrlimit(resource.RLIMIT_NOFILE) == _AT_START or not hasattr(resource, "prlimit"):
        return
    with suppress(OSError):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, _AT_START)
