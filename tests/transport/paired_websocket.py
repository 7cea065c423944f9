"""A WebSocket of the box on one end of a pair of sockets."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import gevent
from gevent import socket

from edge_server.transport.outbox import Outbox
from edge_server.transport.turn_ring import TurnRing
from edge_server.transport.upload_gate import UploadGate
from edge_server.transport.websocket import BoundedWebSocket


class PairedWebSocket:
    """Speak to it over `near`; a greenlet receives its `messages`, and works on each of them."""

    def __init__(
        self, gate: UploadGate | None = None, work: Callable[[], None] = lambda: None, ring: TurnRing | None = None
    ) -> None:
        self.near, far = socket.socketpair()
        self.ring = ring or TurnRing(gevent.get_hub().loop)
        server = SimpleNamespace(
            http_timeout_s=60.0,
            handshake_timeout_s=60.0,
            upload_gate=gate or UploadGate(1, 5.0, 60.0),
            turn_ring=self.ring,
        )
        handler: Any = SimpleNamespace(server=server, socket=far, take_early_bytes=lambda: b"")
        self.websocket = BoundedWebSocket({}, handler, 1 << 20, Outbox(8, 1 << 20))
        self.messages: list[Any] = []
        self.reader = gevent.spawn(self._read, work)

    def _read(self, work: Callable[[], None]) -> None:
        while (message := self.websocket.receive()) is not None:
            work()
            self.messages.append(message)


def until(happened: Callable[[], bool]) -> None:
    """Wait for something on the same loop."""
    with gevent.Timeout(20.0):
        while not happened():
            gevent.sleep(0.001)
