"""Levels and streams of log lines, stored as numbers to save space."""

from enum import IntEnum
from typing import Final

_LONGEST_SEARCHED: Final = 1_000


class LogLevel(IntEnum):
    TRACE = 0
    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40


class LogStream(IntEnum):
    STDOUT = 1
    STDERR = 2
    SYSTEM = 3


def cannot_be_searched(text: str) -> str | None:
    """Returns why this text cannot be searched for; None if it can."""
    if 0 < len(text) <= _LONGEST_SEARCHED and "\0" not in text:
        return None
    return f"text must have 1 to {_LONGEST_SEARCHED} characters, none of them NUL; got {len(text)}"
