"""Durations as people write them: `10s`, `1h30m`, `250ms`, `PT5M28S`, or a number of seconds."""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SHORT = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdw])\s*)+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_ISO = re.compile(
    r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII
)
_ISO_SECONDS = (604800, 86400, 3600, 60, 1)
_LONGEST_TEXT = 100
MAX_SECONDS = 100 * 366 * 86400.0


def parse_duration(value: object) -> float:
    """Returns seconds. Raises ValueError with a sentence that shows valid durations."""
    seconds = _seconds(value)
    if seconds is None:
        raise ValueError(f"must be a duration such as 10s, 5m, 1h30m or PT5M28S, got {value!r}")
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError(f"must be a duration from 0 to 100 years, got {value!r}")
    return seconds


def _seconds(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return None
    text = value.strip()
    if _SHORT.fullmatch(text):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if (iso := _ISO.fullmatch(text)) and any(iso.groups()):
        return sum(
            float(number) * factor
            for number, factor in zip(iso.groups(), _ISO_SECONDS, strict=True)
            if number
        )
    return float(text) if re.fullmatch(r"\d+(?:\.\d+)?", text, re.ASCII) else None
