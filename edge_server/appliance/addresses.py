"""The names and addresses under which this box can be reached."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

import psutil

# Bridges of containers and virtual machines: true addresses of this host, but no device on the LAN reaches them.
_VIRTUAL_PREFIXES = ("docker", "br-", "veth", "virbr", "vmnet", "lxc", "cni")

# An address of RFC 5737, which belongs to nobody.
_SOMEWHERE_ELSE = "192.0.2.1"


@dataclass(frozen=True, slots=True)
class LocalNames:
    """Host names and IP addresses of this box, sorted and without repeats; loopback included in `addresses`."""

    hostnames: tuple[str, ...]
    addresses: tuple[str, ...]


def local_names() -> LocalNames:
    """The names and addresses that a certificate of this box has to cover."""
    host = socket.gethostname().split(".")[0].lower()
    return LocalNames(
        tuple(sorted({"localhost", host, f"{host}.local"})), tuple(sorted({"127.0.0.1", *_interface_addresses()}))
    )


def lan_addresses() -> list[str]:
    """The IPv4 addresses to type on another device of the network, that of the default route first."""
    best = _default_route_address()
    return sorted(_interface_addresses(), key=lambda address: (address != best, address))


def is_loopback(host: str) -> bool:
    """Whether only this machine itself reaches a server that listens on this address or name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _default_route_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; the kernel only chooses the address it would send from.
            probe.connect((_SOMEWHERE_ELSE, 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def _interface_addresses() -> set[str]:
    """The IPv4 addresses: the service does not listen on others, and IPv6 privacy addresses change every day."""
    found = set()
    for name, entries in psutil.net_if_addrs().items():
        if name.startswith(_VIRTUAL_PREFIXES):
            continue
        for entry in entries:
            address = ipaddress.ip_address(entry.address) if entry.family == socket.AF_INET else None
            if address is not None and not address.is_loopback and not address.is_link_local:
                found.add(str(address))
    return found
