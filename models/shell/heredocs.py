"""Here-documents of a shell script: their delimiters and their ends."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Heredoc:
    delimiter: str
    strips_tabs: bool
    expands: bool

    @classmethod
    def of(cls, word: str, strips_tabs: bool) -> Self | None:
        """Reads a delimiter written as E, 'E', "E" or \\E; returns None for a mixture or any other word."""
        for quote in ("'", '"'):
            if word.startswith(quote) and word.endswith(quote) and _is_name(word[1:-1]):
                return cls(word[1:-1], strips_tabs, expands=False)
        if word.startswith("\\") and _is_name(word[1:]):
            return cls(word[1:], strips_tabs, expands=False)
        return cls(word, strips_tabs, expands=True) if _is_name(word) else None

    def end(self, text: str, start: int, nested: bool) -> int | None:
        """Returns the position after the body; None if shells could disagree about the end."""
        continued = False
        while start < len(text):
            stop = text.find("\n", start)
            stop = len(text) if stop < 0 else stop
            line = text[start:stop]
            bare = line.lstrip("\t") if self.strips_tabs else line
            if bare == self.delimiter and not continued:
                return min(stop + 1, len(text))
            if bare.startswith(self.delimiter) and (continued or nested):
                return None
            backslashes = len(line) - len(line.rstrip("\\"))
            continued = self.expands and backslashes % 2 == 1
            start = stop + 1
        return None


def _is_name(word: str) -> bool:
    return word.replace("_", "").replace("-", "").replace(".", "").isalnum()
