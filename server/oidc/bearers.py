"""Verifies the JWTs that programs send with each request."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from models.access.credentials import digest_of
from models.access.viewer import SignInMethod
from models.errors import Refused
from models.states import Channel
from runner.denials import Denial, Denials
from runner.store.access.identities import Identity
from server.oidc.claims import holder_of
from server.oidc.external_sessions import ExternalSessions
from server.oidc.provider import Key, Provider
from server.oidc.verifying import Untrusted, verified

_MAX_CACHED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Bearer:
    """The session of a JWT, and when the JWT expires."""

    session: UUID
    ends: datetime


class Bearers:
    """Caches verified JWTs until they expire, or until the issuer's keys change."""

    def __init__(
        self,
        provider: Provider,
        external_sessions: ExternalSessions,
        denials: Denials,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._provider, self._external_sessions, self._denials = (
            provider,
            external_sessions,
            denials,
        )
        self._clock = clock
        self._known: OrderedDict[str, tuple[Identity, datetime]] = OrderedDict()
        self._keys: Sequence[Key] = ()

    async def session(self, token: str, channel: Channel, address: str | None) -> Bearer | None:
        """Returns None for a JWT that is valid but refused here. Raises Untrusted, Unavailable."""
        try:
            identity, ends = await self._identity(token)
            session = await self._external_sessions.session(identity, SignInMethod.OIDC, channel)
        except (Untrusted, Refused) as error:
            self._deny(error, channel, address)
            if isinstance(error, Untrusted) and not error.is_signed:
                raise
            return None
        return Bearer(session, ends)

    async def _identity(self, token: str) -> tuple[Identity, datetime]:
        keys = await self._provider.keys()
        if keys is not self._keys:
            self._known.clear()
            self._keys = keys
        digest = digest_of(token)
        known = self._known.get(digest)
        if known is not None and known[1] > self._clock():
            return known
        mine, now = self._provider.settings, self._clock()
        claims = await verified(self._provider, token, mine.audience or mine.client_id, now)
        # A JWT remains valid after its `exp` for the allowed clock skew.
        ends = datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=mine.clock_skew)
        found = holder_of(mine, claims), ends
        self._known[digest] = found
        if len(self._known) > _MAX_CACHED:
            self._known.popitem(last=False)
        return found

    def _deny(self, error: Exception, channel: Channel, address: str | None) -> None:
        who = f"anonymous:{address or 'unknown'}"
        self._denials.record(Denial(who, channel, "SIGN_IN_FAILED", f"a JWT: {error}"))
