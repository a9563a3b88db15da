"""How much a value that is stored as JSON may hold: one rule for inputs, outputs, properties and the data of events."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import orjson

from models.errors import ProblemCode, Refused

MAX_PAYLOAD: Final = 1024 * 1024
"""Bytes of UTF-8, as stored: of all outputs of a task run or of an execution, all inputs of one, all properties that
an attempt sets or that are recorded of an execution, the data of one event. How they were escaped or wrapped on their
way does not count."""
_SHOWN_WHOLE: Final = 16 * 1024
"""Bytes of a value that is shown as it is even where others are too large."""


class NotTaken(ValueError):
    """A value that is not stored. Outputs of which this is raised fail their attempt, with this code."""

    code: ClassVar[str]


class CannotBeStored(NotTaken):
    """It is not JSON; the text says which part and why."""

    code = "INVALID_OUTPUT"


class TooLarge(NotTaken):
    """It holds more than MAX_PAYLOAD; the text names its largest part, the sizes and the limit."""

    code = ProblemCode.PAYLOAD_TOO_LARGE.value


class Payload:
    """Values that come one after another, and that hold up to the limit together."""

    def __init__(self, name: str) -> None:
        self.values: dict[str, Any] = {}
        self._name = name
        self._size = 0
        """Never less than what they hold: a value that took the place of another counts until all are measured."""

    def add(self, values: Mapping[str, Any]) -> None:
        """Raises CannotBeStored and TooLarge; then nothing is added."""
        size = self._size + size_of(values, self._name)
        if size > MAX_PAYLOAD:
            size = measured({**self.values, **values}, self._name)
        self.values.update(values)
        self._size = size


def json_size(value: Any) -> int:
    """Bytes of a JSON value as it is stored."""
    return len(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))


def size_of(value: Any, name: str) -> int:
    """Bytes of a value as it is stored. Raises CannotBeStored."""
    try:
        return json_size(value)
    except TypeError as error:
        part = f"{name}.{_unstorable(value)}" if isinstance(value, Mapping) else name
        raise CannotBeStored(
            f"{part} holds what cannot be stored ({error}); write such a value as text"
        ) from None


def measured(value: Any, name: str) -> int:
    """Bytes of a value that has to keep to the limit. Raises CannotBeStored and TooLarge."""
    size = size_of(value, name)
    if size <= MAX_PAYLOAD:
        return size
    largest = ""
    if isinstance(value, Mapping) and value:
        key, most = max(((key, json_size(part)) for key, part in value.items()), key=lambda p: p[1])
        largest = f", {most} of them in {f'{name}.{key}':.200}"
    raise TooLarge(
        f"too much in {name}: {size} bytes{largest}; the limit is {MAX_PAYLOAD} (1 MiB of stored UTF-8); "
        "keep large values as an artifact"
    )


def check_json(value: Any, name: str) -> int:
    """Bytes of a JSON value from outside. Raises Refused for one that cannot be stored."""
    try:
        return size_of(value, name)
    except CannotBeStored as error:
        raise Refused.because(ProblemCode.VALIDATION, str(error), name) from None


def check_payload(value: Any, name: str) -> int:
    """The same for one that has to keep to the limit."""
    check_json(value, name)
    try:
        return measured(value, name)
    except TooLarge as error:
        raise Refused.because(ProblemCode.PAYLOAD_TOO_LARGE, str(error), name) from None


def _unstorable(values: Mapping[str, Any]) -> str:
    """The key of the first part that cannot be stored, or a key that cannot be one itself."""
    for key, part in values.items():
        try:
            json_size({key: part})
        except TypeError:
            return f"{key!s:.100}".encode("utf-8", "replace").decode()
    raise AssertionError("something in it cannot be stored")


def abridged(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that are only shown, within the limit: in place of what is large stands how large it was."""
    if json_size(values) <= MAX_PAYLOAD:
        return dict(values)
    short = {key: _shortened(part) for key, part in values.items()}
    if json_size(short) <= MAX_PAYLOAD:
        return short
    return {key: _told_size(part) for key, part in short.items()}


def _shortened(value: Any) -> Any:
    if json_size(value) <= _SHOWN_WHOLE:
        return value
    if isinstance(value, Mapping):
        return {key: _shortened(part) for key, part in value.items()}
    return _told_size(value)


def _told_size(value: Any) -> Any:
    size = json_size(value)
    return value if size <= _SHOWN_WHOLE else f"({size} bytes, too many to keep here)"
