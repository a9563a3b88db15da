"""Parses hosts, origins and paths of requests. Returns None for what is not valid."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

_PORTS = {"http": 80, "https": 443}
_PLAIN = {"ws": "http", "wss": "https"}
_NOT_OF_A_HOST = frozenset("/?#@\\%")
_LONGEST_HOST = 300
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Host:
    """A lower-case name or an IP address without brackets, and the port if given."""

    name: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Origin:
    scheme: str
    host: Host

    def __str__(self) -> str:
        """Formats the origin as browsers do."""
        name = f"[{self.host.name}]" if ":" in self.host.name else self.host.name
        port = self.host.port
        return f"{self.scheme}://{name}{'' if port in (None, _PORTS[self.scheme]) else f':{port}'}"

    def is_of(self, scheme: str, host: Host) -> bool:
        """Whether a page of this origin came from the host, by this scheme."""
        return str(self) == str(Origin(_PLAIN.get(scheme, scheme), host))


def read_host(text: str) -> Host | None:
    """Parses `name`, `name:port` or `[address]:port`, as in the header Host."""
    if len(text) > _LONGEST_HOST or not text.isascii() or not text.isprintable():
        return None
    if " " in text or _NOT_OF_A_HOST.intersection(text):
        return None
    try:
        parts = urlsplit(f"//{text}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    name = (name or "").rstrip(".")
    return Host(name, port) if name else None


def read_origin(text: str) -> Origin | None:
    """Parses `scheme://host`, as in the header Origin; returns None for schemes other than http and https."""
    scheme, separator, rest = text.partition("://")
    host = read_host(rest) if separator and scheme in _PORTS else None
    return Origin(scheme, host) if host else None


def own_address(scope: Scope) -> set[str]:
    """Returns the local address that a request came to. DNS rebinding cannot use it: it needs a name."""
    try:
        return {str(ip_address((scope.get("server") or ("",))[0]))}
    except ValueError:
        return set()


def checked_origin(text: str) -> str:
    """Returns an origin in the form of browsers. Raises ValueError."""
    origin = read_origin(text.strip().lower().removesuffix("/"))
    if origin is None:
        raise ValueError(
            f"must be a scheme, a host and optionally a port, such as https://headway.example; "
            f"got {text!r:.100}"
        )
    return str(origin)


def checked_host(text: str) -> str:
    """Returns a host name or address without port, in the form of requests. Raises ValueError."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        host = read_host(text.lower())
    if host is None or host.port is not None or not _NAME.fullmatch(host.name):
        raise ValueError(
            "must be host names or addresses without scheme and port, separated by commas, such as "
            f"headway.example; got {text!r:.100}"
        )
    return host.name


def network_of(address: str) -> str:
    """Returns the part of an address that one customer of a provider has: all of an IPv4 address, the first 64 bits of
    an IPv6 one.

    Other texts are returned unchanged: a Unix socket has no address.
    """
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if isinstance(read, IPv4Address):
        return address
    if read.ipv4_mapped:
        return str(read.ipv4_mapped)
    return str(IPv6Network((int(read), 64), strict=False))


def own_path(text: str) -> str:
    """Returns a path on this server; `/` for anything that a browser could take for another place."""
    own = text.startswith("/") and not text.startswith("//")
    return text if own and "\\" not in text and text.isprintable() else "/"


def base_of(scope: Scope, external_url: str | None) -> str:
    """Returns the server's URL without a path, for this request: `external_url`, else the one that was requested."""
    if external_url:
        return external_url
    host = Headers(scope=scope).get("host", "")
    return f"{scope.get('scheme', 'http')}://{host if read_host(host) else 'localhost'}"


def content_length(text: str | None) -> int | None:
    """Returns the bytes that a request declares: 0 if the header is missing, None if it is not a number."""
    if text is None:
        return 0
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None


def is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe(url: object, issuer: str) -> bool:
    """Whether a URL of the issuer may be used: https, or http if both are on this machine."""
    if not isinstance(url, str) or not url.isprintable() or len(url) > 2000:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not parts.hostname or parts.username or parts.fragment:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(url) and is_loopback(issuer)
    )
