"""Checks whether a disk has enough free space for the folders of attempts."""

import errno
import os
from pathlib import Path

MIN_FREE_BYTES = 16 * 1024 * 1024
"""Below this many free bytes, workers take no jobs."""
MIN_FREE_FILES = 100


def is_nearly_full(folder: Path) -> bool:
    status = os.statvfs(folder)
    if status.f_bavail * status.f_frsize < MIN_FREE_BYTES:
        return True
    # Some file systems do not count files: then the number of free ones is unknown.
    return status.f_files > 0 and status.f_favail < MIN_FREE_FILES


def disk_full_error(error: BaseException) -> OSError | None:
    """Returns `error`, or the first error within an exception group, if it means that the disk is full."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(disk_full_error, error.exceptions)), None)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return error
    return None
