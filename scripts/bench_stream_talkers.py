"""Talkers of the load generator that have one connection: over Socket.IO and on the raw lane, for good or until it breaks."""

import json
import struct
from typing import Any
from urllib.parse import urlencode

import msgpack

from edge_server.transport.packets import (
    KIND_AUDIO,
    AudioPacket,
    decode_answer,
    decode_raw_answer,
    encode_packet,
    encode_raw_packet,
)
from edge_server.transport.socketio_packet import NAMESPACE, encode_audio
from scripts.bench_wire import BINARY, CLOSE, TEXT, TIMEOUT_S, Wire, frame

CONNECT, EVENT, ACK = 0, 2, 3
_SEQUENCE = struct.Struct("<I")
_SEQUENCE_AT = 4


class Questions:
    """The frames of one packet's payload, made once; only the number differs from talker to talker."""

    def __init__(self) -> None:
        self._frames: dict[bytes, tuple[bytearray, int]] = {}

    def of(self, sequence: int, payload: bytes, raw: bool) -> bytearray:
        """Give the frame of a packet; it is good until the next call."""
        known = self._frames.get(payload)
        if known is None:
            packet = AudioPacket(KIND_AUDIO, 0, 0, 0, payload)
            data = encode_raw_packet(packet) if raw else encode_packet(packet)
            whole = bytearray(frame(BINARY, data if raw else encode_audio(data)))
            known = self._frames[payload] = (whole, whole.index(data) + _SEQUENCE_AT)
        whole, at = known
        _SEQUENCE.pack_into(whole, at, sequence)
        return whole


class OneWireTalker:
    """Has one connection, whose end says that the session is over."""

    def __init__(self, port: int, tls: bool, questions: Questions) -> None:
        self._port = port
        self._tls = tls
        self._questions = questions
        self._connect()

    def _connect(self) -> None:
        self._wire = Wire(self._port, self._tls)
        self.wires = [self._wire]

    def _greet(self) -> None:
        self._wire.upgrade("/socket.io/?EIO=4&transport=websocket")
        self._wire.receive()

    def leave(self) -> int:
        """Do nothing, and be told nothing."""
        return 0


