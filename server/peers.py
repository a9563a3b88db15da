"""Programs of this machine at the other end of a connection. Tasks come from the same addresses as a proxy beside the
server, so an address alone does not tell them apart; the user that they run as does, and Linux tells it."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

import psutil
from starlette.types import Scope

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ESTABLISHED: Final = "01"
_WORD: Final = 4
MayBeTask = Callable[[Scope], bool]


def may_be_task(users: range) -> MayBeTask:
    """Whether a program of this machine sent the request that runs as one of `users`, or as the user of this process:
    so do `http` tasks, and all tasks where they have no users of their own. One that has closed its connection may be
    any program. Of other machines nothing is known here."""

    def judge(scope: Scope) -> bool:
        peer, own = scope.get("headway.peer") or scope["client"], scope.get("server")
        address = _plain(peer[0])
        if own is None or not _is_here(address) or not _TABLES[0].exists():
            return False
        user = _user_of(address, peer[1], own[1])
        return user is None or user == os.geteuid() or user in users

    return judge


def _plain(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text.partition("%")[0])
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address


def _is_here(address: IPv4Address | IPv6Address) -> bool:
    if address.is_loopback:
        return True
    return any(
        one.address.partition("%")[0] == str(address)
        for addresses in psutil.net_if_addrs().values()
        for one in addresses
        if one.family in (socket.AF_INET, socket.AF_INET6)
    )


def _user_of(address: IPv4Address | IPv6Address, port: int, to: int) -> int | None:
    """Of a connection that is closed on its side the system tells another user."""
    ends = {f"{place}:{port:04X}" for place in _written(address)}
    for table in _TABLES:
        if table.exists():
            for line in table.read_text().splitlines()[1:]:
                _, local, remote, state, _, _, _, user, *_ = line.split()
                if local in ends and remote.endswith(f":{to:04X}") and state == _ESTABLISHED:
                    return int(user)
    return None


def _written(address: IPv4Address | IPv6Address) -> Iterator[str]:
    """As the tables have it: words of the machine's own order; of IPv4 also as a socket of IPv6 has it."""
    yield _words(address.packed)
    if address.version == 4:
        yield _words(IPv6Address(f"::ffff:{address}").packed)


def _words(packed: bytes) -> str:
    starts = range(0, len(packed), _WORD)
    return "".join(f"{int.from_bytes(packed[at : at + _WORD], sys.byteorder):08X}" for at in starts)
