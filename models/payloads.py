"""The size limit of values stored as JSON: one rule for inputs, outputs, properties and event data."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import orjson

from models.errors import ProblemCode, Refused

MAX_PAYLOAD: Final = 1024 * 1024
"""Bytes of UTF-8 as stored, for each of: all outputs of a task run or execution, all inputs of an execution, all
properties that an attempt sets or that are recorded for an execution, the data of one event. Escaping in the request
does not count."""
_SHOWN_WHOLE: Final = 16 * 1024
"""Bytes up to which a value is shown whole although others are too large."""


class NotTaken(ValueError):
    """A value that is refused. Outputs that raise this fail their attempt with `code`."""

    code: ClassVar[str]


class CannotBeStored(NotTaken):
    """The value is not JSON; the message says which part and why."""

    code = "INVALID_OUTPUT"


class TooLarge(NotTaken):
    """The value is larger than MAX_PAYLOAD; the message names its largest part, the sizes and the limit."""

    code = ProblemCode.PAYLOAD_TOO_LARGE.value


class Payload:
    """Values that arrive one after another and share one size limit."""

    def __init__(self, name: str) -> None:
        self.values: dict[str, Any] = {}
        self._name = name
        self._size = 0
        """An upper bound of the size: a value that was replaced counts until all are measured again."""

    def add(self, values: Mapping[str, Any]) -> None:
        """Adds or replaces values. Raises CannotBeStored and TooLarge; then nothing is added."""
        size = self._size + size_of(values, self._name)
        if size > MAX_PAYLOAD:
            size = measured({**self.values, **values}, self._name)
        self.values.update(values)
        self._size = size


def json_size(value: Any) -> int:
    """Returns the bytes of a JSON value as stored."""
    return len(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))


def size_of(value: Any, name: str) -> int:
    """Returns the bytes of a value as stored. Raises CannotBeStored."""
    try:
        return json_size(value)
    except TypeError as error:
        part = f"{name}.{_unstorable(value)}" if isinstance(value, Mapping) else name
        raise CannotBeStored(
            f"{part} contains a value that cannot be stored ({error}); write it as text"
        ) from None


def measured(value: Any, name: str) -> int:
    """Returns the bytes of a value that is limited to MAX_PAYLOAD. Raises CannotBeStored and TooLarge."""
    size = size_of(value, name)
    if size <= MAX_PAYLOAD:
        return size
    largest = ""
    if isinstance(value, Mapping) and value:
        key, most = max(((key, json_size(part)) for key, part in value.items()), key=lambda p: p[1])
        largest = f", {most} of them in {f'{name}.{key}':.200}"
    raise TooLarge(
        f"{name} is too large: {size} bytes{largest}; the limit is {MAX_PAYLOAD} (1 MiB of stored UTF-8); "
        "keep large values as an artifact"
    )


def check_json(value: Any, name: str) -> int:
    """Returns the bytes of a JSON value from outside. Raises Refused if it cannot be stored."""
    try:
        return size_of(value, name)
    except CannotBeStored as error:
        raise Refused.because(ProblemCode.VALIDATION, str(error), name) from None


def check_payload(value: Any, name: str) -> int:
    """Like `check_json`, but also refuses values larger than MAX_PAYLOAD."""
    check_json(value, name)
    try:
        return measured(value, name)
    except TooLarge as error:
        raise Refused.because(ProblemCode.PAYLOAD_TOO_LARGE, str(error), name) from None


def _unstorable(values: Mapping[str, Any]) -> str:
    """Returns the key of the first part that cannot be stored, or the first invalid key."""
    for key, part in values.items():
        try:
            json_size({key: part})
        except TypeError:
            return f"{key!s:.100}".encode("utf-8", "replace").decode()
    raise AssertionError("no part that cannot be stored was found")


def abridged(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns values for display, within the limit: large ones are replaced by their size."""
    if json_size(values) <= MAX_PAYLOAD:
        return dict(values)
    short = {key: _shortened(part) for key, part in values.items()}
    if json_size(short) <= MAX_PAYLOAD:
        return short
    return {key: _size_if_large(part) for key, part in short.items()}


def _shortened(value: Any) -> Any:
    if json_size(value) <= _SHOWN_WHOLE:
        return value
    if isinstance(value, Mapping):
        return {key: _shortened(part) for key, part in value.items()}
    return _size_if_large(value)


def _size_if_large(value: Any) -> Any:
    size = json_size(value)
    return value if size <= _SHOWN_WHOLE else f"({size} bytes, too large to show)"
