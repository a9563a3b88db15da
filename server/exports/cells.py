"""Cells of CSV as a spreadsheet is to take them: text is text, whatever it begins with, and numbers are numbers."""

import re
from typing import Any, Final
from unicodedata import category, normalize

import orjson

_BEGINNINGS: Final = frozenset({*"=+-@", "\N{MINUS SIGN}"})
_QUOTES: Final = frozenset(
    "'\"`\N{PRIME}\N{DOUBLE PRIME}\N{DOUBLE LOW-9 QUOTATION MARK}\N{SINGLE LOW-9 QUOTATION MARK}"
)
_PASSED_OVER: Final = ("Z", "C", "Mn", "Me", "Pi", "Pf")
"""Categories that a spreadsheet may drop before it looks: spaces, controls, marks without a width, quotes."""
_HARMLESS: Final = re.compile(r"[0-9A-Za-z{\[]")


def cell(value: Any) -> Any:
    """The value as `csv` writes it. Text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    return f"'{value}" if is_formula(value) else value


def is_formula(text: str) -> bool:
    """Whether some spreadsheet might evaluate it: it begins with a sign of formulas of any width, after whatever is
    dropped before one, or with a tab or the end of a line, which begins a cell or a row anew."""
    if not text or _HARMLESS.match(text):
        return False
    if text[0] in "\t\r\n":
        return True
    folded = (plain for letter in text for plain in normalize("NFKC", letter))
    first = next((one for one in folded if not _is_passed_over(one)), "")
    return first in _BEGINNINGS


def _is_passed_over(letter: str) -> bool:
    return letter in _QUOTES or category(letter).startswith(_PASSED_OVER)
