import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_server.errors import PacketMalformedError
from edge_server.transport.packets import (
    HEADER_BYTES,
    KIND_AUDIO,
    KIND_TAIL,
    AudioPacket,
    decode_answer,
    decode_packet,
    encode_packet,
)


def test_the_bytes_are_those_of_the_protocol() -> None:
    packet = AudioPacket(KIND_AUDIO, 3, 0x01020304, 0x0A0B0C0D, b"\x11\x22")
    assert encode_packet(packet) == bytes.fromhex("01 01 0300 04030201 0d0c0b0a 1122")


@given(
    flags=st.integers(0, 65535),
    sequence=st.integers(0, 2**32 - 1),
    timestamp_ms=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=64),
)
def test_a_packet_survives_the_wire(flags: int, sequence: int, timestamp_ms: int, payload: bytes) -> None:
    packet = AudioPacket(KIND_AUDIO, flags, sequence, timestamp_ms, payload)
    assert decode_packet(encode_packet(packet)) == packet


def test_the_timestamp_wraps() -> None:
    packet = AudioPacket(KIND_AUDIO, 0, 0, 2**32 + 5, b"")
    assert decode_packet(encode_packet(packet)).timestamp_ms == 5


@pytest.mark.parametrize("size", range(HEADER_BYTES))
def test_a_short_header_is_refused(size: int) -> None:
    with pytest.raises(PacketMalformedError):
        decode_packet(b"\x01\x01" + bytes(size - 2) if size >= 2 else bytes(size))


@pytest.mark.parametrize(("version", "kind"), [(0, 1), (2, 1), (255, 1), (1, 0), (1, KIND_TAIL), (1, 9)])
def test_a_wrong_version_or_kind_is_refused(version: int, kind: int) -> None:
    with pytest.raises(PacketMalformedError):
        decode_packet(bytes([version, kind]) + bytes(HEADER_BYTES))


def test_a_tail_is_an_answer_and_not_a_question() -> None:
    data = encode_packet(AudioPacket(KIND_TAIL, 0, 7, 0, b"ab"))
    assert decode_answer(data).kind == KIND_TAIL
    with pytest.raises(PacketMalformedError):
        decode_packet(data)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_packet_or_refused(data: bytes) -> None:
    try:
        packet = decode_packet(data)
    except PacketMalformedError:
        return
    assert encode_packet(packet) == data
