"""Restricts a process (user, files, privileges) before it executes the program of a task."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any, Self

from runner.isolation import kernel, landlock

_OWN_DESCRIPTORS = (1, 2, 3)
"""Log and message pipes, which a program may open again as /dev/stdout and the like."""
_SHARED_MEMORY = "/dev/shm"
_NOTHING = "/dev/null"
_MAPPED_ID = 1000
"""The user id to which a user namespace maps root: as root, the task would have all privileges again."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """Paths are absolute and without links. `user` is the user id and group id to switch to. `mounts` hides files by a
    mount namespace, `landlock` by Landlock."""

    user: int | None = None
    user_namespace: bool = False
    mounts: bool = False
    landlock: bool = False
    hidden: tuple[str, ...] = ()
    """Folders and files."""
    readable: tuple[str, ...] = ()
    """Read-only, also within `hidden`."""
    writable: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**fields)

    def enter(self) -> None:
        """Restricts this process irrevocably. Raises OSError if the system does not permit a step."""
        if self.user is not None:
            for descriptor in _OWN_DESCRIPTORS:
                os.fchown(descriptor, self.user, self.user)
        if self.user_namespace or self.mounts:
            self._enter_namespaces()
        if self.mounts:
            kernel.mount("", "/", "", kernel.RECURSIVE | kernel.PRIVATE)
            self._rearrange()
            if self.user is not None:
                kernel.show_own_processes()
        kernel.disallow_new_privileges()
        if self.landlock:
            shown = [(path, False) for path in self.readable]
            hidden = {*self.hidden, *self.readable}
            landlock.restrict(hidden, [*shown, *((path, True) for path in self.writable)])
        else:
            landlock.restrict(None)
        if self.user is not None:
            os.setgroups([])
            os.setresgid(self.user, self.user, self.user)
            os.setresuid(self.user, self.user, self.user)

    def _enter_namespaces(self) -> None:
        user, group = os.geteuid(), os.getegid()
        kernel.unshare(
            (kernel.NEW_NAMESPACES_OF_USERS if self.user_namespace else 0)
            | (kernel.NEW_NAMESPACES_OF_FILES | kernel.NEW_NAMESPACES_OF_IPC if self.mounts else 0)
        )
        if self.user_namespace:
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{user or _MAPPED_ID} {user} 1")
            _write("/proc/self/gid_map", f"{group or _MAPPED_ID} {group} 1")

    def _rearrange(self) -> None:
        """Hides and shows paths from the outermost inwards, so that a path can be hidden within a shown one."""
        shown = {path: False for path in self.readable} | {path: True for path in self.writable}
        opened = {path: number for path in shown if (number := _opened(path)) is not None}
        hidden = set(self.hidden) | {_SHARED_MEMORY}
        covered: list[str] = []
        for path in sorted({*hidden, *opened}, key=lambda one: len(PurePath(one).parts)):
            if path in opened:
                _show(opened[path], path, shown[path])
            elif os.path.isdir(path):
                mode = "mode=1777" if path == _SHARED_MEMORY else "mode=755"
                kernel.mount("tmpfs", path, "tmpfs", kernel.NO_SETUID | kernel.NO_DEVICES, mode)
                covered += [path] if path != _SHARED_MEMORY else []
            elif os.path.exists(path):
                kernel.mount(_NOTHING, path, "", kernel.BIND)
        for path in covered:
            kernel.make_read_only(path)
        for number in opened.values():
            os.close(number)


def _opened(path: str) -> int | None:
    try:
        return os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None


def _show(number: int, path: str, writable: bool) -> None:
    """Mounts what was opened as `number` at its own path again."""
    source = f"/proc/self/fd/{number}"
    if not os.path.lexists(path):
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        if os.path.isdir(source):
            os.mkdir(path, 0o755)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    kernel.mount(source, path, "", kernel.BIND | kernel.RECURSIVE)
    if not writable:
        kernel.make_read_only(path)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


@dataclass(frozen=True, slots=True)
class Order:
    """A program to run under a confinement."""

    argv: Sequence[str]
    folder: str
    env: Mapping[str, str]
    confinement: Confinement

    def to_json(self) -> dict[str, Any]:
        program = {"argv": list(self.argv), "folder": self.folder, "env": dict(self.env)}
        return {**program, "confinement": self.confinement.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        confinement = Confinement.from_json(data["confinement"])
        return cls(data["argv"], data["folder"], data["env"], confinement)
