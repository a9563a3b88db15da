"""The size and time of one operation, and how many of one user run at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from server.rates import TooMany
from server.settings import Settings

_SOON = 1


@dataclass(frozen=True, slots=True)
class Allowance:
    """`answer` in bytes, `deadline` in seconds from when an operation is asked; the others count those of one user."""

    answer: int = 32 * 1024 * 1024
    deadline: float = 10.0
    queries: int = 8
    mutations: int = 64
    waiting: int = 500
    subscriptions: int = 10_000


def allowance_of(settings: Settings) -> Allowance:
    return Allowance(
        answer=settings.max_answer_size,
        deadline=settings.operation_deadline,
        queries=settings.queries_at_once,
        mutations=settings.mutations_at_once,
        subscriptions=settings.subscriptions_at_once,
    )


class _Line:
    def __init__(self, places: int) -> None:
        self.places = asyncio.Semaphore(places)
        self.present = 0


class Turns:
    """Queries, or mutations, of one user run a few at once; the others wait, in the order in which they came."""

    def __init__(self, allowance: Allowance, noun: str = "queries") -> None:
        self._places = allowance.mutations if noun == "mutations" else allowance.queries
        self._waiting, self._noun = allowance.waiting, noun
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def turn(self, actor: str) -> AsyncIterator[None]:
        """Raises TooMany when too many wait already."""
        line = self._lines.get(actor)
        if line is None:
            line = self._lines[actor] = _Line(self._places)
        if line.present >= self._places + self._waiting:
            raise self._too_many_wait(actor)
        line.present += 1
        try:
            async with line.places:
                yield
        finally:
            line.present -= 1
            if not line.present:
                self._lines.pop(actor, None)

    def _too_many_wait(self, actor: str) -> TooMany:
        sentence = f"{self._places} {self._noun} of {actor} run and {self._waiting} wait, the most that may"
        return TooMany(sentence, f"{self._noun}_at_once", _SOON)


class Live:
    """Subscriptions of each user that are open now, over whatever transport."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_actor: dict[str, int] = {}

    def enter(self, actor: str) -> None:
        """Raises TooMany. Must be left with `leave`."""
        found = self._by_actor.get(actor, 0)
        if found >= self._most:
            sentence = (
                f"{actor} has {found} subscriptions open, the most that one may have; end one"
            )
            raise TooMany(sentence, "subscriptions_at_once", _SOON)
        self._by_actor[actor] = found + 1

    def leave(self, actor: str) -> None:
        left = self._by_actor.get(actor, 0) - 1
        if left > 0:
            self._by_actor[actor] = left
        else:
            self._by_actor.pop(actor, None)
