"""Landlock: restricts the files that a process and its descendants can access, and the processes they can signal."""

import ctypes
import os
from collections.abc import Iterable, Iterator

from runner.isolation.kernel import check, syscall

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_BENEATH = 1
_VERSION = 1
_SCOPES = 0b11
"""Abstract sockets, and signals."""
SCOPES_SINCE = 6
"""The first version of Landlock with scopes."""
_FILE_RIGHTS = 0xC007
"""Rights for anything but folders: execute, write, read, truncate, control a device."""
_READING = 0b1101
"""Execute, read, list."""
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""The number of rights, by version of Landlock."""


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Rule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Returns 0 if the system has no Landlock."""
    return max(0, syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION)))


def restrict(hidden: Iterable[str] | None, shown: Iterable[tuple[str, bool]] = ()) -> None:
    """Allows access to all files except those in `hidden`; within these, `shown` stays accessible: paths, and whether
    they are writable. None restricts no files. Signals and abstract sockets reach only this process and its
    descendants."""
    supported = version()
    rights = (1 << _RIGHTS.get(supported, 16)) - 1 if hidden is not None else 0
    scoped = _SCOPES if supported >= SCOPES_SINCE else 0
    if not rights and not scoped:
        return
    ruleset = _Ruleset(rights, 0, scoped)
    size = ctypes.sizeof(ruleset) if supported >= SCOPES_SINCE else 8
    made = syscall(_CREATE, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0))
    descriptor = check(made, "landlock")
    try:
        if hidden is not None:
            out_of_reach = frozenset(hidden)
            for path in _around("/", out_of_reach):
                _allow(descriptor, path, rights)
            for path, writable in shown:
                _allow(descriptor, path, rights if writable else rights & _READING)
        restricted = syscall(_RESTRICT, ctypes.c_int(descriptor), ctypes.c_uint32(0))
        check(restricted, "landlock")
    finally:
        os.close(descriptor)


def _around(folder: str, hidden: frozenset[str]) -> Iterator[str]:
    """Yields paths that together hold everything outside of `hidden`, as few as possible."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        if path in hidden:
            continue
        if any(one.startswith(path + "/") for one in hidden):
            yield from _around(path, hidden)
        else:
            yield path


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Adds a rule for `path`, unless the path is gone or this user cannot open it anyway."""
    try:
        parent = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        folder = os.path.isdir(f"/proc/self/fd/{parent}") and not os.path.islink(path)
        rule = _Rule(rights if folder else rights & _FILE_RIGHTS, parent)
        added = syscall(
            _ADD,
            ctypes.c_int(ruleset),
            ctypes.c_int(_BENEATH),
            ctypes.byref(rule),
            ctypes.c_uint32(0),
        )
        check(added, path)
    finally:
        os.close(parent)
