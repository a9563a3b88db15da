"""Keeps the last lines of one stream, in which the cause of a failure is searched."""

import re
from collections import deque
from collections.abc import Iterable

KEPT = 250
LONGEST_LINE = 400
"""Characters of a line that are kept."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_FRAME = re.compile(r"\s+at |\s+\.\.\. \d+ (?:more|common frames)|\t\S+:\d+ \+0x|\s+\d+: 0x")
"""A stack frame. Only the first of a run is kept, because thousands may follow the line that shows the cause."""


def plain(text: str) -> str:
    """Returns the text without terminal escape sequences."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


class Tail:
    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._in_stack = False

    def add(self, texts: Iterable[str]) -> None:
        """Adds lines in order of arrival, already masked and without escape sequences."""
        for text in texts:
            frame = text[:1] in " \t" and _FRAME.match(text) is not None
            if not (frame and self._in_stack):
                self._lines.append(text[:LONGEST_LINE])
            self._in_stack = frame

    @property
    def lines(self) -> list[str]:
        return list(self._lines)
