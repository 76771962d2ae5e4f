"""Recognize names and addresses of this machine."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network


def is_local_name(host: str) -> bool:
    """Tell whether a Host header is a local name."""
    name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) else host
    return name == "localhost" or (name != "" and is_loopback(name.strip("[]")))


@lru_cache(maxsize=1024)
def is_loopback(address: str) -> bool:
    """Tell whether an address is a loopback address."""
    if address == "":  # a Unix socket has no address
        return True
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)  # how IPv6 sockets write IPv4 addresses
    return (mapped or parsed).is_loopback


@lru_cache(maxsize=1024)
def network(address: str) -> str:
    """Return what an address is counted by: of IPv6 the network, which one host may have whole."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address) or parsed.ipv4_mapped is not None:
        return address
    return str(ip_network((parsed, 64), strict=False))
