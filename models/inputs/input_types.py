"""The types of inputs, and a reader for each. Readers raise ValueError with the end of a sentence: `must be ...`."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from enum import StrEnum
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from models.durations import parse_duration
from models.json_text import read_json
from models.secrets import Sealed, checked_secret

_MAX_INTEGER = 2**63 - 1
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")
_LONGEST_FILE = 4096
"""Characters of a file's id or URI."""


class InputType(StrEnum):
    STRING = "STRING"
    INT = "INT"
    FLOAT = "FLOAT"
    BOOL = "BOOL"
    SELECT = "SELECT"
    MULTISELECT = "MULTISELECT"
    DATE = "DATE"
    DATETIME = "DATETIME"
    DURATION = "DURATION"
    TIME = "TIME"
    JSON = "JSON"
    ARRAY = "ARRAY"
    URI = "URI"
    EMAIL = "EMAIL"
    SECRET = "SECRET"
    FILE = "FILE"


TEXTS = frozenset(
    {
        InputType.STRING,
        InputType.SELECT,
        InputType.DATE,
        InputType.DATETIME,
        InputType.TIME,
        InputType.URI,
        InputType.EMAIL,
        InputType.SECRET,
        InputType.FILE,
    }
)
"""Types whose values are text: a YAML scalar keeps the spelling of the document."""


def items_of(value: Any) -> list[Any]:
    """Returns a list unchanged, or reads it from text: JSON, or comma-separated values."""
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str):
        raise ValueError(f"must be a list, got {shown(value)}")
    if not value.lstrip().startswith("["):
        return [word.strip() for word in value.split(",")] if value.strip() else []
    try:
        items: list[Any] = read_json(value)
    except ValueError as error:
        raise ValueError(f"must be a JSON list: {error}") from None
    return items


def _integer(value: Any) -> int:
    textual = isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,20}", value.strip())
    whole = isinstance(value, float) and value.is_integer()
    number = int(value) if textual or whole else value
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) > _MAX_INTEGER:
        raise ValueError(f"must be a whole number, got {shown(value)}")
    return number


def _float(value: Any) -> float:
    readable = isinstance(value, int | float | str) and not isinstance(value, bool)
    number = _as_float(value) if readable else None
    if number is None or not isfinite(number):
        raise ValueError(f"must be a number, got {shown(value)}")
    return number


def _as_float(value: int | float | str) -> float | None:
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError(f"must be true or false, got {shown(value)}")


def _date(value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError(f"must be a date such as 2026-01-31, got {shown(value)}") from None


def _datetime(value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        right = "a time with its zone such as 2026-01-31T08:00:00Z"
        raise ValueError(f"must be {right}, got {shown(value)}")
    return moment.isoformat()


def _time(value: Any) -> str:
    try:
        return time.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError(f"must be a time of day such as 08:30, got {shown(value)}") from None


def _duration(value: Any) -> int | float:
    """Seconds."""
    seconds = parse_duration(value)
    return int(seconds) if seconds.is_integer() else seconds


def _json(value: Any) -> Any:
    """Reads text that is JSON as JSON, so that a command line can give any value."""
    if not isinstance(value, str):
        return value
    try:
        return read_json(value)
    except ValueError as error:
        if value.lstrip()[:1] in {"{", "[", '"'}:
            raise ValueError(f"must be valid JSON: {error}") from None
        return value


def _uri(value: Any) -> str:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    if parts is None or not parts.scheme or not (parts.netloc or parts.path):
        raise ValueError(f"must be a URI such as s3://bucket/key, got {shown(value)}")
    if re.search(r"\s", value):
        raise ValueError(f"must be a URI without white space, got {shown(value)}")
    return str(value)


def _email(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 254 or not _EMAIL.fullmatch(value):
        raise ValueError(f"must be an address such as ada@example.org, got {shown(value)}")
    return value


def _secret(value: Any) -> Any:
    """Returns the value unchanged; it is encrypted before it is stored. Error messages never contain it."""
    return value if isinstance(value, Sealed) else checked_secret(value)


def _file(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_FILE:
        raise ValueError(f"must be the id or URI returned by POST /files, got {shown(value)}")
    return value


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


READERS: Mapping[InputType, Callable[[Any], Any]] = {
    InputType.INT: _integer,
    InputType.FLOAT: _float,
    InputType.BOOL: _boolean,
    InputType.DATE: _date,
    InputType.DATETIME: _datetime,
    InputType.DURATION: _duration,
    InputType.TIME: _time,
    InputType.JSON: _json,
    InputType.URI: _uri,
    InputType.EMAIL: _email,
    InputType.SECRET: _secret,
    InputType.FILE: _file,
}
