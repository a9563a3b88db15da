"""Rules for the hosts that tasks may connect to, by the host's name and by the address of the connection. Pure.

A rule is a name, `*.name`, an address or a network, each with an optional `:port`, or a group: `@database`,
`@link-local`, `@loopback`, `@private`. `denied` takes precedence over `allowed`; if `allowed` is empty, every host
that is not denied is allowed.
"""

import json
import re
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Self

DATABASE, LINK_LOCAL, LOOPBACK, PRIVATE = "@database", "@link-local", "@loopback", "@private"
DENIED = (DATABASE, LINK_LOCAL)
"""The value of `denied` unless it is set."""
_Address = IPv4Address | IPv6Address
_CLOUDS = (
    *("fd00:ec2::/32", "fd20:ce::254/128", "fd00:42::42/128"),
    *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),
)
_LINK_LOCAL = tuple(map(ip_network, ("169.254.0.0/16", "fe80::/10", *_CLOUDS)))
"""Includes the addresses at which clouds serve a machine's credentials, also those that are not link-local."""
_GROUPS = {
    DATABASE: "Headway's own database",
    LINK_LOCAL: "link-local addresses and cloud metadata services",
    LOOPBACK: "this machine",
    PRIVATE: "private networks",
}
_TRANSLATED = IPv6Network("64:ff9b::/96")
_NAME = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\*")
_PORT = re.compile(r"(.*?):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class HostRules:
    """`database` holds the hosts (or socket directories) and ports of Headway's own database. `local` are the addresses
    of this machine. `resolved` maps denied names and the database's host to their addresses, so that connecting to the
    address does not bypass the rule."""

    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = DENIED
    database: tuple[tuple[str, int], ...] = ()
    local: tuple[str, ...] = ()
    resolved: tuple[tuple[str, str], ...] = ()

    @property
    def exist(self) -> bool:
        return bool(self.allowed or self.denied)

    def names_to_resolve(self) -> set[str]:
        named = {_split(rule)[0] for rule in self.denied}
        named |= {host for host, _ in self.database if DATABASE in self.denied}
        return {name for name in named if name[0] not in "@*/" and not _network(name)}

    def refusal(self, host: str, port: int, address: str) -> str | None:
        """Returns why a connection is refused, or None. `address` is what `host` resolved to, or a socket directory."""
        for rule in self.denied:
            if self._meets(rule, host, port, address) or self._resolved_to(rule, port, address):
                return (
                    f"{_place(host, port, address)} is refused by the rule {_shown(rule)} of task_denied_hosts; "
                    "to allow it, an operator removes the rule from that setting"
                )
        if not self.allowed or any(self._meets(one, host, port, address) for one in self.allowed):
            return None
        return (
            f"{_place(host, port, address)} is refused: no rule of task_allowed_hosts allows it "
            f"({', '.join(self.allowed)}); to allow it, an operator adds it to that setting"
        )

    def _resolved_to(self, rule: str, port: int, address: str) -> bool:
        name, only = _split(rule)
        return only in (None, port) and self._machine(address) in self._addresses(name)

    def _addresses(self, name: str) -> set[str]:
        return {self._machine(to) for of, to in self.resolved if of == name}

    def _meets(self, rule: str, host: str, port: int, address: str) -> bool:
        name, only = _split(rule)
        if only is not None and only != port:
            return False
        if name == DATABASE:
            return self._is_database(address, port)
        found = real_address(address)
        if name in _GROUPS:
            # A Unix socket is on this machine.
            return self._in_group(name, found) if found else name == LOOPBACK
        if network := _network(name):
            return bool(found and found in network)
        wanted = host.lower().rstrip(".")
        return name in ("*", wanted) or (name[:2] == "*." and wanted.endswith(name[1:]))

    def _in_group(self, name: str, found: _Address) -> bool:
        if name == LINK_LOCAL:
            return any(found in network for network in _LINK_LOCAL)
        if name == LOOPBACK:
            return found.is_loopback or str(found) in self.local
        return found.is_private

    def _is_database(self, address: str, port: int) -> bool:
        here = self._machine(address)
        return any(
            port == its and here in {self._machine(host), *self._addresses(host)}
            for host, its in self.database
        )

    def _machine(self, address: str) -> str:
        """Returns the address as text; the same text for all addresses of this machine."""
        found = real_address(address)
        if found is None:
            return address
        return LOOPBACK if self._in_group(LOOPBACK, found) else str(found)

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Self:
        def frozen(value: Any) -> Any:
            return tuple(map(frozen, value)) if isinstance(value, list) else value

        return cls(**{name: frozen(value) for name, value in json.loads(text).items()})


def read_rule(text: str) -> str:
    """Returns the rule in the form in which rules are compared. Raises ValueError with a sentence."""
    rule = text.strip().lower().rstrip(".")
    name, port = _split(rule)
    if name.startswith("@"):
        if rule not in _GROUPS:
            raise ValueError(f"{text!r} is not a group of hosts; use one of {', '.join(_GROUPS)}")
        return rule
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"the port in {text!r} must be between 1 and 65535")
    if "/" in name or "[" in name or ":" in name:
        if not _network(name):
            raise ValueError(
                f"{text!r} is not an address or network such as 10.0.0.0/8 or [fd00::1]:5432"
            )
    elif not _network(name) and not _NAME.fullmatch(name):
        raise ValueError(
            f"{text!r} is not a host rule: name a host, *.domain, an address, a network, or a group "
            f"({', '.join(_GROUPS)}), with :port to match one port only"
        )
    return rule


def real_address(text: str) -> _Address | None:
    """Returns the address that a connection reaches: embedded IPv4 for IPv6, and loopback for the unspecified address.
    Returns None for the path of a socket."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and (found in _TRANSLATED or (int(found) >> 32 == 0 and int(found) > 1)):
            inner = IPv4Address(int(found) & 0xFFFFFFFF)
        found = inner or found
    if found.is_unspecified or (isinstance(found, IPv4Address) and int(found) >> 24 == 0):
        return ip_address("127.0.0.1" if found.version == 4 else "::1")
    return found


def _split(rule: str) -> tuple[str, int | None]:
    """Splits a rule into name and port; an IPv6 address with a port is in brackets."""
    if rule.startswith("["):
        name, _, rest = rule[1:].partition("]")
        return name, int(rest[1:]) if rest[1:].isdigit() else None
    if rule.count(":") == 1 and (found := _PORT.fullmatch(rule)):
        return found[1], int(found[2])
    return rule, None


def _network(name: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(name, strict=False)
    except ValueError:
        return None


def _shown(rule: str) -> str:
    return f"{rule} ({_GROUPS[rule]})" if rule in _GROUPS else rule


def _place(host: str, port: int, address: str) -> str:
    at = f" ({address})" if address != host else ""
    return f"{host}:{port}{at}" if ":" not in host else f"[{host}]:{port}{at}"
