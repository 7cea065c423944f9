"""How the box and the naive server want to be spoken to."""

import json
from typing import Any, Protocol

import msgpack

from edge_server.transport.socketio_packet import NAMESPACE, encode_event
from scripts.bench_wire import BINARY, TEXT, Wire

CONNECT, EVENT, ACK = 0, 2, 3


class Dialect(Protocol):
    """One session's way of speaking Socket.IO."""

    def join(self, wire: Wire, token: str, sample_rate_hz: int, packet_samples: int) -> int:
        """Connect and start a stream; give its delay in samples."""

    def question(self, packet: bytes) -> list[tuple[int, bytes]]:
        """Give the frames of one audio packet."""

    def answer(self, opcode: int, frame: bytes) -> bytes | None:
        """Give the audio packet in a frame, if it holds one."""


class BoxDialect:
    """The protocol of PROTOCOL.md."""

    def join(self, wire: Wire, token: str, sample_rate_hz: int, packet_samples: int) -> int:
        """Connect with the token and start a stream; give its delay in samples."""
        wire.receive()
        self._send(wire, {"type": CONNECT, "nsp": NAMESPACE, "data": {"token": token}})
        self._expect(wire, CONNECT)
        request = {"sample_rate_hz": sample_rate_hz, "packet_samples": packet_samples}
        self._send(wire, {"type": EVENT, "nsp": NAMESPACE, "id": 1, "data": ["stream.start", request]})
        started = self._expect(wire, ACK)["data"][0]
        if not started["ok"]:
            raise ConnectionError(started["error"]["message"])
        return int(started["delay_samples"])

    def question(self, packet: bytes) -> list[tuple[int, bytes]]:
        """Give one binary frame."""
        return [(BINARY, encode_event("audio", packet))]

    def answer(self, opcode: int, frame: bytes) -> bytes | None:
        """Give the audio packet of an audio event."""
        data = msgpack.unpackb(frame).get("data") if opcode == BINARY else None
        return bytes(data[1]) if data and data[0] == "audio" else None

    def _send(self, wire: Wire, packet: object) -> None:
        wire.send([(BINARY, msgpack.packb(packet))])

    def _expect(self, wire: Wire, kind: int) -> dict[str, Any]:
        packet = msgpack.unpackb(wire.receive()[1])
        if packet["type"] != kind:
            raise ConnectionError(f"The box answered {packet}.")
        return dict(packet)


class NaiveDialect:
    """Stock Flask-SocketIO: JSON packets, with the audio as an attachment in a frame of its own."""

    def join(self, wire: Wire, token: str, sample_rate_hz: int, packet_samples: int) -> int:
        """Connect; there is nothing to start."""
        wire.receive()
        wire.send([(TEXT, b"40" + NAMESPACE.encode() + b",")])
        wire.receive()
        return 0

    def question(self, packet: bytes) -> list[tuple[int, bytes]]:
        """Give a frame of text and a binary one."""
        event = json.dumps(["audio", {"_placeholder": True, "num": 0}], separators=(",", ":"))
        return [(TEXT, f"451-{NAMESPACE},{event}".encode()), (BINARY, packet)]

    def answer(self, opcode: int, frame: bytes) -> bytes | None:
        """Give the attachment."""
        return frame if opcode == BINARY else None


DIALECTS: dict[str, type[BoxDialect] | type[NaiveDialect]] = {"box": BoxDialect, "naive": NaiveDialect}
