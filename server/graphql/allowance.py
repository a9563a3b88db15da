"""The size and time of one operation, and how many of one user run at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from server.http.rates import TooMany
from server.settings.settings import Settings

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
    """Work of one kind of one user runs a few at once; the rest waits, in the order in which it came."""

    def __init__(self, places: int, waiting: int, limit: str, running: str) -> None:
        """`limit` is the setting or constant that gives `places`; `running` a clause with {places} and {actor}."""
        self._places, self._waiting = places, waiting
        self._limit, self._running = limit, running
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
        return self._refusal(actor, f"{self._waiting} wait, the most that may")

    def waited(self, actor: str, seconds: float) -> TooMany:
        """The refusal for work that has waited so long and was not begun."""
        return self._refusal(
            actor, f"this one has waited {seconds:g} s for its turn; send fewer at once"
        )

    def _refusal(self, actor: str, why: str) -> TooMany:
        running = self._running.format(places=self._places, actor=actor)
        return TooMany(f"{running} and {why}", self._limit, _SOON)


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
