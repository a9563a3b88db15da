"""Identifies people by the header of a trusted proxy. The same header from anyone else is ignored."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import Scope

from models.access.credentials import check_name
from models.access.viewer import PrincipalKind, SignInMethod
from models.errors import Refused
from models.states import Channel
from runner.denials import Denial, Denials
from runner.store.access.identities import Identity
from server.http.addresses import network_of
from server.http.forwarded import Proxies
from server.http.peers import MayBeTask
from server.oidc.external_sessions import ExternalSessions

_MOST_GROUPS: Final = 500


@dataclass(frozen=True, slots=True)
class TrustedHeader:
    user: str
    groups: str | None
    proxies: Proxies
    may_be_task: MayBeTask | None = None
    """None if tasks are not isolated from the server."""

    def is_named(self, scope: Scope) -> bool:
        return self.user in Headers(scope=scope)

    def is_believed(self, scope: Scope) -> bool:
        """Whether the connection itself comes from a trusted proxy."""
        peer = scope.get("headway.peer") or scope.get("client")
        if peer is None or peer[0] not in self.proxies:
            return False
        return self.may_be_task is None or not self.may_be_task(scope)

    def identity(self, scope: Scope) -> Identity | None:
        """Returns None for an invalid name, and for a repeated header: one of the two may be the visitor's own."""
        headers = Headers(scope=scope)
        names = headers.getlist(self.user)
        if len(names) != 1:
            return None
        try:
            name = check_name(names[0].strip())
        except Refused:
            return None
        given = headers.getlist(self.groups) if self.groups else []
        if len(given) > 1:
            return None
        groups = sorted({one.strip() for one in ",".join(given).split(",")} - {""})
        return Identity(
            f"proxy|{name}", PrincipalKind.PERSON, name, groups=frozenset(groups[:_MOST_GROUPS])
        )


class ProxySessions:
    """Refusals are recorded in the audit log; visitors get the same response for an invalid name and for somebody
    else's."""

    def __init__(
        self, header: TrustedHeader, external_sessions: ExternalSessions, denials: Denials
    ) -> None:
        self._header, self._external_sessions, self._denials = header, external_sessions, denials

    def speaks(self, scope: Scope, channel: Channel) -> bool:
        """Whether a trusted proxy names a user. From anyone else the header is ignored and recorded as a denial."""
        if not self._header.is_named(scope):
            return False
        if self._header.is_believed(scope):
            return True
        self._deny(
            scope,
            channel,
            f"the header {self._header.user} did not come from a trusted proxy, or may come from a task",
        )
        return False

    async def session(self, scope: Scope, channel: Channel) -> UUID | None:
        """Raises Unavailable."""
        identity = self._header.identity(scope)
        if identity is None:
            self._deny(scope, channel, f"the header {self._header.user} holds no valid single name")
            return None
        try:
            return await self._external_sessions.session(identity, SignInMethod.PROXY, channel)
        except Refused as refused:
            self._deny(scope, channel, f"the header {self._header.user}: {refused}")
            return None

    def _deny(self, scope: Scope, channel: Channel, what: str) -> None:
        client = scope.get("client")
        who = f"anonymous:{network_of(client[0]) if client else 'unknown'}"
        self._denials.record(Denial(who, channel, "SIGN_IN_FAILED", what))
