"""Keeps what the issuer said, so that it is asked seldom, and may be away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Generic, TypeVar

from models.errors import Unavailable
from server.oidc.fetching import NoAnswer

logger = logging.getLogger("headway.access")

T = TypeVar("T")
_FRESH: Final = 3600.0
_PAUSE: Final = 5.0
"""Seconds until it is asked again, whoever wants it to be."""


AWAY: Final = "The identity provider cannot be asked now; the log of the server says why"


class Kept(Generic[T]):
    """One value of the issuer. While that is away, the one of before is good."""

    def __init__(
        self, fetch: Callable[[], Awaitable[T]], clock: Callable[[], float] = monotonic
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._value: T | None = None
        self._since = self._next = -_FRESH
        self._asking = asyncio.Lock()

    async def get(self) -> T:
        """Raises Unavailable while there never was one."""
        if self._value is None or (
            self._clock() - self._since >= _FRESH and not self._asking.locked()
        ):
            await self._look()
        if self._value is None:
            raise Unavailable(AWAY)
        return self._value

    async def again(self) -> T:
        """As the issuer has it now, unless it was asked a few seconds ago."""
        await self._look()
        return await self.get()

    async def _look(self) -> None:
        async with self._asking:
            if self._clock() < self._next:
                return
            try:
                self._value = await self._fetch()
                self._since = self._clock()
            except NoAnswer as error:
                logger.warning("the identity provider: %s", error)
            finally:
                self._next = self._clock() + _PAUSE
