"""The folder of a worker in which its attempts run. What a killed worker left there, the next one removes.

A worker holds a lock on a file in its folder, which the system lets go with the process: so several workers of one
data dir leave each other's alone. Folders are claimed and looked at under one more lock, so that nobody sees one whose
own lock is still to be taken.
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
    """Claimed while it is entered; where that was not possible, for the disk was full, by `claim` later."""

    def __init__(self, data_dir: Path, worker_id: str) -> None:
        self.path = data_dir / "work" / worker_id
        self._all = data_dir / "work.lock"
        self._lock: int | None = None
        self._told = False
        self.trouble = ""
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
        """Whether it is this worker's, or could be made so now."""
        if self._lock is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with _alone(self._all):
                    self.path.mkdir(exist_ok=True)
                    self._lock = _locked(self.path / _LOCK)
            except BlockingIOError:
                self.trouble = f"another worker has locked {self._all} for a moment"
            except OSError as error:
                self.trouble = f"{self.path} cannot be made: {error}"
        return self._lock is not None

    def remove_left(self) -> None:
        """Removes what workers left that live no more. Takes long, where they left much; it is only looked for under
        the lock that whoever claims a folder needs."""
        with ExitStack() as locks:
            left: list[tuple[Path, str]] = []
            with suppress(BlockingIOError), _alone(self._all):  # else another worker looks just now
                for folder, lock in _left(self.path):
                    locks.callback(os.close, lock)
                    left.append((folder, "its worker was killed"))
                left += [(one, "an older release left it") for one in self._of_older_releases()]
            for folder, why in left:
                logger.warning("removing %s: %s", folder, why)
                shutil.rmtree(folder, ignore_errors=True)

    def _of_older_releases(self) -> list[Path]:
        """Their attempts had folders without a lock, directly in `work`. Only one that is older than this machine's
        last start is surely nobody's."""
        folders = [one for one in self.path.parent.glob("att_*") if one.is_dir()]
        old = [one for one in folders if _is_older_than_the_start(one)]
        if (kept := len(folders) - len(old)) and not self._told:
            self._told = True
            logger.warning(
                "%d folders of an older release stay in %s (att_*): a worker of that release may still use them; "
                "remove them once none runs",
                kept,
                self.path.parent,
            )
        return old


def _is_older_than_the_start(folder: Path) -> bool:
    """Of this machine."""
    with suppress(OSError):  # it is taken away just now
        return folder.stat().st_mtime < psutil.boot_time()
    return False


def _left(mine: Path) -> Iterator[tuple[Path, int]]:
    for folder in mine.parent.glob("wrk_*"):
        with suppress(OSError):  # its worker takes it away just now
            if folder != mine and (lock := _locked(folder / _LOCK)) is not None:
                yield folder, lock


def _locked(file: Path) -> int | None:
    """The descriptor that holds the lock until it is closed; None when another has it."""
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
def _alone(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
