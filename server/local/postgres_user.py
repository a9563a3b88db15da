"""Chooses the user of PostgreSQL, which refuses to run as root."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from models.errors import Fault

NOBODY = 65534
_USER_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
"""In a user namespace root's own files appear to belong to an ordinary user, so none needs another owner or mode."""


def as_postgres_user(owned: Sequence[Path], programs: Path) -> Sequence[str]:
    """Returns the prefix of a command of PostgreSQL. `owned` may change owner; the first one holds the data."""
    if os.geteuid() != 0:
        return ()
    owner = owned[0].stat().st_uid
    if owner == 0 and _works(_USER_NAMESPACE):
        return _USER_NAMESPACE
    if owner == 0:
        owner = NOBODY
    if not shutil.which("setpriv") or (closed := _closed_to_others([*owned, programs])):
        where = f" ({closed} is closed to other users)" if shutil.which("setpriv") else ""
        raise Fault(
            f"PostgreSQL cannot run as root, and cannot become another user here{where}: "
            "run Headway as an ordinary user, or pass --database-url"
        )
    for path in owned:
        _chown(path, owner)
    return ("setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups")


def _works(prefix: Sequence[str]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _closed_to_others(paths: Sequence[Path]) -> Path | None:
    """Returns the first parent directory of `paths` that not everyone may enter."""
    above = (parent for path in paths for parent in reversed(path.resolve().parents))
    return next((parent for parent in above if not parent.stat().st_mode & 0o001), None)


def _chown(path: Path, owner: int) -> None:
    for directory, _, files in os.walk(path):
        os.chown(directory, owner, owner)
        for name in files:
            os.chown(os.path.join(directory, name), owner, owner, follow_symlinks=False)
