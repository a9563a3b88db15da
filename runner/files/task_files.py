"""Files in the folder of a task, which the worker opens with its own rights. The task may put there whatever it likes,
at any moment: links to files of the worker, pipes, a link in place of the folder itself."""

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from runner.files.artifact_store import ArtifactRefused

_BLOCK = 512
_ROOMY = 1024 * 1024


def open_inside(folder: Path, path: str, owner: int | None = None) -> BinaryIO:
    """The file that `path` means within `folder`, which is absolute and without links; with an owner only one that is
    this user's. Raises ArtifactRefused when it leads out, or there is none."""
    place = _place(folder, path)
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ArtifactRefused(f"artifact {path!r} cannot be read: {error.strerror}") from error
    file = os.fdopen(descriptor, "rb")
    try:
        status = os.fstat(descriptor)
        # On the way to what was opened a link may have stood for a moment.
        _check(path, _place(folder, path) == place and os.path.samestat(status, os.lstat(place)))
        _check(path, stat.S_ISREG(status.st_mode) and owner in (None, status.st_uid))
    except OSError as error:
        file.close()
        raise ArtifactRefused(f"artifact {path!r} cannot be read: {error.strerror}") from error
    except ArtifactRefused:
        file.close()
        raise
    return file


def _check(path: str, good: bool) -> None:
    if not good:
        raise ArtifactRefused(f"artifact {path!r} is not the task's own file")


def _place(folder: Path, path: str) -> Path:
    try:
        file = (folder / path).resolve()
        if not file.is_relative_to(folder):
            raise ArtifactRefused(f"artifact {path!r} leads out of the working directory")
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "is not there"
            raise ArtifactRefused(f"artifact {path!r} {what}")
    except (OSError, ValueError, RuntimeError) as error:
        raise ArtifactRefused(f"artifact {path!r} cannot be read: {error}") from error
    return file


def is_mostly_holes(file: BinaryIO, room: int) -> bool:
    """Whether it would take more than this room although it takes next to none where it is."""
    status = os.fstat(file.fileno())
    taken = status.st_blocks * _BLOCK
    return status.st_size > room and status.st_size > 2 * taken + _ROOMY


def files_matching(folder: Path, pattern: str) -> list[str]:
    """Paths within `folder`, in order; raises ArtifactRefused when there is none."""
    if not glob.has_magic(pattern):
        _place(folder, pattern)
        return [pattern]
    if folder.resolve() != folder:
        raise ArtifactRefused(f"artifact {pattern!r} leads out of the working directory")
    deep = "**" in pattern.split("/")
    found = sorted(_beneath(folder, pattern) if deep else glob.glob(pattern, root_dir=folder))
    files = [path for path in found if (folder / path).is_file()]
    if not files:
        raise ArtifactRefused(f"no file matches artifact {pattern!r}")
    for path in files:
        # What is in a folder that a link leads to, only the worker may know by name.
        known = (folder / path).parent.resolve().is_relative_to(folder)
        _place(folder, path) if known else _check_inside(folder, path, pattern)
    return files


def _check_inside(folder: Path, path: str, shown: str) -> None:
    if not (folder / path).resolve().is_relative_to(folder):
        raise ArtifactRefused(f"artifact {shown!r} leads out of the working directory")


def _beneath(folder: Path, pattern: str) -> Iterator[str]:
    """As glob finds them, but that no link to a folder is followed: it may lead anywhere."""
    wanted = pattern.split("/")
    for root, _, names in os.walk(folder):
        inside = os.path.relpath(root, folder)
        for name in names:
            path = name if inside == "." else f"{inside}/{name}"
            if _fits(path.split("/"), wanted):
                yield path


def _fits(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """`places` are those in the pattern that the path may have come to."""
    places = _onward({0}, pattern)
    for name in path:
        reached = set()
        for place in places - {len(pattern)}:
            part = pattern[place]
            if name.startswith(".") and not part.startswith("."):
                continue
            if part == "**":
                reached.add(place)
            elif fnmatchcase(name, part):
                reached.add(place + 1)
        places = _onward(reached, pattern)
    return len(pattern) in places


def _onward(places: set[int], pattern: Sequence[str]) -> set[int]:
    """With those after a `**`, which may stand for nothing."""
    found = set(places)
    for place, part in enumerate(pattern):
        if place in found and part == "**":
            found.add(place + 1)
    return found
