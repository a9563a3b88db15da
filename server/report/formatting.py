"""Formats values for a report: times in UTC, long values truncated, file paths shortened to names."""

import re
from datetime import UTC, datetime
from typing import Any, Final

import orjson

LONGEST: Final = 1_500
_FILE = re.compile(r"(?:file|headway)://[^\s\"'<>]*")


def moment(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else ""


def seconds(value: float | None) -> str:
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    hours, rest = divmod(round(value), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {left:02} s"


def number(value: float) -> str:
    return f"{value:.6g}"


def shown(value: Any) -> str:
    """Returns text unchanged, everything else as JSON."""
    if isinstance(value, str):
        return cut(_short(value))
    if isinstance(value, float):
        return number(value)
    return cut(orjson.dumps(_short(value)).decode())


def _short(value: Any) -> Any:
    """Shortens paths, also within lists and objects."""
    match value:
        case str() if value.startswith(("file://", "headway://")):
            return _last_part(value)
        case str():
            return without_paths(value)
        case list():
            return [_short(one) for one in value]
        case dict():
            return {name: _short(one) for name, one in value.items()}
    return value


def without_paths(text: str) -> str:
    """Replaces file URIs by the name of the file."""
    return _FILE.sub(lambda found: _last_part(found[0]) or found[0], text)


def _last_part(uri: str) -> str:
    return uri.partition("://")[2].rstrip("/").rpartition("/")[2]


def cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]} … ({len(text) - longest} more)"
