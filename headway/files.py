"""Digests of files and folders, which do not depend on their location."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

_CHUNK = 1024 * 1024


def describe(place: str | os.PathLike[str]) -> dict[str, Any]:
    """Returns `uri` and `name`; for a local file or folder also `digest` and `size`. Raises FileNotFoundError."""
    text = os.fspath(place)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text):
        return {"uri": text, "name": text.rstrip("/").rpartition("/")[2]}
    path = Path(text).resolve()
    if path.is_dir():
        digest, size = _of_folder(path)
    else:
        digest, size = _of_file(path)
    return {"uri": path.as_uri(), "name": path.name, "digest": f"sha256:{digest}", "size": size}


def _of_file(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK)
            if not chunk:
                return digest.hexdigest(), size
            digest.update(chunk)
            size += len(chunk)


def _of_folder(path: Path) -> tuple[str, int]:
    """Returns the digest and size of a folder: the digest is over the sorted names and digests of its files."""
    digest, total = hashlib.sha256(), 0
    for file in sorted(one for one in path.rglob("*") if one.is_file()):
        content, size = _of_file(file)
        digest.update(f"{file.relative_to(path).as_posix()}\0{content}\n".encode())
        total += size
    return digest.hexdigest(), total
