"""A DataLoader whose callers can be cancelled independently."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from strawberry.dataloader import DataLoader


class SharedLoader(DataLoader[Any, Any]):
    """Returns a separate future to each caller of `load`. With a common future, a field that is cancelled because
    another field failed would cancel the read for all callers. The read is cancelled with its last caller."""

    def __init__(self, load: Callable[[list[Any]], Awaitable[Any]], **options: Any) -> None:
        super().__init__(load, **options)
        self._waiting: Counter[asyncio.Future[Any]] = Counter()

    def load(self, key: Any) -> asyncio.Future[Any]:
        found: asyncio.Future[Any] = super().load(key)  # type: ignore[assignment]  # it is one
        if found.done():
            return found
        self._waiting[found] += 1
        own = asyncio.shield(found)
        own.add_done_callback(partial(self._left, found))
        return own

    def _left(self, found: "asyncio.Future[Any]", own: "asyncio.Future[Any]") -> None:
        self._waiting[found] -= 1
        if self._waiting[found] == 0:
            del self._waiting[found]
            if own.cancelled() and not found.cancel() and not found.cancelled():
                found.exception()  # marks it as retrieved: no caller is left to receive it
