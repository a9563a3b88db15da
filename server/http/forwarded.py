"""Believes trusted proxies who asks, and by which address. From all others that is anybody's word, and ignored."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.http.addresses import read_host

_SCHEMES: Final = {
    ("http", "http"): "http",
    ("http", "https"): "https",
    ("websocket", "http"): "ws",
    ("websocket", "https"): "wss",
}
_MOST_HOPS: Final = 20


@dataclass(frozen=True, slots=True)
class Proxies:
    """Networks whose word is taken."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Proxies":
        """Raises ValueError for what is neither an address nor a network."""
        return cls(tuple(ip_network(text, strict=False) for text in texts))

    def __contains__(self, address: str) -> bool:
        try:
            read = ip_address(address)
        except ValueError:
            return False
        if isinstance(read, IPv6Address) and read.ipv4_mapped:
            read = read.ipv4_mapped
        return any(read in network for network in self.networks)

    def share(self, network: str) -> bool:
        """Whether one of them may come from this address or network."""
        try:
            read = ip_network(network, strict=False)
        except ValueError:
            return False
        return any(one.version == read.version and one.overlaps(read) for one in self.networks)


class Forwarded:
    """ASGI middleware: behind a trusted proxy the client, scheme and host of a request are those it was sent with."""

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client and client[0] in self._proxies:
            scope = self._as_sent(scope, client[0])
        await self._app(scope, receive, send)

    def _as_sent(self, scope: Scope, proxy: str) -> Scope:
        headers = Headers(scope=scope)
        hops = _values(headers, "x-forwarded-for")[-_MOST_HOPS:]
        sent = {**scope, "client": (self._client(hops, proxy), 0), "headway.peer": scope["client"]}
        if scheme := _last(headers, "x-forwarded-proto"):
            sent["scheme"] = _SCHEMES.get((scope["type"], scheme.lower()), scope.get("scheme"))
        host = _last(headers, "x-forwarded-host")
        if host and read_host(host):
            others = [one for one in scope["headers"] if one[0] != b"host"]
            sent["headers"] = [(b"host", host.encode("latin-1")), *others]
        return sent

    def _client(self, hops: Sequence[str], proxy: str) -> str:
        """The last before the proxies. What is no address ends the way to it: somebody else has written that."""
        known = proxy
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                break
            known = address
            if address not in self._proxies:
                break
        return known


def _values(headers: Headers, name: str) -> list[str]:
    return [part.strip() for line in headers.getlist(name) for part in line.split(",")]


def _last(headers: Headers, name: str) -> str | None:
    """The nearest proxy writes the last one; those before may be its client's."""
    values = _values(headers, name)
    return values[-1] if values else None


def _address(hop: str) -> str | None:
    """Without a port and brackets, as some proxies write them."""
    for text in (hop, hop.rpartition(":")[0] if hop.count(":") == 1 else "", _inside_brackets(hop)):
        try:
            return str(ip_address(text))
        except ValueError:
            continue
    return None


def _inside_brackets(hop: str) -> str:
    return hop[1 : hop.find("]")] if hop.startswith("[") else ""
