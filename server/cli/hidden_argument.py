"""Everybody on a machine sees the arguments of its programs, tasks too; variables only the program's own user."""

import os
import sys
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlsplit

_LONG_LIVED: Final = ("serve", "worker")
_OPTION: Final = "--database-url"
_VARIABLE: Final = "HEADWAY_DATABASE_URL"


def hide_password() -> None:
    """Begins the program anew, under its own pid, where an argument holds the password of the database."""
    if anew := begun_anew(sys.orig_argv, *sys.argv[1:2]):
        argv, url = anew
        os.execve(sys.executable, argv, {**os.environ, _VARIABLE: url})


def begun_anew(argv: Sequence[str], command: str = "") -> tuple[list[str], str] | None:
    """The arguments without the URL, and the URL; None where it can stay."""
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
    except ValueError:  # it is refused, with a sentence
        return False
    return bool(parts.password) or "password" in dict(parse_qsl(parts.query))
