"""Identifies the local program at the other end of a connection. Tasks have the same addresses as a proxy on this
machine; they differ by the user that they run as, which Linux reports."""

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
_Address = IPv4Address | IPv6Address
_End = tuple[_Address, int]


def may_be_task(users: range) -> MayBeTask:
    """Returns a check whether a local program that runs as one of `users`, or as this process's user, sent a request:
    `http` tasks do, and all tasks if they have no users of their own. A closed connection, or one that the system
    does not list, counts as any program. Requests from other machines return False."""

    def check(scope: Scope) -> bool:
        peer, own = scope.get("headway.peer") or scope["client"], scope.get("server")
        address = _plain(peer[0])
        if not _is_here(address):
            return False
        user = _user_of((address, peer[1]), (_plain(own[0]), own[1])) if own else None
        return user is None or user == os.geteuid() or user in users

    return check


def _plain(text: str) -> _Address:
    address = ip_address(text.partition("%")[0])
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address


def own_addresses() -> set[str]:
    """Returns the addresses of this machine's interfaces; for the loopback, those in use."""
    return {
        one.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for one in addresses
        if one.family in (socket.AF_INET, socket.AF_INET6)
    }


def _is_here(address: _Address) -> bool:
    return address.is_loopback or str(address) in own_addresses()


def _user_of(end: _End, other: _End) -> int | None:
    """Returns None for a closed connection: the system then reports another user."""
    ends, others = set(_written(*end)), set(_written(*other))
    for table in _TABLES:
        if table.exists():
            for line in table.read_text().splitlines()[1:]:
                _, local, remote, state, _, _, _, user, *_ = line.split()
                if local in ends and remote in others and state == _ESTABLISHED:
                    return int(user)
    return None


def _written(address: _Address, port: int) -> Iterator[str]:
    """Formats an address as in /proc/net/tcp: words in the machine's byte order; IPv4 also as mapped to IPv6."""
    yield f"{_words(address.packed)}:{port:04X}"
    if address.version == 4:
        yield f"{_words(IPv6Address(f'::ffff:{address}').packed)}:{port:04X}"


def _words(packed: bytes) -> str:
    starts = range(0, len(packed), _WORD)
    return "".join(f"{int.from_bytes(packed[at : at + _WORD], sys.byteorder):08X}" for at in starts)
