"""The folder in which the attempts of a worker run, and the removal of folders that killed workers left behind.

A worker locks a file in its folder, and the operating system releases that lock when the process ends: so workers that
share a data directory do not remove each other's folders. A second lock is held while folders are created or listed, so
that no worker sees a folder whose own lock is not taken yet.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil

logger = logging.getLogger("headway.worker")

_LOCK = "lock"


class WorkFolder:
    """Context manager that claims the folder. If that fails because the disk is full, call `claim` again later."""

    def __init__(self, data_dir: Path, worker_id: str) -> None:
        self.path = data_dir / "work" / worker_id
        self._all = data_dir / "work.lock"
        self._lock: int | None = None
        self._warned_of_old_folders = False
        self.failure = ""
        """Why the last claim failed."""

    def __enter__(self) -> Self:
        self.claim()
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None

    def claim(self) -> bool:
        """Creates and locks the folder unless this worker has it already; False and `failure` when that fails."""
        if self._lock is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with _exclusive(self._all):
                    self.path.mkdir(exist_ok=True)
                    self._lock = _lock(self.path / _LOCK)
            except BlockingIOError:
                self.failure = f"another worker holds the lock {self._all}"
            except OSError as error:
                self.failure = f"{self.path} cannot be created: {error}"
        return self._lock is not None

    def remove_abandoned(self) -> None:
        """Removes the folders of workers that no longer run. Only the search holds the lock that `claim` needs; the
        removal, which may take long, does not."""
        with ExitStack() as locks:
            abandoned: list[tuple[Path, str]] = []
            with suppress(BlockingIOError), _exclusive(self._all):  # another worker is searching
                for folder, lock in _unlocked_folders(self.path):
                    locks.callback(os.close, lock)
                    abandoned.append((folder, "its worker was killed"))
                old = self._folders_of_older_releases()
                abandoned += [(one, "an older release left it behind") for one in old]
            for folder, why in abandoned:
                logger.warning("removing %s: %s", folder, why)
                shutil.rmtree(folder, ignore_errors=True)

    def _folders_of_older_releases(self) -> list[Path]:
        """Returns the unlocked attempt folders of older releases, directly in `work`, that can be removed: only those
        older than the last boot of this machine are certainly unused."""
        folders = [one for one in self.path.parent.glob("att_*") if one.is_dir()]
        old = [one for one in folders if _is_older_than_boot(one)]
        if (kept := len(folders) - len(old)) and not self._warned_of_old_folders:
            self._warned_of_old_folders = True
            logger.warning(
                "%d folders of an older release stay in %s (att_*): a worker of that release may still use them; "
                "remove them when no such worker runs",
                kept,
                self.path.parent,
            )
        return old


def _is_older_than_boot(folder: Path) -> bool:
    with suppress(OSError):  # the folder is being removed
        return folder.stat().st_mtime < psutil.boot_time()
    return False


def _unlocked_folders(mine: Path) -> Iterator[tuple[Path, int]]:
    """Yields the folders of other workers that no process has locked, each with the lock now taken on it."""
    for folder in mine.parent.glob("wrk_*"):
        with suppress(OSError):  # its worker is removing it
            if folder != mine and (lock := _lock(folder / _LOCK)) is not None:
                yield folder, lock


def _lock(file: Path) -> int | None:
    """Returns the descriptor that holds the lock until it is closed; None when another process holds the lock."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _exclusive(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
