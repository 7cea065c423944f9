"""The names and addresses under which this box can be reached."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

import psutil

# Bridges of containers and virtual machines: true addresses of this host, but no device on the LAN reaches them.
_VIRTUAL_PREFIXES = ("docker", "br-", "veth", "virbr", "vmnet", "lxc", "cni")


@dataclass(frozen=True, slots=True)
class LocalNames:
    """Host names and IP addresses of this box, sorted and without repeats; loopback included in `addresses`."""

    hostnames: tuple[str, ...]
    addresses: tuple[str, ...]


def local_names() -> LocalNames:
    """The names and addresses that a certificate of this box has to cover."""
    host = socket.gethostname().split(".")[0].lower()
    addresses = {"127.0.0.1", "::1", *_interface_addresses()}
    return LocalNames(tuple(sorted({"localhost", host, f"{host}.local"})), tuple(sorted(addresses)))


def lan_addresses() -> list[str]:
    """The IPv4 addresses to type on another device of the network, best first."""
    return sorted(address for address in _interface_addresses() if ipaddress.ip_address(address).version == 4)


def _interface_addresses() -> set[str]:
    found = set()
    for name, entries in psutil.net_if_addrs().items():
        if name.startswith(_VIRTUAL_PREFIXES):
            continue
        for entry in entries:
            if entry.family in (socket.AF_INET, socket.AF_INET6):
                address = ipaddress.ip_address(entry.address.split("%")[0])
                if not address.is_loopback and not address.is_link_local:
                    found.add(str(address))
    return found
