"""User ids that belong to one attempt at a time. All workers of a machine, whatever their data directories, reserve
them by file locks, which the system releases when a worker ends."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import randbelow

from models.errors import Fault

_DEFAULTS = (range(1_900_000_000, 1_900_065_536), range(60_600, 61_184))
"""Both ranges are unused according to systemd's list of ids; the second is for containers with few user ids."""
_NAME = "headway-task-users"


def numbers_of(text: str | None) -> range:
    """Parses `FIRST-LAST`; None gives a default range for this system. Raises ValueError with a message."""
    if text is None:
        return next((one for one in _DEFAULTS if _is_known_here(one)), _DEFAULTS[-1])
    first, _, last = text.partition("-")
    try:
        numbers = range(int(first), int(last) + 1)
    except ValueError:
        numbers = range(0)
    if not numbers or numbers[0] < 1 or numbers[-1] >= 2**32 - 1:
        raise ValueError("must be two user ids above 0, such as 60600-61183")
    return numbers


class TaskUsers:
    def __init__(self, numbers: range) -> None:
        self._numbers = numbers
        self._last = randbelow(len(numbers))

    @contextmanager
    def one(self) -> Iterator[int]:
        """Reserves a user id that no other attempt on this machine has. Raises Fault if all are in use."""
        folder = _folder()
        for _ in self._numbers:
            # Recently used ids come last: a process that outlived its attempt must not share an id with the next one.
            self._last = (self._last + 1) % len(self._numbers)
            number = self._numbers[self._last]
            lock = _locked(folder / str(number))
            if lock is not None:
                break
        else:
            raise Fault(
                f"all user ids {self._numbers[0]}-{self._numbers[-1]} are in use; widen task_user_range"
            )
        try:
            yield number
        finally:
            (folder / str(number)).unlink(missing_ok=True)
            os.close(lock)


def _folder() -> Path:
    """Returns a folder that only root can access; creates it."""
    parent = Path("/run")
    folder = (parent if os.access(parent, os.W_OK) else Path(tempfile.gettempdir())) / _NAME
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise Fault(f"{folder} belongs to someone else or is open to others: remove it")
    return folder


def _locked(file: Path) -> int | None:
    """Returns the locked descriptor; None if another worker has the lock, or has just released and removed the file."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == os.stat(file).st_ino:
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def _is_known_here(numbers: range) -> bool:
    try:
        lines = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return True
    spans = [(int(line.split()[0]), int(line.split()[2])) for line in lines]
    return any(first <= numbers[0] and numbers[-1] < first + count for first, count in spans)
