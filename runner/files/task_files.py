"""Opens files in the working directory of a task. The worker does so with its own permissions, and the task may put
anything there at any moment: links to files of the worker, pipes, a link in place of the directory itself."""

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
    """Opens the file `path` within `folder`, which is absolute and without links; with `owner`, only a file of that
    user. Raises ArtifactRefused if the path leads out of the folder or no such file exists."""
    place = _place(folder, path)
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ArtifactRefused(f"artifact {path!r} cannot be read: {error.strerror}") from error
    file = os.fdopen(descriptor, "rb")
    try:
        status = os.fstat(descriptor)
        # A part of the path may have been a link for a moment while the file was opened.
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
            what = "is a folder" if file.is_dir() else "does not exist"
            raise ArtifactRefused(f"artifact {path!r} {what}")
    except (OSError, ValueError, RuntimeError) as error:
        raise ArtifactRefused(f"artifact {path!r} cannot be read: {error}") from error
    return file


def is_mostly_holes(file: BinaryIO, room: int) -> bool:
    """Checks for a sparse file: its copy would need more than `room` bytes, though it uses next to none itself."""
    status = os.fstat(file.fileno())
    taken = status.st_blocks * _BLOCK
    return status.st_size > room and status.st_size > 2 * taken + _ROOMY


def files_matching(folder: Path, pattern: str) -> list[str]:
    """Returns matching paths within `folder`, sorted; raises ArtifactRefused if there is none."""
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
        # Names in a folder that a link leads to may be visible to the worker only: do not reveal them.
        known = (folder / path).parent.resolve().is_relative_to(folder)
        _place(folder, path) if known else _check_inside(folder, path, pattern)
    return files


def _check_inside(folder: Path, path: str, shown: str) -> None:
    if not (folder / path).resolve().is_relative_to(folder):
        raise ArtifactRefused(f"artifact {shown!r} leads out of the working directory")


def _beneath(folder: Path, pattern: str) -> Iterator[str]:
    """Yields what `glob` finds, but follows no link to a folder: it may lead anywhere."""
    parts = pattern.split("/")
    for root, _, names in os.walk(folder):
        inside = os.path.relpath(root, folder)
        for name in names:
            path = name if inside == "." else f"{inside}/{name}"
            if _matches(path.split("/"), parts):
                yield path


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Matches part by part; `places` are the positions in the pattern that the path may have reached."""
    places = _skip_stars({0}, pattern)
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
        places = _skip_stars(reached, pattern)
    return len(pattern) in places


def _skip_stars(places: set[int], pattern: Sequence[str]) -> set[int]:
    """Adds the positions after each `**`, which may match no part at all."""
    found = set(places)
    for place, part in enumerate(pattern):
        if place in found and part == "**":
            found.add(place + 1)
    return found
