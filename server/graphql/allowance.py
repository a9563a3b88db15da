"""Limits of one operation (size and time), and of concurrent operations of one user."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from server.http.rates import TooMany
from server.settings.settings import Settings

_SOON = 1


@dataclass(frozen=True, slots=True)
class Allowance:
    """`answer` is in bytes, `deadline` in seconds from the request on; the others are counts for one user."""

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


class _Queue:
    def __init__(self, places: int) -> None:
        self.places = asyncio.Semaphore(places)
        self.present = 0


class Turns:
    """Runs at most `places` pieces of one kind of work of a user at once; the rest waits, first come, first served."""

    def __init__(self, places: int, waiting: int, limit: str, running: str) -> None:
        """`limit` is the setting or constant of `places`; `running` is a clause with {places} and {actor}."""
        self._places, self._waiting = places, waiting
        self._limit, self._running = limit, running
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def turn(self, actor: str) -> AsyncIterator[None]:
        """Raises TooMany if too many pieces of work wait already."""
        queue = self._queues.get(actor)
        if queue is None:
            queue = self._queues[actor] = _Queue(self._places)
        if queue.present >= self._places + self._waiting:
            raise self._too_many_wait(actor)
        queue.present += 1
        try:
            async with queue.places:
                yield
        finally:
            queue.present -= 1
            if not queue.present:
                self._queues.pop(actor, None)

    def _too_many_wait(self, actor: str) -> TooMany:
        return self._refusal(actor, f"{self._waiting} more wait, which is the limit")

    def waited(self, actor: str, seconds: float) -> TooMany:
        """Returns the refusal for work that waited so long and was not started."""
        return self._refusal(
            actor, f"this one has waited {seconds:g} s for its turn; send fewer at once"
        )

    def _refusal(self, actor: str, why: str) -> TooMany:
        running = self._running.format(places=self._places, actor=actor)
        return TooMany(f"{running} and {why}", self._limit, _SOON)


class OpenSubscriptions:
    """Counts the open subscriptions of each user, over all transports."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_actor: dict[str, int] = {}

    def enter(self, actor: str) -> None:
        """Raises TooMany. The caller must call `leave` in the end."""
        found = self._by_actor.get(actor, 0)
        if found >= self._most:
            sentence = (
                f"{actor} has {found} subscriptions open, the limit of one user; end one first"
            )
            raise TooMany(sentence, "subscriptions_at_once", _SOON)
        self._by_actor[actor] = found + 1

    def leave(self, actor: str) -> None:
        left = self._by_actor.get(actor, 0) - 1
        if left > 0:
            self._by_actor[actor] = left
        else:
            self._by_actor.pop(actor, None)
