"""Splits the bytes of a stream into lines of text that the database and the web page can hold."""

import re
from collections.abc import Iterator

from runner.attempt.masking import Mask

LONGEST = 32 * 1024
"""Bytes; a longer line is split into several."""
CONTINUES = " [line continues]"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")


class LineSplitter:
    """Keeps only the final text of a line that overwrites itself with carriage returns."""

    def __init__(self, mask: Mask | None = None) -> None:
        self._rest = b""
        self._mask = Mask() if mask is None else mask

    def feed(self, data: bytes) -> list[str]:
        complete, newline, rest = data.rpartition(b"\n")
        if not newline:
            self._rest = _overwritten(self._rest + data)
            return self._cut_rest()
        lines = _lines(self._mask.raw(self._rest + complete))
        self._rest = _overwritten(rest)
        return lines + self._cut_rest()

    def end(self) -> list[str]:
        """Returns the last line if it has no line end."""
        rest, self._rest = self._rest, b""
        return _lines(self._mask.raw(rest)) if rest else []

    def _cut_rest(self) -> list[str]:
        """Returns parts of an unfinished line that is too long. Keeps as many bytes as may begin a text to mask."""
        if len(self._rest) <= LONGEST + self._mask.longest:
            return []
        if not self._mask:
            *pieces, self._rest = _pieces(self._rest)
            return [_text(piece) + CONTINUES for piece in pieces]
        end = len(self._rest) - self._mask.longest
        while self._rest[end] & 0xC0 == 0x80:
            end -= 1
        end = self._mask.boundary(self._rest, end)
        masked, self._rest = self._mask.raw(self._rest[:end]), self._rest[end:]
        return [_text(piece) + CONTINUES for piece in _pieces(masked)]


def _lines(data: bytes) -> list[str]:
    lines = data.split(b"\n")
    if b"\r" not in data and (len(data) <= LONGEST or len(max(lines, key=len)) <= LONGEST):
        return _text(data).split("\n")
    return [text for line in lines for text in _line(line)]


def _line(line: bytes) -> Iterator[str]:
    line = _overwritten(line).removesuffix(b"\r")
    *pieces, last = _pieces(line)
    for piece in pieces:
        yield _text(piece) + CONTINUES
    yield _text(last)


def _overwritten(line: bytes) -> bytes:
    """Keeps a final carriage return: it may be the first half of a line end."""
    ended = line.endswith(b"\r")
    seen = line.rstrip(b"\r").rpartition(b"\r")[2]
    return seen + b"\r" if ended else seen


def _pieces(line: bytes) -> Iterator[bytes]:
    """Splits at character boundaries into at most LONGEST bytes each."""
    start = 0
    while len(line) - start > LONGEST:
        end = start + LONGEST
        while end > start + LONGEST - 4 and line[end] & 0xC0 == 0x80:
            end -= 1
        yield line[start:end]
        start = end
    yield line[start:]


def _text(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    return _CONTROL.sub("\ufffd", text) if _CONTROL.search(text) else text
