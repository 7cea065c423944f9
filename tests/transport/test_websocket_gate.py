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
    held = connection.gate.enter("another")
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
    with gate.enter("first"), pytest.raises(TooManyStreamsError) as refusal:
        gate.enter("second")
    assert refusal.value.retry_after_s == 0.01
    gate.enter("second").leave()


@pytest.mark.parametrize(("places", "most"), [(1, 1), (2, 1), (4, 3)])
def test_one_address_leaves_a_place_to_the_others(places: int, most: int) -> None:
    gate = UploadGate(places, wait_s=0.01, upload_timeout_s=60.0)
    held = [gate.enter("greedy") for _ in range(most)]
    with pytest.raises(TooManyStreamsError):
        gate.enter("greedy")
    held += [gate.enter("other") for _ in range(places - most)]
    with pytest.raises(TooManyStreamsError):
        gate.enter("third")
    for upload in held:
        upload.leave()
    # Nobody is remembered who has no place.
    assert gate._shares == {}
    gate.enter("third").leave()


def test_who_waits_for_a_place_of_its_own_address_gets_it() -> None:
    gate = UploadGate(2, wait_s=5.0, upload_timeout_s=60.0)
    held = gate.enter("one")
    waiting = gevent.spawn(gate.enter, "one")
    while not gate._shares["one"].linkcount():
        gevent.sleep(0.001)
    held.leave()
    waiting.get(timeout=5.0).leave()
    assert gate._shares == {}


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
