"""Rate limits by user or network: sliding windows of the library `limits`, in memory."""

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
    """Counted separately; the value names what is counted in messages."""

    OPERATIONS = "operations"
    MUTATIONS = "mutations"
    SUBSCRIPTIONS = "subscriptions started"
    UPLOADS = "uploads"
    EXPORTS = "exports"
    FAILED_LOGINS = "wrong tokens"


@dataclass(frozen=True, slots=True)
class Allowed:
    """`amount` in each window of `seconds`."""

    amount: int
    seconds: int


MOST_KEYS: Final = 50_000
"""Windows in memory for each rate, at most two for a user or network; the oldest are removed for new ones."""


class _Memory(MemoryStorage):
    """Counts at most `MOST_KEYS` windows of equal length, and removes expired ones while counting.

    The library's own storage checks every window on every hit.
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
    """`retry_after` is in seconds."""

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
        # A storage for each rate: its windows expire in the order in which they began.
        self._windows = {rate: SlidingWindowCounterRateLimiter(_Memory()) for rate in self._items}

    async def check(self, rate: Rate, who: str) -> None:
        """Counts one more; at the limit, raises TooMany and does not count."""
        item = self._items.get(rate)
        if item is not None and not await self._windows[rate].hit(item, who):
            raise await self._too_many(rate, item, who)

    async def left(self, rate: Rate, who: str) -> int | None:
        """Returns how many more are allowed now; None without a limit."""
        item = self._items.get(rate)
        if item is None:
            return None
        return (await self._windows[rate].get_window_stats(item, who)).remaining

    async def _too_many(self, rate: Rate, item: RateLimitItem, who: str) -> TooMany:
        stats = await self._windows[rate].get_window_stats(item, who)
        # At the reset time itself the window is still full.
        wait = max(0, floor(stats.reset_time - time())) + 1
        seconds = item.get_expiry()
        sentence = f"{who} has used all {item.amount} {rate.value} allowed in {seconds} s"
        return TooMany(sentence, rate.name.lower(), min(wait, seconds))
