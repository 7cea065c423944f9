"""Places at the upload gate, which a connection gives back however it ends."""

import socket
import struct

import gevent
import pytest

from edge_server.errors import TooManyStreamsError
from edge_server.transport.upload_gate import UploadGate
from tests.transport.paired_websocket import PairedWebSocket

LARGE_BYTES = 300_000
TEXT, BINARY = 0x81, 0x82


class Connection(PairedWebSocket):
    """A WebSocket with a gate of one place."""

    def __init__(self) -> None:
        self.gate = UploadGate(1, wait_s=5.0, upload_timeout_s=60.0)
        super().__init__(self.gate)

    def place_is_free(self) -> bool:
        """Whether one could enter without waiting."""
        return not self.gate._places.locked()


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


def test_who_finds_no_place_is_told_when_to_come_again() -> None:
    gate = UploadGate(1, wait_s=0.01, upload_timeout_s=60.0)
    with gate.enter(), pytest.raises(TooManyStreamsError) as refusal:
        gate.enter()
    assert refusal.value.retry_after_s == 0.01
    gate.enter().leave()


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
