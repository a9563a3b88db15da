"""Authenticates requests by bearer token or session cookie.

A token is random, and only its SHA-256 is stored. A session is a database row, and its cookie is signed with a key that
is not in the database: neither a backup nor read access to the tables is enough to forge one.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from time import monotonic
from typing import Final
from uuid import UUID

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from models.access.credentials import digest_of
from models.access.viewer import Viewer
from models.states import Channel
from runner.store.access.holders import Holder, Holders
from server.auth.presence import Presence, changed
from server.auth.session_key import SessionKey
from server.auth.trusted_header import ProxySessions
from server.http.addresses import Origin, network_of, own_address, read_host, read_origin
from server.http.forwarded import Proxies
from server.http.rates import Rate, Rates
from server.oidc.bearers import Bearers
from server.oidc.verifying import Untrusted, is_jwt

ADMIN = "admin"
SESSION_TIME = timedelta(days=30)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CACHED_FOR = 5.0
_CACHE_SIZE = 10_000
_MAX_UNPROVEN: Final = 4
"""Concurrent look-ups of credentials that were never valid: guesses must leave most read connections free."""
_LookUp = Callable[[], Awaitable[Holder | None]]


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """`hosts` are names of the server besides the loopback's; None allows any. `origins` are other origins that may use
    the API from a browser, such as a development server. `external` is the origin that people use."""

    hosts: frozenset[str] | None = frozenset()
    origins: frozenset[str] = frozenset()
    secure_cookie: bool = False
    external: Origin | None = None
    proxies: Proxies = field(default_factory=Proxies)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A viewer. `by_cookie` is true if the browser adds the credential by itself: then the origin must be checked."""

    viewer: Viewer
    by_cookie: bool


def visitor_of(scope: Scope) -> Visitor | None:
    """Returns the visitor that the guard admitted with this request."""
    found: Visitor | None = scope.get("headway.visitor")
    return found


def channel_of(name: object) -> Channel:
    """Returns the channel that a client names; anything but `ui` and `cli` is API."""
    return {"ui": Channel.UI, "cli": Channel.CLI}.get(
        name.lower() if isinstance(name, str) else "", Channel.API
    )


