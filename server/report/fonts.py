"""Fonts for names in any script. FiraGO is embedded and covers most scripts; for Chinese, Japanese and Korean PDF
readers supply their own fonts, as the standard defines."""

import io
import re
from functools import cache
from itertools import groupby
from typing import Any, Final

import pymupdf_fonts
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

PLAIN: Final = "headway-plain"
BOLD: Final = "headway-bold"
_WIDER: Final = "headway-wider"
_EMBEDDED: Final = {PLAIN: "figo", BOLD: "figbo", _WIDER: "notos"}
_CHINESE, _JAPANESE, _KOREAN = "STSong-Light", "HeiseiKakuGo-W5", "HYSMyeongJo-Medium"
# Hebrew, Arabic and related scripts, with the spaces and marks between their words.
_LETTERS: Final = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"
_RIGHT_TO_LEFT: Final = re.compile(rf"[{_LETTERS}]+(?:[ ,.:!-]+[{_LETTERS}]+)*")
_MISSING: Final = (_WIDER, "\N{REPLACEMENT CHARACTER}")


@cache
def register_fonts() -> None:
    for name, file in _EMBEDDED.items():
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(pymupdf_fonts.fontbuffers[file]())))
    for name in (_CHINESE, _JAPANESE, _KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def runs_of(text: str, font: str = PLAIN) -> list[tuple[str, str]]:
    """Splits a text into pieces, each with a font that has its characters."""
    register_fonts()
    pairs = [_printed(letter, font) for letter in _RIGHT_TO_LEFT.sub(_reversed, text)]
    return [
        (name, "".join(letter for _, letter in group))
        for name, group in groupby(pairs, key=lambda pair: pair[0])
    ]


def width_of(text: str, font: str, size: float) -> float:
    return sum(pdfmetrics.stringWidth(piece, name, size) for name, piece in runs_of(text, font))


@cache
def _printed(letter: str, font: str) -> tuple[str, str]:
    """Returns a font and a character, or the replacement for a character that no font has."""
    if not letter.isprintable() and letter != "\n":
        return (font, " ") if letter.isspace() else _MISSING
    for name in (font, _WIDER):
        if letter == "\n" or ord(letter) in _glyphs(name):
            return name, letter
    asian = _asian(ord(letter))
    return (asian, letter) if asian else _MISSING


def _reversed(found: re.Match[str]) -> str:
    """Reverses right-to-left text: a PDF draws from left to right."""
    return found[0][::-1]


def _glyphs(name: str) -> Any:
    font: Any = pdfmetrics.getFont(name)
    return font.face.charToGlyph


def _asian(code: int) -> str | None:
    if 0x3040 <= code <= 0x30FF:
        return _JAPANESE
    if 0xAC00 <= code <= 0xD7A3 or 0x1100 <= code <= 0x11FF:
        return _KOREAN
    if 0x3000 <= code <= 0x303F or 0x4E00 <= code <= 0x9FFF or 0xFF00 <= code <= 0xFFEF:
        return _CHINESE
    return None
