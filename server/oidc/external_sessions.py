"""Sessions for identities that an issuer (by JWT) or a proxy (by header) asserts with each request."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from models.access.viewer import SignInMethod
from models.states import Channel
from runner.store.access import identities, sign_ins
from runner.store.access.identities import Identity
from runner.store.postgres.connection import Pool

RESERVED: Final = frozenset({"admin"})
"""`admin` is the owner of the data directory; no other identity may have this name."""
SESSION_TIME: Final = timedelta(hours=12)
_MAX_CACHED: Final = 10_000
_Key = tuple[str, frozenset[str], SignInMethod]


class ExternalSessions:
    """Caches one session for each principal and its groups, shared by all their JWTs or requests."""

    def __init__(
        self, pool: Pool, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool, self._clock = pool, clock
        self._known: OrderedDict[_Key, tuple[UUID, datetime]] = OrderedDict()
        self._beginning = asyncio.Lock()

    async def session(self, identity: Identity, method: SignInMethod, channel: Channel) -> UUID:
        """Raises Refused as `enrol` does, and Unavailable."""
        key = identity.subject, identity.groups, method
        async with self._beginning:
            known = self._known.get(key)
            if known is not None and known[1] > self._clock():
                return known[0]
            id = await self.begin(identity, method, SESSION_TIME, channel)
            # Replaced halfway through its life, so that running requests never see it expire.
            self._known[key] = id, self._clock() + SESSION_TIME / 2
            if len(self._known) > _MAX_CACHED:
                self._known.popitem(last=False)
            return id

    async def begin(
        self, identity: Identity, method: SignInMethod, lasts: timedelta, channel: Channel
    ) -> UUID:
        """Begins a new session with the groups of the identity. Raises Refused, Unavailable."""
        principal = await identities.enrol(self._pool, identity, RESERVED, channel)
        ends, groups = self._clock() + lasts, sorted(identity.groups)
        return await sign_ins.begin(self._pool, principal, None, method, ends, groups, channel)
