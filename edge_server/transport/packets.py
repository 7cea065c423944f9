"""Bytes to audio packets and back (PROTOCOL.md, section 4). Pure."""

from __future__ import annotations

import struct
from typing import NamedTuple

from edge_server.errors import PacketMalformedError

VERSION = 1
KIND_AUDIO = 1
KIND_TAIL = 2
KIND_SILENCE = 3
FLAG_LATE = 1
FLAG_GAP = 2
FLAG_LEFT_OUT = 4
FLAGS_OFFSET = 2

_HEADER = struct.Struct("<BBHII")
HEADER_BYTES = _HEADER.size
SEQUENCE_MODULUS = 1 << 32

_RAW_HEADER = struct.Struct("<BBHI")
RAW_HEADER_BYTES = _RAW_HEADER.size
_COUNT = struct.Struct("<I")
_ANSWER_KINDS = (KIND_AUDIO, KIND_TAIL, KIND_SILENCE)


class AudioPacket(NamedTuple):
    """One wire packet: `payload` is mono s16le PCM, `timestamp_ms` the sender's capture clock (wraps at 2**32).

    The payload of a silence is the u32 count of packets that it stands for, the first of which is `sequence`.
    """

    kind: int
    flags: int
    sequence: int
    timestamp_ms: int
    payload: bytes


def encode_packet(packet: AudioPacket) -> bytes:
    """The wire bytes of a packet."""
    return (
        _HEADER.pack(
            VERSION,
            packet.kind,
            packet.flags,
            packet.sequence % SEQUENCE_MODULUS,
            packet.timestamp_ms % SEQUENCE_MODULUS,
        )
        + packet.payload
    )


def decode_packet(data: bytes) -> AudioPacket:
    """The packet in `data`, as a client may send it.

    Raises `PacketMalformedError` when the header is too short, or its version or kind is not one a client sends.
    """
    if len(data) < HEADER_BYTES:
        raise PacketMalformedError(f"A packet has {HEADER_BYTES} bytes of header; this one has {len(data)} in all.")
    version, kind, flags, sequence, timestamp_ms = _HEADER.unpack_from(data)
    if version != VERSION:
        raise PacketMalformedError(f"This box speaks packet version {VERSION}, not {version}.")
    if kind != KIND_AUDIO:
        raise PacketMalformedError(f"A client sends packets of kind {KIND_AUDIO}, not {kind}.")
    return AudioPacket(kind, flags, sequence, timestamp_ms, data[HEADER_BYTES:])


def decode_answer(data: bytes) -> AudioPacket:
    """The packet in `data`, as a server sends it: audio, tail or silence. Raises `PacketMalformedError`."""
    if len(data) < HEADER_BYTES or data[0] != VERSION or data[1] not in _ANSWER_KINDS:
        raise PacketMalformedError("The box sent a packet of another protocol version.")
    _, kind, flags, sequence, timestamp_ms = _HEADER.unpack_from(data)
    return AudioPacket(kind, flags, sequence, timestamp_ms, data[HEADER_BYTES:])


def encode_raw_packet(packet: AudioPacket) -> bytes:
    """The wire bytes of a packet on the raw lane, whose header has no timestamp."""
    return _RAW_HEADER.pack(VERSION, packet.kind, packet.flags, packet.sequence % SEQUENCE_MODULUS) + packet.payload


def decode_raw_packet(data: bytes) -> AudioPacket:
    """The packet in `data`, as a client of the raw lane may send it. Raises `PacketMalformedError`."""
    if len(data) < RAW_HEADER_BYTES:
        raise PacketMalformedError(f"A packet has {RAW_HEADER_BYTES} bytes of header; this one has {len(data)} in all.")
    version, kind, flags, sequence = _RAW_HEADER.unpack_from(data)
    if version != VERSION or kind != KIND_AUDIO:
        raise PacketMalformedError(f"A client sends packets of version {VERSION} and kind {KIND_AUDIO}.")
    return AudioPacket(kind, flags, sequence, 0, data[RAW_HEADER_BYTES:])


def decode_raw_answer(data: bytes) -> AudioPacket:
    """The packet in `data`, as a server sends it on the raw lane. Raises `PacketMalformedError`."""
    if len(data) < RAW_HEADER_BYTES or data[0] != VERSION or data[1] not in _ANSWER_KINDS:
        raise PacketMalformedError("The box sent a packet of another protocol version.")
    _, kind, flags, sequence = _RAW_HEADER.unpack_from(data)
    return AudioPacket(kind, flags, sequence, 0, data[RAW_HEADER_BYTES:])


def silence(first_sequence: int, packets: int) -> AudioPacket:
    """The packet that stands for `packets` answers nobody can give any more."""
    return AudioPacket(KIND_SILENCE, FLAG_GAP, first_sequence, 0, _COUNT.pack(packets))


def silent_packets(packet: AudioPacket) -> int:
    """How many answers a silence stands for. Raises `PacketMalformedError`."""
    if packet.kind != KIND_SILENCE or len(packet.payload) != _COUNT.size:
        raise PacketMalformedError("This packet is no silence.")
    return int(_COUNT.unpack(packet.payload)[0])
