"""Places at the upload gate, which a connection gives back however it ends."""

import socket
import struct
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from gevent import socket as gevent_socket

from edge_server.transport.outbox import Outbox
from edge_server.transport.upload_gate import UploadGate
from edge_server.transport.websocket import BoundedWebSocket

LARGE_BYTES = 300_000
TEXT, BINARY = 0x81, 0x82


class Connection:
    """A WebSocket on one end of a pair of sockets, with a gate of one place, and a greenlet that reads it."""

    def __init__(self) -> None:
        self.gate = UploadGate(1, wait_s=5.0, upload_timeout_s=60.0)
        self.near, far = gevent_socket.socketpair()
        server = SimpleNamespace(http_timeout_s=60.0, handshake_timeout_s=60.0, upload_gate=self.gate)
        handler: Any = SimpleNamespace(server=server, socket=far, take_early_bytes=lambda: b"")
        self.websocket = BoundedWebSocket({}, handler, 1 << 20, Outbox(8, 1 << 20))
        self.messages: list[Any] = []
        self.reader = gevent.spawn(self._read)

    def place_is_free(self) -> bool:
        """Whether one could enter without waiting."""
        return not self.gate._places.locked()

    def _read(self) -> None:
        while (message := self.websocket.receive()) is not None:
            self.messages.append(message)


def header(first: int) -> bytes:
    return struct.pack("!BBQ", first, 0x80 | 127, LARGE_BYTES) + bytes(4)


def test_a_connection_that_ends_while_it_waits_for_a_place_takes_none() -> None:
    connection = Connection()
    held = connection.gate.enter()
    connection.near.sendall(header(BINARY))
    while not connection.gate._places.linkcount():
        gevent.sleep(0.001)
    connection.websocket.cut()
    held.leave()
    connection.reader.join(5.0)
    assert connection.reader.ready()
    assert connection.place_is_free()


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_large_message_gives_its_place_back(opcode: int) -> None:
    connection = Connection()
    connection.near.sendall(header(opcode))
    while connection.place_is_free():
        gevent.sleep(0.001)
    connection.near.sendall(b"x" * LARGE_BYTES)
    while not connection.messages:
        gevent.sleep(0.001)
    assert len(connection.messages[0]) == LARGE_BYTES
    assert connection.place_is_free()
    connection.near.shutdown(socket.SHUT_RDWR)
    connection.reader.join(5.0)
