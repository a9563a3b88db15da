"""How often one user, or one address, may do something: sliding windows of the library `limits`, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import ceil
from time import time
from typing import Any, Final

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from server.settings import Settings

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


_SHORT, _LONG = 10, 60
"""Seconds of a window: short ones where a burst is usual."""


def allowed_by(settings: Settings) -> dict[Rate, Allowed]:
    return {
        Rate.OPERATIONS: Allowed(settings.operations_per_second * _SHORT, _SHORT),
        Rate.MUTATIONS: Allowed(settings.mutations_per_second * _SHORT, _SHORT),
        Rate.SUBSCRIPTIONS: Allowed(settings.subscriptions_per_minute, _LONG),
        Rate.UPLOADS: Allowed(settings.uploads_per_minute, _LONG),
        Rate.EXPORTS: Allowed(settings.exports_per_minute, _LONG),
        Rate.FAILED_LOGINS: Allowed(settings.failed_logins_per_minute, _LONG),
    }


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
        self._windows = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def check(self, rate: Rate, who: str) -> None:
        """Counts one more; raises TooMany, and does not count it, when there is no room."""
        item = self._items.get(rate)
        if item is not None and not await self._windows.hit(item, who):
            raise await self._too_many(rate, item, who)

    async def look(self, rate: Rate, who: str) -> None:
        """Raises TooMany when there is no room for one more; counts nothing."""
        item = self._items.get(rate)
        if item is not None and not await self._windows.test(item, who):
            raise await self._too_many(rate, item, who)

    async def left(self, rate: Rate, who: str) -> int | None:
        """How many more there is room for now; None without a limit."""
        item = self._items.get(rate)
        return (await self._windows.get_window_stats(item, who)).remaining if item else None

    async def _too_many(self, rate: Rate, item: RateLimitItem, who: str) -> TooMany:
        stats = await self._windows.get_window_stats(item, who)
        wait = max(1, ceil(stats.reset_time - time()))
        seconds = item.get_expiry()
        sentence = f"{who} may have {item.amount} {rate.value} in {seconds} s, and has had them"
        return TooMany(sentence, rate.name.lower(), min(wait, seconds))
