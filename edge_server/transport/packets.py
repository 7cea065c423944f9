"""Bytes to audio packets and back (PROTOCOL.md, section 4). Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from edge_server.errors import PacketMalformedError

VERSION = 1
KIND_AUDIO = 1
KIND_TAIL = 2
FLAG_LATE = 1
FLAG_GAP = 2

_HEADER = struct.Struct("<BBHII")
HEADER_BYTES = _HEADER.size
SEQUENCE_MODULUS = 1 << 32


@dataclass(frozen=True, slots=True)
class AudioPacket:
    """One wire packet: `payload` is mono s16le PCM, `timestamp_ms` the sender's capture clock (wraps at 2**32)."""

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
    """The packet in `data`, as a server sends it: audio or tail. Raises `PacketMalformedError`."""
    if len(data) < HEADER_BYTES or data[0] != VERSION or data[1] not in (KIND_AUDIO, KIND_TAIL):
        raise PacketMalformedError("The box sent a packet of another protocol version.")
    _, kind, flags, sequence, timestamp_ms = _HEADER.unpack_from(data)
    return AudioPacket(kind, flags, sequence, timestamp_ms, data[HEADER_BYTES:])
