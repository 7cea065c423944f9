from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_server.transport.socketio_packet import (
    MALFORMED_EVENT,
    NAMESPACE,
    StrictPacket,
    encode_acknowledgement,
    encode_event,
    encode_file_acknowledgement,
)

CONNECT, DISCONNECT, EVENT, ACK, BINARY_EVENT = 0, 1, 2, 3, 5


def test_absent_data_is_left_out_as_javascript_parsers_require() -> None:
    packet = StrictPacket(DISCONNECT, namespace=NAMESPACE)
    assert msgpack.unpackb(packet.encode()) == {"type": DISCONNECT, "nsp": NAMESPACE}


def test_an_event_is_read_as_it_was_sent() -> None:
    packet = StrictPacket(encoded_packet=encode_event("audio", b"\x00\x01"))
    assert (packet.packet_type, packet.namespace, packet.data) == (EVENT, NAMESPACE, ["audio", b"\x00\x01"])


def test_binary_of_a_node_client_is_binary() -> None:
    event = ["audio", msgpack.ExtType(0, b"\x00\x01"), msgpack.ExtType(5, b"x")]
    packet = StrictPacket(encoded_packet=msgpack.packb({"type": EVENT, "nsp": NAMESPACE, "data": event}))
    assert packet.data == ["audio", b"\x00\x01", msgpack.ExtType(5, b"x")]


def test_an_acknowledgement_carries_its_number() -> None:
    assert msgpack.unpackb(encode_acknowledgement(7, {"ok": True})) == {
        "type": ACK,
        "nsp": NAMESPACE,
        "id": 7,
        "data": [{"ok": True}],
    }


@pytest.mark.parametrize("size", [1, 16, 300, 70_000])
def test_a_file_goes_out_in_pieces_which_are_the_whole_answer(size: int) -> None:
    file = bytes(range(256)) * (size // 256) + bytes(size % 256)
    pieces = encode_file_acknowledgement(7, {"ok": True, "format": "wav"}, file)
    assert pieces[1] is file
    assert msgpack.unpackb(b"".join(pieces)) == {
        "type": ACK,
        "nsp": NAMESPACE,
        "id": 7,
        "data": [{"ok": True, "format": "wav", "data": file}],
    }


def test_a_clip_hands_its_acknowledgement_number_to_its_handler() -> None:
    sent = msgpack.packb({"type": EVENT, "nsp": NAMESPACE, "id": 3, "data": ["clip", {"token": "t"}]})
    packet = StrictPacket(encoded_packet=sent)
    assert packet.data == ["clip", 3, {"token": "t"}]
    assert packet.id is None


@pytest.mark.parametrize(
    "fields",
    [
        None,
        [],
        {},
        {"type": EVENT, "nsp": NAMESPACE},
        {"type": EVENT, "nsp": NAMESPACE, "data": []},
        {"type": EVENT, "nsp": NAMESPACE, "data": "audio"},
        {"type": EVENT, "nsp": NAMESPACE, "data": [1]},
        {"type": EVENT, "nsp": 7, "data": ["audio"]},
        {"type": EVENT, "nsp": NAMESPACE, "data": ["audio"], "id": "x"},
        {"type": EVENT, "nsp": NAMESPACE, "data": ["audio"], "id": -1},
        {"type": EVENT, "nsp": NAMESPACE, "data": ["audio"], "id": 1 << 63},
        {"type": EVENT, "nsp": NAMESPACE, "data": ["connect", {}, {}]},
        {"type": EVENT, "nsp": NAMESPACE, "data": ["disconnect"]},
        {"type": True, "nsp": NAMESPACE},
        {"type": ACK, "nsp": NAMESPACE, "id": 1, "data": []},
        {"type": BINARY_EVENT, "nsp": NAMESPACE, "data": ["audio"]},
        {"type": 99, "nsp": NAMESPACE},
    ],
)
def test_what_is_no_packet_of_a_client_becomes_the_malformed_event(fields: Any) -> None:
    packet = StrictPacket(encoded_packet=msgpack.packb(fields))
    assert packet.data == [MALFORMED_EVENT]


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x91" * 5000, "2[1]", '2/audio,["audio"]'])
def test_bytes_that_are_not_msgpack_become_the_malformed_event(data: bytes | str) -> None:
    assert StrictPacket(encoded_packet=data).data == [MALFORMED_EVENT]


@given(st.binary(max_size=60))
def test_no_bytes_make_the_parser_raise(data: bytes) -> None:
    assert StrictPacket(encoded_packet=data).packet_type in (CONNECT, DISCONNECT, EVENT)
