"""Takes client, scheme and host of a request from a trusted proxy's headers; from anyone else they are ignored."""

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
    """Networks of trusted proxies."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Proxies":
        """Raises ValueError if a text is neither an address nor a network."""
        return cls(tuple(ip_network(text, strict=False) for text in texts))

    def __contains__(self, address: str) -> bool:
        try:
            read = ip_address(address)
        except ValueError:
            return False
        if isinstance(read, IPv6Address) and read.ipv4_mapped:
            read = read.ipv4_mapped
        return any(read in network for network in self.networks)

    def overlap(self, network: str) -> bool:
        """Whether a proxy may come from this address or network."""
        try:
            read = ip_network(network, strict=False)
        except ValueError:
            return False
        return any(one.version == read.version and one.overlaps(read) for one in self.networks)


class Forwarded:
    """ASGI middleware: behind a trusted proxy, replaces client, scheme and host of a request by the original ones."""

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
        """Returns the last address before the proxies. An invalid hop ends the search: a client may have forged it."""
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
    """Returns the value of the nearest proxy; earlier ones may come from its client."""
    values = _values(headers, name)
    return values[-1] if values else None


def _address(hop: str) -> str | None:
    """Returns the address without port and brackets, which some proxies add."""
    for text in (hop, hop.rpartition(":")[0] if hop.count(":") == 1 else "", _inside_brackets(hop)):
        try:
            return str(ip_address(text))
        except ValueError:
            continue
    return None


def _inside_brackets(hop: str) -> str:
    return hop[1 : hop.find("]")] if hop.startswith("[") else ""
