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
_Address = IPv4Address | IPv6Address
_End = tuple[_Address, int]


def may_be_task(users: range) -> MayBeTask:
    """Whether a program of this machine sent the request that runs as one of `users`, or as the user of this process:
    so do `http` tasks, and all tasks where they have no users of their own. One that has closed its connection, or that
    the system does not tell of, may be any program. Of other machines nothing is known here."""

    def judge(scope: Scope) -> bool:
        peer, own = scope.get("headway.peer") or scope["client"], scope.get("server")
        address = _plain(peer[0])
        if not _is_here(address):
            return False
        user = _user_of((address, peer[1]), (_plain(own[0]), own[1])) if own else None
        return user is None or user == os.geteuid() or user in users

    return judge


def _plain(text: str) -> _Address:
    address = ip_address(text.partition("%")[0])
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address


def own_addresses() -> set[str]:
    """Those of this machine's interfaces; of the loopback the ones in use."""
    return {
        one.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for one in addresses
        if one.family in (socket.AF_INET, socket.AF_INET6)
    }


def _is_here(address: _Address) -> bool:
    return address.is_loopback or str(address) in own_addresses()


def _user_of(end: _End, other: _End) -> int | None:
    """Of a connection that is closed on its side the system tells another user."""
    ends, others = set(_written(*end)), set(_written(*other))
    for table in _TABLES:
        if table.exists():
            for line in table.read_text().splitlines()[1:]:
                _, local, remote, state, _, _, _, user, *_ = line.split()
                if local in ends and remote in others and state == _ESTABLISHED:
                    return int(user)
    return None


def _written(address: _Address, port: int) -> Iterator[str]:
    """As the tables have it: words of the machine's own order; of IPv4 also as a socket of IPv6 has it."""
    yield f"{_words(address.packed)}:{port:04X}"
    if address.version == 4:
        yield f"{_words(IPv6Address(f'::ffff:{address}').packed)}:{port:04X}"


def _words(packed: bytes) -> str:
    starts = range(0, len(packed), _WORD)
    return "".join(f"{int.from_bytes(packed[at : at + _WORD], sys.byteorder):08X}" for at in starts)
