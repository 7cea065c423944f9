"""New connections and their requests, let in at a bounded rate for each address."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore

from edge_server.config import Settings
from edge_server.errors import HushboxError, TooFastError, TooManyStreamsError
from edge_server.transport.give_way import give_way
from edge_server.transport.turnstile import Turnstile

_BURST_S = 2.0
_LONGEST_WAIT_S = 3.0
_WAITING_SHARE = 4
"""At most one in so many of the places for connections is held by those who wait for their turn."""
_SHARE_OF_ONE = 2
"""At most one in so many of the places is held by one address: the others can always come in, or come back."""


@dataclass(slots=True)
class _Address:
    """How many connections of an address are `open`; of those that want in, one stands at the common door."""

    open: int = 0
    door: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(1))


class Arrivals:
    """Lets connections in, of all servers of a box together. `clock` never goes back. Thread: the network loop's.

    They come in one after the other, and between two the loop looks at every socket again; however many come from one
    address, they are one of those who want in. Every address counts by itself, also an IPv6 one: all devices of a LAN are
    of one network.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], float], on_refused: Callable[[HushboxError], None]
    ) -> None:
        self._connects = _turnstile(settings.max_connects_per_s, _LONGEST_WAIT_S)
        self._requests = _turnstile(settings.max_requests_per_s, math.inf)
        self._door = BoundedSemaphore(1)
        self._clock = clock
        self._on_refused = on_refused
        self._most_waiting = max(1, settings.max_connections // _WAITING_SHARE)
        self._waiting = 0
        self._most_of_one = max(1, settings.max_connections // _SHARE_OF_ONE)
        self._addresses: dict[str, _Address] = {}

    @contextlib.contextmanager
    def admitted(self, address: Any) -> Iterator[bool]:
        """Hold a place for a connection when it is its turn; False when it is to be closed instead."""
        host = str(address[0])
        known = self._addresses.setdefault(host, _Address())
        if known.open >= self._most_of_one:
            self._on_refused(TooManyStreamsError("An address has too many connections."))
            yield False
            return
        known.open += 1
        try:
            yield self._wait(host)
        finally:
            known.open -= 1
            if not known.open:
                del self._addresses[host]

    def wait_for_request(self, host: str) -> None:
        """Wait for the turn of a request of this address, which has a connection."""
        if wait_s := self._requests.wait_s(host, self._clock()):
            gevent.sleep(wait_s)
        self._pass_door(host)

    def _wait(self, host: str) -> bool:
        wait_s = self._connects.wait_s(host, self._clock())
        if wait_s is None or (wait_s and self._waiting >= self._most_waiting):
            self._on_refused(TooFastError("An address connects too often."))
            return False
        if wait_s:
            self._waiting += 1
            try:
                gevent.sleep(wait_s)
            finally:
                self._waiting -= 1
        self._pass_door(host)
        return True

    def _pass_door(self, host: str) -> None:
        with self._addresses[host].door, self._door:
            give_way()


def _turnstile(per_s: float, longest_wait_s: float) -> Turnstile:
    return Turnstile(per_s, max(1, round(_BURST_S * per_s)), longest_wait_s)
