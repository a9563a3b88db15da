"""Searches a text for free words: from the start of a word, case-insensitive for A to Z.

PostgreSQL searches with the same pattern, and with the same words in its index: keep both in step.
"""

import re
from typing import Final

NUMBER: Final = re.compile(
    r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII
)
"""A number as JSON writes it, of bounded length."""
LONGEST_ERROR: Final = 4000
"""Characters of an error's text that are searched."""
LONGEST_WORD: Final = 100
"""Characters by which a word is indexed."""
_BETWEEN: Final = r"[\u0001-/:-@\[-`{-\u007f]"
_FOLDED: Final = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def folded(text: str) -> str:
    """Returns the text in lower case, as in the C locale: only ASCII letters are changed."""
    return text.translate(_FOLDED)


def searched_text(name: str, flow: str, error: str | None) -> str:
    return folded(f"{name}\n{flow}\n{(error or '')[:LONGEST_ERROR]}")


def pattern_of(wanted: str) -> str:
    """Returns a regular expression over `searched_text` that works in Python and in PostgreSQL."""
    text = folded(wanted)
    escaped = "".join(c if c.isalnum() or ord(c) > 127 else f"\\{c}" for c in text)
    starts_a_word = text[:1] and not re.match(_BETWEEN, text)
    return f"(^|{_BETWEEN}){escaped}" if starts_a_word else escaped


def words_of(wanted: str) -> list[str]:
    """Returns the words that a matching text must contain: the last one as a prefix, the others whole."""
    return [word for word in re.split(_BETWEEN, folded(wanted)) if word]
