"""JSON from outside, read so that no whole number becomes another and none becomes nothing: what cannot be kept is
refused, and so is what is nested without end. Fractions are kept as they are everywhere: to some 15 digits."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import orjson

WHOLE: Final = range(-(2**63), 2**64)
"""Whole numbers that are stored as they are."""
DEEPEST: Final = 200
"""Lists and mappings in one another; nobody writes more, and what stores and answers gives up not far beyond."""
_TOO_DEEP: Final = f"nested too deeply: at most {DEEPEST} levels"
_MARK: Final = b"\xef\xbb\xbf"
"""The byte order mark that some programs begin with."""
_NO_TEXT: Final = re.compile("[\ud800-\udfff\0]")
_LONG: Final = re.compile(r"-[0-9]{19}|[0-9]{20}")
_MAY_BE_BEYOND: Final = 19
"""Characters of the shortest whole number that is not within 64 bits."""
_LONG_BYTES: Final = re.compile(_LONG.pattern.encode())


class NotKept(ValueError):
    """It is JSON, or nearly, but cannot be kept as it is; the text says why and, of a number, where it stands."""


class _Beyond(str):
    """Such a number, as it was written."""

    __slots__ = ()


def read_json(text: str | bytes) -> Any:
    """Raises NotKept, and JSONDecodeError for what is no JSON: all are ValueErrors."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        _refuse(_read_if_possible(text))
        raise
    _check_depth(value, text)
    if _has_long(text):
        _refuse(_read_slowly(text))
    return value


def read_apart(text: bytes) -> tuple[Any, bool]:
    """The same of something that is judged part by part, each with `check_kept` or `spelled_out`; and if it was mended.

    Mended is text that is no text: halves of characters, NUL, bytes that are not UTF-8 become U+FFFD. Raises NotKept
    for what is nested too deeply, and JSONDecodeError.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _read_mended(text)
    _check_depth(value, text)
    if b"\\u0000" in text or _has_long(text):
        return _read_mended(text)
    return value, False


def check_kept(value: Any, name: str) -> None:
    """Raises NotKept for a part of what `read_apart` read that holds a number which cannot be stored as it is."""
    if found := _first(value, _is_beyond):
        raise _inexact([name, *found[0]], found[1])


def check_numbers(value: Any, name: str = "") -> None:
    """Raises NotKept for a value that holds a number which cannot be stored as it is."""
    if found := _first(value, _is_inexact):
        raise _inexact([name, *found[0]] if name else found[0], found[1])


def holds_nul(value: Any, text: str | bytes) -> bool:
    """Whether there is a NUL in any text of what `read_json` read, names included."""
    escaped = b"\\u0000" in text if isinstance(text, bytes) else "\\u0000" in text
    return escaped and _holds_nul(value)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_nul, value)) or any(map(_holds_nul, value.values()))
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def _has_long(text: str | bytes) -> bool:
    return bool(_LONG.search(text) if isinstance(text, str) else _LONG_BYTES.search(text))


def _check_depth(value: Any, text: str | bytes) -> None:
    """One of few brackets is not deep, whatever they stand in."""
    written = text if isinstance(text, bytes) else text.encode()
    if written.count(b"[") + written.count(b"{") <= DEEPEST:
        return
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [part for one in level for part in _parts(one)]
        if not level:
            return
    raise NotKept(_TOO_DEEP)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _read_if_possible(text: str | bytes) -> Any:
    """Of what orjson refuses it may be a number alone."""
    try:
        value = _read_slowly(text)
        _check_depth(value, text)
    except (ValueError, RecursionError):
        return None
    return value


def _read_slowly(text: str | bytes) -> Any:
    return json.loads(text, parse_int=_whole, parse_float=_float, parse_constant=_Beyond)


def _read_mended(text: bytes) -> tuple[Any, bool]:
    """Python's reader takes what orjson refuses: half a character as an escape. A byte order mark is left out."""
    written = text.decode("utf-8-sig", "replace")
    try:
        value = _read_slowly(written)
    except RecursionError:
        raise NotKept(_TOO_DEEP) from None
    _check_depth(value, text)
    mended = "\ufffd" in written and written.encode() != text.removeprefix(_MARK)
    if not (b"\\u" in text or b"\0" in text):
        return value, mended
    whole = _whole_text(value)
    return whole, mended or whole != value


def _whole_text(value: Any) -> Any:
    """The value with U+FFFD for halves of characters, and for NUL, which the database does not take."""
    if isinstance(value, _Beyond):
        return value
    if isinstance(value, str):
        return _NO_TEXT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole_text(key): _whole_text(item) for key, item in value.items()}
    return [_whole_text(item) for item in value] if isinstance(value, list) else value


def _whole(text: str) -> int | _Beyond:
    if len(text) < _MAY_BE_BEYOND:
        return int(text)
    return int(text) if len(text) <= 20 and int(text) in WHOLE else _Beyond(text)


def _float(text: str) -> float | _Beyond:
    number = float(text)
    return _Beyond(text) if number in (float("inf"), float("-inf")) else number


def _refuse(value: Any) -> None:
    if found := _first(value, _is_beyond):
        raise _inexact(*found)


def _is_beyond(value: object) -> bool:
    return type(value) is _Beyond


def _is_inexact(value: object) -> bool:
    if isinstance(value, float):
        return not float("-inf") < value < float("inf")
    return isinstance(value, int) and value not in WHOLE


def _first(value: Any, is_meant: Callable[[object], bool]) -> tuple[list[str], object] | None:
    """The first value that is meant, no list and no mapping, and the way to it."""
    if isinstance(value, dict):
        parts: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    else:
        return ([], value) if is_meant(value) else None
    for key, part in parts:
        if isinstance(part, dict | list | tuple):
            if found := _first(part, is_meant):
                return [str(key), *found[0]], found[1]
        elif is_meant(part):
            return [str(key)], part
    return None


def _inexact(path: Sequence[str], number: object) -> NotKept:
    text = str(number)
    place = f"{'.'.join(path):.200} is" if path else "it is"
    what = "a whole number beyond 64 bits"
    if not re.fullmatch(r"-?[0-9]+", text):
        what = "which is no number that JSON can hold"
    return NotKept(f"{place} {text:.40}, {what}; write it as text")


def spelled_out(value: Any) -> Any:
    """The value that `read_apart` read, with numbers that cannot be stored as they are as text."""
    if isinstance(value, dict):
        return {key: spelled_out(item) for key, item in value.items()}
    if isinstance(value, list):
        return [spelled_out(item) for item in value]
    return str(value) if isinstance(value, _Beyond) else value
