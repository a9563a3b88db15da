"""Enforces the host rules for tasks: checks the address of each connection at the moment it is made.

Imports few modules, because the process of a `sql` task imports this one.
"""

import asyncio
import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from models.access.hosts import HostRules

POSTGRES = 5432
_RESOLVE_SECONDS = 5.0


class HostRefused(Exception):
    """A rule refuses the connection; the message names the rule."""

    code = "HOST_REFUSED"


class GuardedLoop(asyncio.SelectorEventLoop):
    """An event loop that checks the address of every connection, whichever library makes it."""

    def __init__(self, rules: HostRules) -> None:
        super().__init__()
        self._rules = rules
        self._names_resolved = False
        self._names: dict[str, str] = {}

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        found = await super().getaddrinfo(host, port, **options)
        self._names |= {str(each[4][0]): str(host) for each in found}
        return found

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        if not self._names_resolved:
            self._rules = await with_resolved_names(self._rules)
            self._names_resolved = True
        check_address(self._rules, address, self._names)
        await super().sock_connect(sock, address)


def check_address(rules: HostRules, address: Any, names: dict[str, str]) -> None:
    """Raises HostRefused if the rules refuse a socket's address. `names` has the host name of each resolved address."""
    if isinstance(address, tuple):
        at, port = str(address[0]), int(address[1])
        why = rules.refusal(names.get(at, at), port, at)
    else:
        at, port = _of_socket(os.fsdecode(address))
        why = rules.refusal("localhost", port, at)
    if why:
        raise HostRefused(why)


async def addresses_of(host: str, port: int) -> list[tuple[str, int]]:
    """Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((str(each[4][0]), int(each[4][1])) for each in found))


async def with_resolved_names(rules: HostRules) -> HostRules:
    """Adds the current addresses of denied names. Names that cannot be resolved now are left out."""

    async def one(name: str) -> Sequence[tuple[str, str]]:
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                return [(name, at) for at, _ in await addresses_of(name, 0)]
        except (OSError, TimeoutError, UnicodeError):
            return ()

    names = sorted(rules.names_to_resolve())
    found = await asyncio.gather(*(one(name) for name in names))
    return replace(rules, resolved=tuple(pair for pairs in found for pair in pairs))


def database_places(url: str) -> tuple[tuple[str, int], ...]:
    """Returns the hosts, or socket folders, of a PostgreSQL URL, each with its port."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    named = parts.netloc.rpartition("@")[2] or query.get("host", ["localhost"])[-1]
    ports = [int(port) for port in query.get("port", [str(POSTGRES)])[-1].split(",")]
    places: list[tuple[str, int]] = []
    for number, host in enumerate(named.split(",")):
        name, port = unquote(host), ports[number] if number < len(ports) else ports[-1]
        if not name.startswith("/"):
            split = urlsplit(f"//{host}")
            name, port = split.hostname or "localhost", split.port or port
        places.append((os.path.realpath(name) if name.startswith("/") else name, port))
    return tuple(places)


def rules_here(rules: HostRules, database_url: str) -> HostRules:
    """Adds the addresses of this machine and the location of Headway's own database to the rules."""
    import psutil

    found = {
        one.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for one in addresses
        if one.family in (socket.AF_INET, socket.AF_INET6)
    }
    return replace(rules, database=database_places(database_url), local=tuple(sorted(found)))


def _of_socket(path: str) -> tuple[str, int]:
    """Returns the folder of a PostgreSQL socket, and the port in its name."""
    real = os.path.realpath(path)
    port = real.rpartition(".")[2]
    return os.path.dirname(real), int(port) if port.isdigit() else POSTGRES
