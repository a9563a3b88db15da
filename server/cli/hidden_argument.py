"""Hides a database password in the arguments: all users, and tasks, can see arguments, but not variables."""

import os
import sys
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlsplit

_LONG_LIVED: Final = ("serve", "worker")
_OPTION: Final = "--database-url"
_VARIABLE: Final = "HEADWAY_DATABASE_URL"


def hide_password() -> None:
    """Restarts the program with the same pid if an argument holds the database password, to pass it in a variable."""
    if hidden := hidden_password(sys.orig_argv, *sys.argv[1:2]):
        argv, url = hidden
        os.execve(sys.executable, argv, {**os.environ, _VARIABLE: url})


def hidden_password(argv: Sequence[str], command: str = "") -> tuple[list[str], str] | None:
    """Returns the arguments without the URL, and the URL; None if the URL holds no password."""
    kept: list[str] = []
    url = None
    words = iter(argv)
    for word in words:
        name, assigned, value = word.partition("=")
        if name == _OPTION:
            url = value if assigned else next(words, None)
        else:
            kept.append(word)
    return (kept, url) if command in _LONG_LIVED and url and _has_password(url) else None


def _has_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # the settings refuse it with a message
        return False
    return bool(parts.password) or "password" in dict(parse_qsl(parts.query))
