"""Writes files that only their owner may read: the token, the keys."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Writes atomically, with mode 0600."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    part.replace(path)
