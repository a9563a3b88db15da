"""Believes trusted proxies who asks, and by which address. From all others that is anybody's word, and ignored."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network


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
