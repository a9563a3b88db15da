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
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

logger = logging.getLogger("headway.worker")

_LOCK = "lock"


class WorkFolder:
    """Claimed while it is entered; where that was not possible, for the disk was full, by `claim` later."""

    def __init__(self, data_dir: Path, worker_id: str) -> None:
        self.path = data_dir / "work" / worker_id
        self._all = data_dir / "work.lock"
        self._lock: int | None = None
        self._told = ""

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
                return False  # for another worker looks just now
            except OSError as error:
                self._tell(f"{self.path} cannot be made: {error}")
        return self._lock is not None

    def remove_left(self) -> None:
        """Removes what workers left that live no more. Takes long, where they left much."""
        left: list[tuple[Path, int]] = []
        with suppress(BlockingIOError), _alone(self._all):  # else another worker looks just now
            left += _left(self.path)
        for folder, lock in left:
            logger.warning("removing %s: its worker was killed", folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            self._told = sentence
            logger.error(sentence)


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
