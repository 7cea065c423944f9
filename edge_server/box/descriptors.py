"""How many connections and files this process may have open."""

from __future__ import annotations

import logging
import resource
from dataclasses import replace

from edge_server.config import Settings

logger = logging.getLogger(__name__)

_BESIDE_CONNECTIONS = 128
"""Sockets that listen, the database, files in work, what libraries open."""


def fit_descriptors(settings: Settings) -> Settings:
    """The settings with no more connections than the process has descriptors for, of which it may have more after this.

    Most systems let a process open 1024 unless it asks for more. Without one left, a box could neither take a connection nor
    open a file, whoever wanted it. Mutates: the process.
    """
    servers = 2 if settings.https else 1
    allowed = _allow(servers * settings.max_connections + _BESIDE_CONNECTIONS)
    fitting = max(1, (allowed - _BESIDE_CONNECTIONS) // servers)
    if fitting >= settings.max_connections:
        return settings
    logger.warning("The system allows %d open files: %d connections per server at a time.", allowed, fitting)
    return replace(settings, max_connections=fitting)


def _allow(wanted: int) -> int:
    """Ask for so many descriptors, and give how many there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
