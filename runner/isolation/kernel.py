"""Linux system calls for which Python has no function."""

import ctypes
import os
import re

NEW_NAMESPACES_OF_FILES = 0x00020000
NEW_NAMESPACES_OF_IPC = 0x08000000
NEW_NAMESPACES_OF_USERS = 0x10000000

READ_ONLY, NO_SETUID, NO_DEVICES, REMOUNT, BIND, RECURSIVE, PRIVATE = (
    1,
    2,
    4,
    32,
    4096,
    16384,
    1 << 18,
)
_NO_EXECUTION = 8
_PROCESSES_SINCE = (5, 8)
"""Before this version of Linux, `hidepid` applies to all mounts of /proc: it would restrict other programs too."""
_KEPT = NO_SETUID | NO_DEVICES | _NO_EXECUTION
"""Flags of a mount that must be kept when it is made read-only; statvfs uses the same numbers."""
_SET_NO_NEW_PRIVILEGES = 38
_FORMATS = "/proc/sys/fs/binfmt_misc"

_libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, about: str) -> int:
    """Raises OSError if the call failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), about)
    return result


def syscall(number: int, *arguments: object) -> int:
    return int(_libc.syscall(ctypes.c_long(number), *arguments))


def unshare(flags: int) -> None:
    check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    texts = [os.fsencode(text) or None for text in (source, target, kind)]
    check(_libc.mount(*texts, ctypes.c_ulong(flags), os.fsencode(data) or None), target)


def make_read_only(target: str) -> None:
    kept = os.statvfs(target).f_flag & _KEPT
    mount("", target, "", REMOUNT | BIND | READ_ONLY | kept)


def show_own_processes() -> None:
    """Remounts /proc so that users other than root see only their own processes. Does nothing if a container has
    covered parts of /proc: they would become visible."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
        covered = {line.split()[4] for line in mounts} - {"/proc", _FORMATS}
    version = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
    if version >= _PROCESSES_SINCE and not any(one.startswith("/proc/") for one in covered):
        flags = NO_SETUID | NO_DEVICES | _NO_EXECUTION
        mount("proc", "/proc", "proc", flags, "hidepid=2")


def disallow_new_privileges() -> None:
    """Prevents that any later `exec` gains privileges, as setuid programs do."""
    check(_libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
