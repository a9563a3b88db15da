"""A person whom a proxy has signed in, as it names them in a header. Of anybody else the header is only a word."""

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
from server.oidc.vouched import Vouched

_MOST_GROUPS: Final = 500


@dataclass(frozen=True, slots=True)
class TrustedHeader:
    user: str
    groups: str | None
    proxies: Proxies
    may_be_task: MayBeTask | None = None
    """None where tasks are not kept from what the server knows."""

    def is_named(self, scope: Scope) -> bool:
        return self.user in Headers(scope=scope)

    def is_believed(self, scope: Scope) -> bool:
        """Whether the other end of the connection is a proxy; never whom a proxy speaks for."""
        peer = scope.get("headway.peer") or scope.get("client")
        if peer is None or peer[0] not in self.proxies:
            return False
        return self.may_be_task is None or not self.may_be_task(scope)

    def identity(self, scope: Scope) -> Identity | None:
        """None for what is no name, and for a header that came twice: one of them may be the visitor's own."""
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
    """A refusal is in the audit log; it is the same for a name that is wrong and one that is somebody else's."""

    def __init__(self, header: TrustedHeader, vouched: Vouched, denials: Denials) -> None:
        self._header, self._vouched, self._denials = header, vouched, denials

    def speaks(self, scope: Scope, channel: Channel) -> bool:
        """Whether a proxy names somebody. The header of anybody else is passed over, and told of."""
        if not self._header.is_named(scope):
            return False
        if self._header.is_believed(scope):
            return True
        self._tell(
            scope,
            channel,
            f"the header {self._header.user} from what is no trusted proxy, or may be a task",
        )
        return False

    async def session(self, scope: Scope, channel: Channel) -> UUID | None:
        """Raises Unavailable."""
        identity = self._header.identity(scope)
        if identity is None:
            self._tell(scope, channel, f"the header {self._header.user} holds not one name")
            return None
        try:
            return await self._vouched.session(identity, SignInMethod.PROXY, channel)
        except Refused as refused:
            self._tell(scope, channel, f"the header {self._header.user}: {refused}")
            return None

    def _tell(self, scope: Scope, channel: Channel, what: str) -> None:
        client = scope.get("client")
        who = f"anonymous:{network_of(client[0]) if client else 'unknown'}"
        self._denials.record(Denial(who, channel, "SIGN_IN_FAILED", what))