class _StreamTalker(OneWireTalker):
    """Has a stream over its connection, and goes without a goodbye."""

    _resumable = False

    def __init__(
        self, port: int, tls: bool, token: str, rate_hz: int, packet_samples: int, questions: Questions
    ) -> None:
        super().__init__(port, tls, questions)
        self._token = token
        request = {"sample_rate_hz": rate_hz, "packet_samples": packet_samples, "resumable": self._resumable}
        self._started = self._begin(request)
        self.delay_samples = int(self._started["delay_samples"])

    def _begin(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a stream over the new connection, or go on with one, and give what the box says about it."""
        raise NotImplementedError

    def _end(self) -> dict[str, Any]:
        """End the stream, and give its summary."""
        raise NotImplementedError


class SocketIoTalker(_StreamTalker):
    """PROTOCOL.md, section 4, over a WebSocket."""

    def speak(self, sequence: int, payload: bytes) -> None:
        """Send one binary frame."""
        self._wire.send(self._questions.of(sequence, payload, raw=False))

    def hear(self, wire: Wire) -> list[AudioPacket]:
        """Take the audio events; pings are answered."""
        wire.fill()
        answers = []
        for opcode, data in wire.messages():
            if opcode == TEXT and data == b"2":
                wire.send(frame(TEXT, b"3"))
            elif opcode == BINARY:
                event = msgpack.unpackb(data).get("data")
                if event and event[0] == "audio":
                    answers.append(decode_answer(event[1]))
            elif opcode == CLOSE:
                raise ConnectionError("The box closed the connection.")
        return answers

    def _begin(self, request: dict[str, Any]) -> dict[str, Any]:
        self._greet()
        self._call({"type": CONNECT, "nsp": NAMESPACE, "data": {"token": self._token}}, CONNECT)
        event = "stream.resume" if "key" in request else "stream.start"
        return accepted(self._call(event_packet(event, request), ACK))

    def _end(self) -> dict[str, Any]:
        return accepted(self._call(event_packet("stream.end", {}), ACK))

    def _call(self, packet: object, kind: int) -> dict[str, Any]:
        """Send a packet and wait for its answer; audio, notices and pings before it are nobody's."""
        self._wire.send(frame(BINARY, msgpack.packb(packet)))
        while True:
            opcode, data = self._wire.receive()
            if opcode == CLOSE:
                raise ConnectionError("The box closed the connection.")
            if opcode == TEXT:
                continue
            answer = dict(msgpack.unpackb(data))
            if answer["type"] == kind:
                return answer
            if answer["type"] != EVENT or answer["data"][0] == "goodbye":
                raise ConnectionError(f"The box answered {answer}.")


class RawTalker(_StreamTalker):
    """PROTOCOL.md, section 4b."""

    def speak(self, sequence: int, payload: bytes) -> None:
        """Send one binary frame."""
        self._wire.send(self._questions.of(sequence, payload, raw=True))

    def hear(self, wire: Wire) -> list[AudioPacket]:
        """Take the audio."""
        wire.fill()
        return [decode_raw_answer(data) for opcode, data in wire.messages() if opcode == BINARY]

    def _begin(self, request: dict[str, Any]) -> dict[str, Any]:
        query = urlencode(request | {"resumable": int(self._resumable)})
        self._wire.upgrade(f"/ws/v1/audio?{query}", f"Authorization: Bearer {self._token}\r\n")
        return self._told("stream.started")

    def _end(self) -> dict[str, Any]:
        self._wire.send(frame(TEXT, b'{"event": "stream.end"}'))
        return self._told("stream.end")

    def _told(self, event: str) -> dict[str, Any]:
        """Wait for an event; audio and notices before it are nobody's."""
        while True:
            opcode, data = self._wire.receive()
            if opcode == CLOSE:
                raise ConnectionError("The box closed the connection.")
            if opcode != TEXT:
                continue
            told = dict(json.loads(data))
            if told["event"] == event:
                return told
            if told["event"] == "goodbye":
                raise ConnectionError(f"The box answered {told}.")


class BreakingTalker(_StreamTalker):
    """Has a stream that outlives its connection, and ends it with a goodbye: else the box would keep its place for a while."""

    _resumable = True

    def break_off(self, next_answer: int) -> int:
        """Lose the connection and go on over another; give the number of the packet that the box takes next.

        The box hears of the break from the one who comes back, as it does of a lost Wi-Fi.
        """
        lost = self._wire
        self._connect()
        key = self._started["resume"]["key"]
        resumed = self._begin({"stream_id": self._started["stream_id"], "key": key, "next_answer": next_answer})
        lost.socket.close()
        return int(resumed["next_sequence"])

    def leave(self) -> int:
        """End the stream, and give how many of its frames were late, also of those whose answers the break has lost."""
        self._wire.socket.settimeout(TIMEOUT_S)
        return int(self._end()["late_frames"])


class BreakingSocketIoTalker(BreakingTalker, SocketIoTalker):
    """Breaks off over Socket.IO."""


class BreakingRawTalker(BreakingTalker, RawTalker):
    """Breaks off on the raw lane."""


def start_event(rate_hz: int, packet_samples: int) -> dict[str, Any]:
    """Give the packet that starts a stream."""
    return event_packet("stream.start", {"sample_rate_hz": rate_hz, "packet_samples": packet_samples})


def event_packet(event: str, argument: dict[str, Any]) -> dict[str, Any]:
    """Give the packet of a control event."""
    return {"type": EVENT, "nsp": NAMESPACE, "id": 1, "data": [event, argument]}


def accepted(acknowledgement: dict[str, Any]) -> dict[str, Any]:
    """Give what an acknowledgement holds. Raises ConnectionError when it is a refusal."""
    answer = dict(acknowledgement["data"][0])
    if not answer["ok"]:
        raise ConnectionError(answer["error"]["message"])
    return answer
