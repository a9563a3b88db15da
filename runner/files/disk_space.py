"""Whether a disk has room left for the folders of attempts."""

import errno
import os
from pathlib import Path

LEAST_ROOM = 16 * 1024 * 1024
"""Bytes that must be free."""
LEAST_FILES = 100


def lacks_room(folder: Path) -> bool:
    status = os.statvfs(folder)
    if status.f_bavail * status.f_frsize < LEAST_ROOM:
        return True
    # Some file systems do not count files; of these nothing is known.
    return status.f_files > 0 and status.f_favail < LEAST_FILES


def out_of_room(error: BaseException) -> OSError | None:
    """The error of a full disk that this is, or that one of a group of tasks had."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(out_of_room, error.exceptions)), None)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return error
    return None
