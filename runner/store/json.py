"""Converts values to the text of jsonb columns and back. asyncpg returns jsonb as text, because Tortoise needs that."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

_NUL = re.compile(r"\\\\|\\u0000")
"""An escaped NUL, or an escaped backslash, which must be skipped: `\\\\u0000` in JSON is not a NUL."""


def dump(value: Any) -> str:
    """Text for a jsonb column, also for dataclasses, UUIDs, times and enums. NUL, which jsonb refuses, becomes
    U+FFFD."""
    text = orjson.dumps(value, default=_plain).decode()
    return _NUL.sub(_without_nul, text) if "\\u0000" in text else text


def plain(text: str | None) -> str | None:
    """Text for a text column, which refuses NUL too: as in JSON, NUL becomes U+FFFD."""
    return text.replace("\0", "\ufffd") if text and "\0" in text else text


def dump_or_none(value: Any) -> str | None:
    return None if value is None else dump(value)


def load(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def _without_nul(found: re.Match[str]) -> str:
    return "\\ufffd" if found[0] == "\\u0000" else found[0]


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if hasattr(value, "items"):
        return dict(value)
    if isinstance(value, UUID):  # asyncpg's own subclass of UUID
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def to_columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Transposes rows into the column arrays that unnest takes."""
    return [list(column) for column in zip(*rows, strict=True)]
