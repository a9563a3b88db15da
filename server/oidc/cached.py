"""Caches documents of the issuer, to request them seldom and to survive its outages."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Generic, TypeVar

from models.errors import Unavailable
from server.oidc.fetching import NoAnswer

logger = logging.getLogger("headway.access")

T = TypeVar("T")
_MAX_AGE: Final = 3600.0
_RETRY_SECONDS: Final = 5.0
"""Seconds between two requests, even if a caller needs a newer value."""


AWAY: Final = "The identity provider cannot be reached now; see the server's log"


class Cached(Generic[T]):
    """One cached document. While the issuer is unavailable, the last one is used."""

    def __init__(
        self, fetch: Callable[[], Awaitable[T]], clock: Callable[[], float] = monotonic
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._value: T | None = None
        self._since = self._next = -_MAX_AGE
        self._fetching = asyncio.Lock()

    async def get(self) -> T:
        """Raises Unavailable if no value was ever fetched."""
        if self._value is None or (
            self._clock() - self._since >= _MAX_AGE and not self._fetching.locked()
        ):
            await self._refresh()
        if self._value is None:
            raise Unavailable(AWAY)
        return self._value

    async def refetch(self) -> T:
        """Fetches the value again, unless it was fetched a few seconds ago."""
        await self._refresh()
        return await self.get()

    async def _refresh(self) -> None:
        async with self._fetching:
            if self._clock() < self._next:
                return
            try:
                self._value = await self._fetch()
                self._since = self._clock()
            except NoAnswer as error:
                logger.warning("the identity provider: %s", error)
            finally:
                self._next = self._clock() + _RETRY_SECONDS
