"""The door: who is asking. Bearer tokens, and a session cookie that a login link sets, as Jupyter does.

A token is random and kept as its sha256 only. A session names its token and is signed with a key made from the
token's digest: there is no other secret, and it ends with the token.
"""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from time import monotonic
from typing import Final
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import Scope

from models.ids import new_id
from models.states import Channel
from models.viewer import Viewer, permissions_of
from runner.store.tokens import Token, Tokens
from server.addresses import Origin, network_of, read_host, read_origin
from server.forwarded import Proxies
from server.private import write_private
from server.rates import Rate, Rates

ADMIN = "admin"
SESSION_TIME = timedelta(days=30)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CACHED_FOR = 5.0
_CACHE_SIZE = 10_000
_UNPROVEN_AT_ONCE: Final = 4
"""Look-ups of credentials that were not right before: guesses must leave most of the connections for reads free."""
_LookUp = Callable[[], Awaitable[Token | None]]


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """`hosts` are names, besides those of the loopback, under which the server is reached; None is any.
    `origins` are other origins that may use it from a browser, as a development server's. `external` is the origin by
    which people reach it."""

    hosts: frozenset[str] | None = frozenset()
    origins: frozenset[str] = frozenset()
    secure_cookie: bool = False
    external: Origin | None = None
    proxies: Proxies = field(default_factory=Proxies)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A viewer, and whether a browser vouched for them by itself, so that their origin matters."""

    viewer: Viewer
    by_cookie: bool


def digest_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def new_token() -> str:
    return f"hw_{secrets.token_urlsafe(32)}"


def visitor_of(scope: Scope) -> Visitor | None:
    """Whom the guard let in with this request."""
    found: Visitor | None = scope.get("headway.visitor")
    return found


def channel_of(name: object) -> Channel:
    """The channel that a client names; only `ui` and `cli` are told apart."""
    return {"ui": Channel.UI, "cli": Channel.CLI}.get(
        name.lower() if isinstance(name, str) else "", Channel.API
    )


async def admin_token(tokens: Tokens, data_dir: Path) -> str:
    """The token in DIR/token (mode 0600), made at the first start; the database is made to know it."""
    path = data_dir / "token"
    token = path.read_text().strip() if path.exists() else ""
    if not token:
        token = new_token()
        write_private(path, token)
    known = await tokens.find(digest_of(token))
    if known is None or known.name != ADMIN or known.revoked_at is not None:
        await tokens.put(new_id(), ADMIN, digest_of(token), ADMIN)
    return token


class Door:
    def __init__(
        self,
        tokens: Tokens,
        settings: DoorSettings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rates: Rates | None = None,
    ) -> None:
        self._tokens = tokens
        self._rates = rates or Rates()
        self._proven: OrderedDict[str | UUID, None] = OrderedDict()
        self._unproven = asyncio.Semaphore(_UNPROVEN_AT_ONCE)
        self._settings = settings or DoorSettings()
        self._clock = clock
        self._cache: dict[str | UUID, tuple[float, Token | None]] = {}

    @property
    def settings(self) -> DoorSettings:
        return self._settings

    @property
    def secure_cookie(self) -> bool:
        return self._settings.secure_cookie

    async def visitor(self, scope: Scope) -> Visitor | None:
        """Who came with this request's headers: a bearer token counts before a cookie. Raises TooMany."""
        headers = Headers(scope=scope)
        channel = channel_of(headers.get("x-headway-channel"))
        scheme, _, credential = headers.get("authorization", "").partition(" ")
        if scheme:
            viewer = None
            if scheme.lower() == "bearer":
                viewer = await self.by_token(credential.strip(), channel, client_network(scope))
            return Visitor(viewer, by_cookie=False) if viewer else None
        session = _cookie(headers.getlist("cookie"), cookie_name(scope))
        viewer = await self.by_session(session, channel, client_network(scope)) if session else None
        return Visitor(viewer, by_cookie=True) if viewer else None

    async def by_token(
        self, token: str, channel: Channel = Channel.API, address: str | None = None
    ) -> Viewer | None:
        """Raises TooMany for a wrong token when too many came from the address; a right one always passes."""
        digest = digest_of(token)
        found = await self._cached(digest, lambda: self._tokens.find(digest))
        viewer = self._viewer(found, channel)
        await self._learn(digest, viewer is not None, address)
        return viewer

    async def _learn(self, key: str | UUID, right: bool, address: str | None) -> None:
        """Remembers credentials that were right, counts those that were not. Raises TooMany."""
        if right:
            self._proven[key] = None
            self._proven.move_to_end(key)
            if len(self._proven) > _CACHE_SIZE:
                self._proven.popitem(last=False)
            return
        self._proven.pop(key, None)
        if address is not None:
            await self._rates.check(Rate.FAILED_LOGINS, address)

    async def by_session(
        self, session: str, channel: Channel = Channel.API, address: str | None = None
    ) -> Viewer | None:
        """Raises TooMany as `by_token` does, but never for a genuine session that has ended: nobody guessed it."""
        try:
            identity, expires, signature = session.split(".")
            token_id, ends = UUID(hex=identity), datetime.fromtimestamp(int(expires), UTC)
        except (ValueError, OverflowError, OSError):
            await self._learn(session, False, address)
            return None
        token = await self._cached(token_id, lambda: self._tokens.get(token_id))
        expected = _signature(token, f"{identity}.{expires}") if token else ""
        if token is None or not hmac.compare_digest(signature.encode(), expected.encode()):
            # The id of a token is no secret: who names it with a wrong signature must not undo that it was proven.
            await self._learn(session, False, address)
            return None
        await self._learn(token_id, True, address)
        return self._viewer(token, channel, ends) if ends > self._clock() else None

    async def session(self, token: str, address: str | None = None) -> str | None:
        """The value of a session cookie for a token, None for one that is not known. Raises TooMany."""
        digest = digest_of(token)
        found = await self._looked_up(digest, lambda: self._tokens.find(digest))
        right = self._viewer(found, Channel.UI) is not None
        await self._learn(digest, right, address)
        if found is None or not right:
            return None
        body = f"{found.id.hex}.{int((self._clock() + SESSION_TIME).timestamp())}"
        return f"{body}.{_signature(found, body)}"

    def host_allowed(self, scope: Scope) -> bool:
        """Against DNS rebinding: a page elsewhere can point its own name at this machine, not this name."""
        if self._settings.hosts is None:
            return True
        named = Headers(scope=scope).getlist("host") or [""]
        external = self._settings.external
        allowed = _LOOPBACK | self._settings.hosts | ({external.host.name} if external else set())
        hosts = map(read_host, named)
        return all(host is not None and host.name in allowed for host in hosts)

    def origin_allowed(self, scope: Scope) -> bool:
        """Whether a browser's page may ask this; what names no origin is no browser's page, or the guard's."""
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
            # A page by the same name and another scheme may be anybody's on the way.
            return str(page) == str(external)
        return page.is_of(scope.get("scheme", "http"), host)

    async def _cached(self, key: str | UUID, look_up: _LookUp) -> Token | None:
        found = self._cache.get(key)
        if found is not None and found[0] > monotonic():
            return found[1]
        token = await self._looked_up(key, look_up)
        if len(self._cache) >= _CACHE_SIZE:
            self._cache.clear()
        # What is not known is asked for each time: it may be made at any moment.
        if token is not None:
            self._cache[key] = (monotonic() + _CACHED_FOR, token)
        return token

    async def _looked_up(self, key: str | UUID, look_up: _LookUp) -> Token | None:
        if key in self._proven:
            return await look_up()
        async with self._unproven:
            return await look_up()

    def _viewer(
        self, token: Token | None, channel: Channel, ends: datetime | None = None
    ) -> Viewer | None:
        if token is None or token.revoked_at is not None:
            return None
        if token.expires_at is not None and token.expires_at <= self._clock():
            return None
        ends_first = min((end for end in (token.expires_at, ends) if end), default=None)
        return Viewer(
            actor="user:admin" if token.name == ADMIN else f"token:{token.name}",
            roles=frozenset({token.role}),
            permissions=permissions_of([token.role]),
            expires_at=ends_first,
            channel=channel,
        )


def client_network(scope: Scope) -> str | None:
    """The network of the connection's other end; what a header says of another one is anybody's word."""
    client = scope.get("client")
    return network_of(client[0]) if client else None


def cookie_name(scope: Scope) -> str:
    """With the port in it: cookies of one host are shared by all its ports."""
    host = read_host(Headers(scope=scope).get("host", ""))
    return f"headway_session_{host.port if host and host.port else 'default'}"


def _cookie(headers: Iterable[str], name: str) -> str | None:
    for header in headers:
        try:
            morsel = SimpleCookie(header).get(name)
        except CookieError:
            continue
        if morsel is not None:
            return morsel.value
    return None


def _signature(token: Token, body: str) -> str:
    return hmac.new(f"session:{token.digest}".encode(), body.encode(), "sha256").hexdigest()
