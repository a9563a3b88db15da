"""The size of an answer, counted while it grows: one that gets too large is given up before it fills the memory."""

from collections.abc import Callable
from typing import Any

import orjson

SMALL = 1
"""Bytes of a number, a date, the name of an enum's value: at least. So nothing is refused that would fit."""


class AnswerTooLarge(Exception):
    """The rest of the answer is not worth the work: all of it is replaced by one error."""


class Budget:
    """Bytes that one answer may still hold. Text counts by its characters, which are fewer than its bytes."""

    __slots__ = ("exceeded", "left", "limit", "stop")

    def __init__(self, limit: int) -> None:
        self.limit = self.left = limit
        self.exceeded = False
        self.stop: Callable[[], object] | None = None
        """Ends what the operation waits for."""

    def take(self, size: int) -> None:
        """Raises AnswerTooLarge, now and from then on, when there is no room for it."""
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
    """Of what one field is answered with."""
    if value.__class__ is str:
        return len(value)
    if isinstance(value, dict | list):
        try:
            return len(orjson.dumps(value))
        except TypeError:
            # Integers beyond 64 bits, and names that are no text.
            return len(str(value))
    return SMALL
