"""Allows one server for each data directory, by a lock that the kernel frees when its holder dies."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import Fault

LOCK = "server.lock"


class DataDirTaken(Fault):
    """Another server runs on the data directory."""


@contextmanager
def sole_server(data_dir: Path) -> Iterator[None]:
    """Creates the directory if it does not exist. Raises DataDirTaken. Programs that this process starts do not inherit
    the lock, and workers need none."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600), "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataDirTaken(
                f"another Headway server runs on {data_dir}{_description(data_dir)}: stop it, or give this one a data "
                "directory of its own with --data-dir"
            ) from error
        yield


def _description(data_dir: Path) -> str:
    """Returns the pid and URL of the running server; an empty text while it is starting."""
    try:
        found = json.loads((data_dir / "server.json").read_text())
        return f" (process {found['pid']}, {found['url']})"
    except (OSError, ValueError, KeyError):
        return ""
