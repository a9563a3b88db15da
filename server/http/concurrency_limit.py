"""Limits how much of something one user does at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from models.errors import Unavailable
from server.http.rates import TooMany

_SOON: Final = 1


class ConcurrencyLimit:
    """Counts in this process. `noun` names what is counted in messages, `limit` is the name of the limit for
    programs."""

    def __init__(self, noun: str, limit: str, most: int, in_all: int | None = None) -> None:
        self._noun, self._limit = noun, limit
        self._most, self._in_all = most, in_all
        self._of_actor: Counter[str] = Counter()

    @contextmanager
    def one(self, actor: str) -> Iterator[None]:
        """Counts one more within the block. Raises as `enter` does."""
        self.enter(actor)
        try:
            yield
        finally:
            self.leave(actor)

    def enter(self, actor: str) -> None:
        """Raises TooMany if the actor is at their limit, Unavailable if all users together are at the limit."""
        if self._of_actor[actor] >= self._most:
            sentence = f"{actor} has {self._most} {self._noun} at once, the limit of one user; end one first"
            raise TooMany(sentence, self._limit, _SOON)
        if self._in_all is not None and self._of_actor.total() >= self._in_all:
            raise Unavailable(
                f"{self._in_all} {self._noun} are running, the limit of the server; try again when one has ended"
            )
        self._of_actor[actor] += 1

    def leave(self, actor: str) -> None:
        self._of_actor[actor] -= 1
        if not self._of_actor[actor]:
            del self._of_actor[actor]
