"""How often one user, or one network, may do something: sliding windows of the library `limits`, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import floor
from time import time
from typing import Any, Final

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

TOO_MANY: Final = "TOO_MANY_REQUESTS"


class Rate(Enum):
    """Each is counted by itself; its value is how a sentence names what is counted."""

    OPERATIONS = "operations"
    MUTATIONS = "mutations"
    SUBSCRIPTIONS = "subscriptions started"
    UPLOADS = "uploads"
    EXPORTS = "exports"
    FAILED_LOGINS = "wrong tokens"


@dataclass(frozen=True, slots=True)
class Allowed:
    """`amount` in each window of so many seconds."""

    amount: int
    seconds: int


MOST_KEYS: Final = 50_000
"""Windows in memory for each rate, two for one user or network at most; the oldest make room for others."""


class _Memory(MemoryStorage):
    """Counts at most `MOST_KEYS` windows of equal length, and forgets those that have expired as others are counted.

    The library's own looks at every window at every hit.
    """

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        if key not in self.expirations:
            self._make_room()
            self.expirations[key] = time() + expiry
        self.storage[key] += amount
        return self.storage[key]

    def _make_room(self) -> None:
        now = time()
        while self.expirations:
            oldest, expires = next(iter(self.expirations.items()))
            if expires > now and len(self.expirations) < MOST_KEYS:
                return
            del self.expirations[oldest], self.storage[oldest]


class TooMany(Exception):
    """`retry_after` in seconds: then there is room again."""

    def __init__(self, sentence: str, limit: str, retry_after: int) -> None:
        super().__init__(f"{sentence}; try again in {retry_after} s")
        self.limit = limit
        self.retry_after = retry_after

    @property
    def extensions(self) -> dict[str, Any]:
        return {"code": TOO_MANY, "limit": self.limit, "retryAfter": self.retry_after}


class Rates:
    """Counts in this process. A rate that is not in `allowed` has no limit."""

    def __init__(self, allowed: Mapping[Rate, Allowed] | None = None) -> None:
        self._items: dict[Rate, RateLimitItem] = {
            rate: RateLimitItemPerSecond(one.amount, one.seconds, rate.name)
            for rate, one in (allowed or {}).items()
        }
        # One for each: the windows of one rate expire in the order in which they began.
        self._windows = {rate: SlidingWindowCounterRateLimiter(_Memory()) for rate in self._items}

    async def check(self, rate: Rate, who: str) -> None:
        """Counts one more; raises TooMany, and does not count it, when there is no room."""
        item = self._items.get(rate)
        if item is not None and not await self._windows[rate].hit(item, who):
            raise await self._too_many(rate, item, who)

    async def left(self, rate: Rate, who: str) -> int | None:
        """How many more there is room for now; None without a limit."""
        item = self._items.get(rate)
        if item is None:
            return None
        return (await self._windows[rate].get_window_stats(item, who)).remaining

    async def _too_many(self, rate: Rate, item: RateLimitItem, who: str) -> TooMany:
        stats = await self._windows[rate].get_window_stats(item, who)
        # At the moment itself the window is still full.
        wait = max(0, floor(stats.reset_time - time())) + 1
        seconds = item.get_expiry()
        sentence = f"{who} may have {item.amount} {rate.value} in {seconds} s, and has had them"
        return TooMany(sentence, rate.name.lower(), min(wait, seconds))
