"""Counts the size of a response while it grows, so that one that is too large is abandoned before it fills the
memory."""

from collections.abc import Callable
from typing import Any

import orjson

SMALL = 1
"""Minimum bytes of a number, a date or an enum value, so that nothing is refused that would fit."""


class AnswerTooLarge(Exception):
    """Abandons the rest of a response: it is replaced by one error."""


class Budget:
    """The bytes left for one response. Text counts by characters, of which there are no more than bytes."""

    __slots__ = ("exceeded", "left", "limit", "stop")

    def __init__(self, limit: int) -> None:
        self.limit = self.left = limit
        self.exceeded = False
        self.stop: Callable[[], object] | None = None
        """Cancels what the operation waits for."""

    def take(self, size: int) -> None:
        """Raises AnswerTooLarge if there is not enough left, and on every later call."""
        self.left -= size
        if self.left < 0:
            self.exceed()

    def exceed(self) -> None:
        if not self.exceeded:
            self.exceeded = True
            if self.stop is not None:
                self.stop()
        raise AnswerTooLarge


def size_of(value: Any) -> int:
    """Returns about the bytes of one field's value."""
    if value.__class__ is str:
        return len(value)
    if isinstance(value, dict | list):
        try:
            return len(orjson.dumps(value))
        except TypeError:
            # Integers beyond 64 bits, and non-text keys.
            return len(str(value))
    return SMALL
