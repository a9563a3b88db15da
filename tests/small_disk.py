"""A file system that is small enough to be filled."""

import errno
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class SmallDisk:
    root: Path

    @property
    def _ballast(self) -> Path:
        return self.root / "ballast"

    def fill(self) -> None:
        """Fills the file system to the last byte."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                chunk = b"\0" * size
                try:
                    while file.write(chunk) == size:
                        pass
                except OSError as full:
                    assert full.errno == errno.ENOSPC

    def use_up_files(self) -> None:
        """Fills the file system until not even an empty folder can be created."""
        many = self.root / "many"
        try:
            many.mkdir()
            for n in itertools.count():
                (many / str(n)).touch()
        except OSError as full:
            assert full.errno == errno.ENOSPC

    def make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)
        shutil.rmtree(self.root / "many", ignore_errors=True)


@contextmanager
def small_disk(root: Path, megabytes: int, files: int = 100_000) -> Iterator[SmallDisk]:
    root.mkdir()
    mounted = subprocess.run(
        [
            "mount",
            "-t",
            "tmpfs",
            "-o",
            f"size={megabytes}m,nr_inodes={files},mode=755",
            "tmpfs",
            root,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"only who may mount can have a small disk: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(root)
    finally:
        os.sync()
        subprocess.run(["umount", "--lazy", root], check=True)
