"""How many of something one user has at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from models.errors import Unavailable
from server.http.rates import TooMany

_SOON: Final = 1


class AtOnce:
    """Counts in this process. `noun` is the word of sentences for what is counted, `limit` that of programs."""

    def __init__(self, noun: str, limit: str, most: int, in_all: int | None = None) -> None:
        self._noun, self._limit = noun, limit
        self._most, self._in_all = most, in_all
        self._of_actor: Counter[str] = Counter()

    @contextmanager
    def one(self, actor: str) -> Iterator[None]:
        """Counts one more within. Raises as `enter`."""
        self.enter(actor)
        try:
            yield
        finally:
            self.leave(actor)

    def enter(self, actor: str) -> None:
        """Raises TooMany when the actor has as many as one may have, Unavailable when all users together have."""
        if self._of_actor[actor] >= self._most:
            sentence = f"{actor} has {self._most} {self._noun} at once, the most that one may have; end one"
            raise TooMany(sentence, self._limit, _SOON)
        if self._in_all is not None and self._of_actor.total() >= self._in_all:
            raise Unavailable(
                f"{self._in_all} {self._noun} run already, the most at once; try again when one has ended"
            )
        self._of_actor[actor] += 1

    def leave(self, actor: str) -> None:
        self._of_actor[actor] -= 1
        if not self._of_actor[actor]:
            del self._of_actor[actor]
