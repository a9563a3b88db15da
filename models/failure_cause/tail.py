"""The last lines of one stream: as many as the cause of a failure is looked for in."""

import re
from collections import deque
from collections.abc import Iterable

KEPT = 250
LONGEST_LINE = 400
"""Characters of a line that are kept."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_FRAME = re.compile(r"\s+at |\s+\.\.\. \d+ (?:more|common frames)|\t\S+:\d+ \+0x|\s+\d+: 0x")
"""A step of a stack: of a run of them only the first is kept, for there may be thousands after the line that counts."""


def plain(text: str) -> str:
    """The text without the escape sequences that color a terminal."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


class Tail:
    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._in_stack = False

    def add(self, texts: Iterable[str]) -> None:
        """Lines in the order in which they came, already masked and without escape sequences."""
        for text in texts:
            frame = text[:1] in " \t" and _FRAME.match(text) is not None
            if not (frame and self._in_stack):
                self._lines.append(text[:LONGEST_LINE])
            self._in_stack = frame

    @property
    def lines(self) -> list[str]:
        return list(self._lines)