class Door:
    def __init__(
        self,
        holders: Holders,
        key: SessionKey,
        settings: DoorSettings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rates: Rates | None = None,
        bearers: Bearers | None = None,
        proxied: ProxySessions | None = None,
    ) -> None:
        self._holders = holders
        self._bearers, self._proxied = bearers, proxied
        self._key = key
        self._rates = rates or Rates()
        self._proven: OrderedDict[str | UUID, None] = OrderedDict()
        self._unproven = asyncio.Semaphore(_MAX_UNPROVEN)
        self._settings = settings or DoorSettings()
        self._clock = clock
        self._cache: dict[str | UUID, tuple[float, Holder]] = {}
        self._epoch = 0
        self.presence = Presence(self.again)

    @property
    def settings(self) -> DoorSettings:
        return self._settings

    @property
    def secure_cookie(self) -> bool:
        return self._settings.secure_cookie

    @property
    def now(self) -> datetime:
        return self._clock()

    async def visitor(self, scope: Scope) -> Visitor | None:
        """Authenticates a request by its headers; a bearer token takes precedence over a cookie. Raises TooMany."""
        headers = Headers(scope=scope)
        channel = channel_of(headers.get("x-headway-channel"))
        scheme, _, credential = headers.get("authorization", "").partition(" ")
        if scheme:
            viewer = None
            if scheme.lower() == "bearer":
                viewer = await self.by_token(credential.strip(), channel, client_network(scope))
            return Visitor(viewer, by_cookie=False) if viewer else None
        if self._proxied is not None and self._proxied.speaks(scope, channel):
            id = await self._proxied.session(scope, channel)
            viewer = await self._of_session(id, channel) if id else None
            # A browser is authenticated by the proxy without its page's doing, as with a cookie.
            return Visitor(viewer, by_cookie=True) if viewer else None
        session = _cookie(headers.getlist("cookie"), cookie_name(scope))
        viewer = await self.by_session(session, channel, client_network(scope)) if session else None
        return Visitor(viewer, by_cookie=True) if viewer else None

    async def by_token(
        self, token: str, channel: Channel = Channel.API, address: str | None = None
    ) -> Viewer | None:
        """Raises TooMany for a wrong token when too many came from the address; a valid one always passes."""
        if self._bearers is not None and is_jwt(token):
            return await self._by_jwt(self._bearers, token, channel, address)
        digest = digest_of(token)
        found = await self._cached(digest, lambda: self._holders.by_digest(digest))
        viewer = self._viewer(found, channel)
        await self.record_credential(digest, viewer is not None, address)
        return viewer

    async def by_session(
        self, session: str, channel: Channel = Channel.API, address: str | None = None
    ) -> Viewer | None:
        """Raises TooMany as `by_token` does, but never for a signed session that has expired: it was not guessed."""
        key, id = self._key.id, self.session_id(session)
        if id is None:
            await self.record_credential(session, False, address)
            return None
        viewer = await self._of_session(id, channel)
        return viewer and _signed_by(viewer, key)

    async def _by_jwt(
        self, bearers: Bearers, token: str, channel: Channel, address: str | None
    ) -> Viewer | None:
        try:
            bearer = await bearers.session(token, channel, address)
        except Untrusted:
            await self.record_credential(digest_of(token), False, address)
            return None
        if bearer is None:
            return None
        return await self._of_session(bearer.session, channel, bearer.ends)

    async def _of_session(
        self, id: UUID, channel: Channel, ends: datetime | None = None
    ) -> Viewer | None:
        found = await self._cached(id, lambda: self._holders.by_session(id))
        return self._viewer(found, channel, ends)

    async def of_token(self, id: UUID) -> Viewer | None:
        """Returns the holder of a token whose login link was opened."""
        return self._viewer(await self._holders.by_token(id), Channel.UI)

    def session_id(self, session: str) -> UUID | None:
        """Returns the session of a cookie; None if the signature is not valid."""
        identity, _, signature = session.partition(".")
        try:
            id = UUID(hex=identity)
        except ValueError:
            return None
        return id if self._key.is_signed(id.hex, signature) else None

    def cookie_of(self, id: UUID) -> str:
        return f"{id.hex}.{self._key.sign(id.hex)}"

    @property
    def key_id(self) -> str | None:
        """The id of the current signing key."""
        return self._key.id

    @property
    def epoch(self) -> int:
        """Changes whenever somebody's permissions change."""
        return self._epoch

    async def why_readmit(self, viewer: Viewer, epoch: int) -> str | None:
        """Returns why a viewer, admitted at this epoch, must authenticate again; None if nothing has changed. Raises
        Unavailable."""
        ends = viewer.expires_at
        if epoch == self._epoch and (ends is None or ends > self._clock()):
            return None
        return changed(viewer, await self.again(viewer))

    async def again(self, viewer: Viewer) -> Viewer | None:
        """Reads the viewer's current permissions; returns None if the credential has ended. Raises Unavailable."""
        credential = viewer.credential
        if credential is None or (credential.key and credential.key != self._key.named()):
            return None

        def look_up() -> Awaitable[Holder | None]:
            return self._holders.by_credential(credential, viewer.groups)

        # An identity provider may name other groups for a person each time.
        is_named = credential.kind == "principal"
        found = await (look_up() if is_named else self._cached(credential.id, look_up))
        now = self._viewer(found, viewer.channel, viewer.expires_at)
        return now and _signed_by(now, credential.key)

    async def look_again(self) -> None:
        """Clears the cache, and closes connections of viewers whose permissions have changed. Raises Unavailable."""
        self._epoch += 1
        self._cache.clear()
        await self.presence.look_again()

    async def record_credential(self, key: str | UUID, right: bool, address: str | None) -> None:
        """Remembers valid credentials, and counts invalid ones against their address. Raises TooMany."""
        if right:
            self._proven[key] = None
            self._proven.move_to_end(key)
            if len(self._proven) > _CACHE_SIZE:
                self._proven.popitem(last=False)
            return
        self._proven.pop(key, None)
        if address is not None:
            await self._rates.check(Rate.FAILED_LOGINS, address)

    def host_allowed(self, scope: Scope) -> bool:
        """Prevents DNS rebinding: a foreign page can point its own host name at this machine, but not an allowed
        one."""
        if self._settings.hosts is None:
            return True
        named = Headers(scope=scope).getlist("host") or [""]
        external = self._settings.external
        allowed = {*_LOOPBACK, *self._settings.hosts, *own_address(scope)}
        if external:
            allowed.add(external.host.name)
        hosts = map(read_host, named)
        return all(host is not None and host.name in allowed for host in hosts)

    def origin_allowed(self, scope: Scope) -> bool:
        """Whether the page of a browser may send this request. Without an Origin header, only credentials that a
        browser does not add by itself are accepted."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None:
            visitor = visitor_of(scope)
            return visitor is None or not visitor.by_cookie
        if origin in self._settings.origins:
            return True
        page, host = read_origin(origin), read_host(headers.get("host", ""))
        if page is None or host is None:
            return False
        external = self._settings.external
        if external and (str(page) == str(external) or host.name == external.host.name):
            # A page of the same host with another scheme may have been forged in transit.
            return str(page) == str(external)
        return page.is_of(scope.get("scheme", "http"), host)

    async def _cached(self, key: str | UUID, look_up: _LookUp) -> Holder | None:
        found = self._cache.get(key)
        if found is not None and found[0] > monotonic():
            return found[1]
        while True:
            epoch = self._epoch
            holder = await self._looked_up(key, look_up)
            # A row read before a change that is known by now may be stale.
            if epoch == self._epoch:
                break
        if len(self._cache) >= _CACHE_SIZE:
            self._cache.clear()
        # Unknown credentials are not cached: they may be created at any moment.
        if holder is not None:
            known = (monotonic() + _CACHED_FOR, holder)
            self._cache[key] = known
            credential = holder.viewer.credential
            if credential is not None and credential.kind != "principal":
                self._cache[credential.id] = known
        return holder

    async def _looked_up(self, key: str | UUID, look_up: _LookUp) -> Holder | None:
        if not isinstance(key, str) or key in self._proven:
            return await look_up()
        async with self._unproven:
            return await look_up()

    def _viewer(
        self, holder: Holder | None, channel: Channel, ends: datetime | None = None
    ) -> Viewer | None:
        if holder is None or holder.over:
            return None
        found = holder.viewer
        ends_first = min((end for end in (found.expires_at, ends) if end), default=None)
        if ends_first is not None and ends_first <= self._clock():
            return None
        return replace(found, expires_at=ends_first, channel=channel)


def _signed_by(viewer: Viewer, key: str | None) -> Viewer:
    credential = viewer.credential
    return replace(viewer, credential=credential and replace(credential, key=key))


def client_network(scope: Scope) -> str | None:
    """Returns the network of the connection's other end."""
    client = scope.get("client")
    return network_of(client[0]) if client else None


def cookie_name(scope: Scope, kind: str = "headway_session") -> str:
    """Includes the port: a browser shares the cookies of one host among all its ports."""
    host = read_host(Headers(scope=scope).get("host", ""))
    return f"{kind}_{host.port if host and host.port else 'default'}"


def set_session(response: Response, door: Door, scope: Scope, id: UUID, lasts: timedelta) -> None:
    """Sets the cookie of a new session."""
    response.set_cookie(
        cookie_name(scope),
        door.cookie_of(id),
        max_age=int(lasts.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=is_secure(door, scope),
    )


def is_secure(door: Door, scope: Scope) -> bool:
    """Whether a cookie set now is for TLS only."""
    return door.secure_cookie or scope["scheme"] == "https"


def session_cookie(scope: Scope) -> str | None:
    """Returns the value of the session cookie of a request."""
    return _cookie(Headers(scope=scope).getlist("cookie"), cookie_name(scope))


def _cookie(headers: Iterable[str], name: str) -> str | None:
    for header in headers:
        try:
            morsel = SimpleCookie(header).get(name)
        except CookieError:
            continue
        if morsel is not None:
            return morsel.value
    return None
