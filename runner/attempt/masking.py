"""Masks the values of an attempt's secrets in everything that leaves the attempt."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, AnyStr, Generic
from urllib.parse import quote, quote_plus

from models.secrets import MASKED, MIN_SECRET


class Mask:
    """Grows as secrets are decrypted. Values of several lines are masked line by line, because logs are read so."""

    def __init__(self) -> None:
        self._needles: set[str] = set()
        self._texts: _Finder[str] | None = None
        self._bytes: _Finder[bytes] | None = None
        self.longest = 0
        """Bytes of the longest text to mask; 0 when there is none."""

    def __bool__(self) -> bool:
        """True if there is anything to mask."""
        return self._texts is not None

    def hide(self, values: Iterable[str]) -> None:
        found = {needle for value in values for needle in _needles(value)}
        if found <= self._needles:
            return
        self._needles |= found
        longest_first = sorted(self._needles, key=lambda needle: (-len(needle), needle))
        encoded = [needle.encode("utf-8", "replace") for needle in longest_first]
        self._texts = _Finder(
            re.compile("|".join(map(re.escape, longest_first))),
            re.compile("(?=(" + "|".join(map(re.escape, longest_first)) + "))"),
        )
        self._bytes = _Finder(
            re.compile(b"|".join(map(re.escape, encoded))),
            re.compile(b"(?=(" + b"|".join(map(re.escape, encoded)) + b"))"),
        )
        self.longest = max(map(len, encoded))

    def text(self, text: str) -> str:
        return self._texts.replaced(text, MASKED) if self._texts else text

    def raw(self, data: bytes) -> bytes:
        return self._bytes.replaced(data, MASKED.encode()) if self._bytes else data

    def boundary(self, data: bytes, end: int) -> int:
        """Returns a position near `end` at which `data` can be cut without splitting a text to mask."""
        for first, last in self._bytes.spans(data) if self._bytes else ():
            if first < end < last:
                return first or last
        return end

    def value(self, value: Any) -> Any:
        """Masks a JSON value: texts, keys, and numbers whose digits contain a secret."""
        if self._texts is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if self.text(str(value)) == str(value) else MASKED
        return value


@dataclass(frozen=True, slots=True)
class _Finder(Generic[AnyStr]):
    """`quick` tests whether there is any match; `every` also finds overlapping matches."""

    quick: re.Pattern[AnyStr]
    every: re.Pattern[AnyStr]

    def spans(self, text: AnyStr) -> Iterator[tuple[int, int]]:
        """Yields start and end of each match; overlapping matches are merged."""
        if not self.quick.search(text):
            return
        start = end = -1
        for match in self.every.finditer(text):
            first, last = match.span(1)
            if first < end:
                end = max(end, last)
                continue
            if end > start:
                yield start, end
            start, end = first, last
        yield start, end

    def replaced(self, text: AnyStr, by: AnyStr) -> AnyStr:
        done, position = text[:0], 0
        for start, end in self.spans(text):
            done += text[position:start] + by
            position = end
        return done + text[position:]


def _needles(value: str) -> Iterator[str]:
    """Yields each line of the value, as it is and as JSON, Python, URLs and shells write it; also the whole value where
    an encoding puts it on one line."""
    for line in {value, *re.split(r"[\r\n]+", value)}:
        bare = line.strip()
        if len(bare) >= MIN_SECRET:
            yield from (
                needle for needle in _spellings(bare) if "\n" not in needle and "\r" not in needle
            )


def _spellings(text: str) -> set[str]:
    quoted = text.replace("'", "'\"'\"'")
    return {
        text,
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
        quote(text, safe=""),
        quote(text),
        quote_plus(text),
        quoted,
        text.replace("'", "'\\''"),
        json.dumps(quoted, ensure_ascii=False)[1:-1],
    }
