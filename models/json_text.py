"""Reads JSON from outside without changing any value: refuses integers beyond 64 bits, infinite numbers and deep
nesting. Fractions have the usual precision of about 15 digits."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import orjson

WHOLE: Final = range(-(2**63), 2**64)
"""The integers that can be stored exactly."""
DEEPEST: Final = 200
"""Levels of nested lists and mappings. People do not write more; storage and serialisation fail not far beyond."""
_TOO_DEEP: Final = f"nested too deeply: at most {DEEPEST} levels"
_MARK: Final = b"\xef\xbb\xbf"
"""The byte order mark that some programs write first."""
_NO_TEXT: Final = re.compile("[\ud800-\udfff\0]")
_LONG: Final = re.compile(r"-[0-9]{19}|[0-9]{20}")
_MAY_BE_BEYOND: Final = 19
"""Characters of the shortest integer that does not fit into 64 bits."""
_LONG_BYTES: Final = re.compile(_LONG.pattern.encode())


class NotKept(ValueError):
    """The text is JSON, or nearly, but cannot be stored exactly. The message says why and, for a number, where."""


class _Beyond(str):
    """A number that cannot be stored exactly, as it was written."""

    __slots__ = ()


def read_json(text: str | bytes) -> Any:
    """Raises NotKept, or JSONDecodeError for invalid JSON; both are ValueErrors."""
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
    """Reads JSON whose parts are checked one by one with `check_kept` or `spelled_out`; returns if it was repaired.

    Repairs invalid text: lone surrogates, NUL and bytes that are not UTF-8 become U+FFFD. Raises NotKept for text that
    is nested too deeply, and JSONDecodeError.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _read_repaired(text)
    _check_depth(value, text)
    if b"\\u0000" in text or _has_long(text):
        return _read_repaired(text)
    return value, False


def check_kept(value: Any, name: str) -> None:
    """Raises NotKept if a part read by `read_apart` contains a number that cannot be stored exactly."""
    if found := _first(value, _is_beyond):
        raise _inexact([name, *found[0]], found[1])


def check_numbers(value: Any, name: str = "") -> None:
    """Raises NotKept if the value contains a number that cannot be stored exactly."""
    if found := _first(value, _is_inexact):
        raise _inexact([name, *found[0]] if name else found[0], found[1])


def holds_nul(value: Any, text: str | bytes) -> bool:
    """Returns whether any text in a value read by `read_json`, keys included, contains NUL."""
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
    """Raises NotKept for deep nesting. A text with few brackets is not deep, so it is not walked."""
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
    """Reads text that orjson refuses: the only reason may be a number. Returns None if it is invalid."""
    try:
        value = _read_slowly(text)
        _check_depth(value, text)
    except (ValueError, RecursionError):
        return None
    return value


def _read_slowly(text: str | bytes) -> Any:
    return json.loads(text, parse_int=_whole, parse_float=_float, parse_constant=_Beyond)


def _read_repaired(text: bytes) -> tuple[Any, bool]:
    """Reads with Python's parser, which accepts escaped lone surrogates. Skips a byte order mark."""
    written = text.decode("utf-8-sig", "replace")
    try:
        value = _read_slowly(written)
    except RecursionError:
        raise NotKept(_TOO_DEEP) from None
    _check_depth(value, text)
    repaired = "\ufffd" in written and written.encode() != text.removeprefix(_MARK)
    if not (b"\\u" in text or b"\0" in text):
        return value, repaired
    whole = _whole_text(value)
    return whole, repaired or whole != value


def _whole_text(value: Any) -> Any:
    """Replaces lone surrogates, and NUL, which the database does not accept, by U+FFFD."""
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
    """Returns the path and value of the first scalar for which `is_meant` is true."""
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
        what = "which JSON cannot represent"
    return NotKept(f"{place} {text:.40}, {what}; write it as text")


def spelled_out(value: Any) -> Any:
    """Returns a value read by `read_apart`, with numbers that cannot be stored exactly as text."""
    if isinstance(value, dict):
        return {key: spelled_out(item) for key, item in value.items()}
    if isinstance(value, list):
        return [spelled_out(item) for item in value]
    return str(value) if isinstance(value, _Beyond) else value
