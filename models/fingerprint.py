"""Fingerprints of failures, to recognise equal errors. `headway_fingerprint` computes the same in SQL."""

import hashlib
import re
from typing import Final

from models.filters.words import LONGEST_ERROR, folded

LENGTH: Final = 12
"""Hexadecimal digits."""
_CHANGING: Final = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8,}|[0-9]+|'[^']*'|\"[^\"]*\"")
_ITERATION: Final = re.compile(r"\[[0-9]+\]")


def fingerprint(path: str | None, code: str, message: str) -> str:
    """Returns the same text for failures that differ only in numbers, ids, quoted values or foreach iterations."""
    place = _ITERATION.sub("[]", path or "")
    shape = _CHANGING.sub("#", folded(message[:LONGEST_ERROR]))
    return hashlib.sha256(f"{place}|{code}|{shape}".encode()).hexdigest()[:LENGTH]
