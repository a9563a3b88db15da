"""Writes CSV cells safely for spreadsheets: text never becomes a formula, and numbers stay numbers."""

import re
from typing import Any, Final
from unicodedata import category, normalize

import orjson

_BEGINNINGS: Final = frozenset({*"=+-@", "\N{MINUS SIGN}"})
_QUOTES: Final = frozenset(
    "'\"`\N{PRIME}\N{DOUBLE PRIME}\N{DOUBLE LOW-9 QUOTATION MARK}\N{SINGLE LOW-9 QUOTATION MARK}"
)
_DROPPED: Final = ("Z", "C", "Mn", "Me", "Pi", "Pf")
"""Categories that a spreadsheet may drop first: spaces, controls, marks without a width, quotes."""
_HARMLESS: Final = re.compile(r"[0-9A-Za-z{\[]")


def cell(value: Any) -> Any:
    """Returns the value for `csv`. Text that a spreadsheet would evaluate as a formula gets an apostrophe before it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    return f"'{value}" if is_formula(value) else value


def is_formula(text: str) -> bool:
    """Whether some spreadsheet might evaluate the text: it begins with a formula sign of any width, after characters
    that are dropped, or with a tab or line end, which begin a new cell or row."""
    if not text or _HARMLESS.match(text):
        return False
    if text[0] in "\t\r\n":
        return True
    folded = (plain for letter in text for plain in normalize("NFKC", letter))
    first = next((one for one in folded if not _is_dropped(one)), "")
    return first in _BEGINNINGS


def _is_dropped(letter: str) -> bool:
    return letter in _QUOTES or category(letter).startswith(_DROPPED)
