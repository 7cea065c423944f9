"""How the box and the naive server want to be spoken to: one talker for each session."""

import base64
import json
import struct
from typing import Any, Protocol

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
from scripts.bench_wire import BINARY, CLOSE, TEXT, Wire, frame, http_request

CONNECT, EVENT, ACK = 0, 2, 3
_SEQUENCE = struct.Struct("<I")
_SEQUENCE_AT = 4


class Talker(Protocol):
    """One session's connections and its way of speaking."""

    wires: list[Wire]
    delay_samples: int

    def speak(self, sequence: int, payload: bytes) -> None:
        """Send one packet."""

    def hear(self, wire: Wire) -> list[AudioPacket]:
        """Take what has arrived on one of the wires."""

    def leave(self) -> None:
        """Let the box know that this session is over, where closed connections do not tell it."""


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


class _OneWireTalker:
    """Has one connection, whose end says that the session is over."""

    def __init__(self, port: int, tls: bool, questions: Questions) -> None:
        self._wire = Wire(port, tls)
        self.wires = [self._wire]
        self._questions = questions

    def _greet(self) -> None:
        self._wire.upgrade("/socket.io/?EIO=4&transport=websocket")
        self._wire.receive()

    def leave(self) -> None:
        """Do nothing."""


class SocketIoTalker(_OneWireTalker):
    """PROTOCOL.md, section 4, over a WebSocket."""

    def __init__(
        self, port: int, tls: bool, token: str, rate_hz: int, packet_samples: int, questions: Questions
    ) -> None:
        super().__init__(port, tls, questions)
        self._greet()
        self._call({"type": CONNECT, "nsp": NAMESPACE, "data": {"token": token}}, CONNECT)
        started = self._call(start_event(rate_hz, packet_samples), ACK)["data"][0]
        self.delay_samples = delay_of(started)

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

    def _call(self, packet: object, kind: int) -> dict[str, Any]:
        self._wire.send(frame(BINARY, msgpack.packb(packet)))
        answer = msgpack.unpackb(self._wire.receive()[1])
        if answer["type"] != kind:
            raise ConnectionError(f"The box answered {answer}.")
        return dict(answer)


class RawTalker(_OneWireTalker):
    """PROTOCOL.md, section 4b."""

    def __init__(
        self, port: int, tls: bool, token: str, rate_hz: int, packet_samples: int, questions: Questions
    ) -> None:
        super().__init__(port, tls, questions)
        query = f"sample_rate_hz={rate_hz}&packet_samples={packet_samples}"
        self._wire.upgrade(f"/ws/v1/audio?{query}", f"Authorization: Bearer {token}\r\n")
        self.delay_samples = int(json.loads(self._wire.receive()[1])["delay_samples"])

    def speak(self, sequence: int, payload: bytes) -> None:
        """Send one binary frame."""
        self._wire.send(self._questions.of(sequence, payload, raw=True))

    def hear(self, wire: Wire) -> list[AudioPacket]:
        """Take the audio."""
        wire.fill()
        return [decode_raw_answer(data) for opcode, data in wire.messages() if opcode == BINARY]


class PollingTalker:
    """PROTOCOL.md, section 4, over long polling: one connection to fetch, one to send, packets merged."""

    def __init__(
        self, port: int, tls: bool, token: str, rate_hz: int, packet_samples: int, questions: Questions
    ) -> None:
        self._fetching, self._sending = Wire(port, tls), Wire(port, tls)
        self.wires = [self._fetching, self._sending]
        self._waiting: list[bytes] = []
        self._is_sending = False
        path = "/socket.io/?EIO=4&transport=polling"
        self._path = f"{path}&sid={json.loads(self._fetching.request('GET', path)[1:])['sid']}"
        self._call({"type": CONNECT, "nsp": NAMESPACE, "data": {"token": token}})
        self.delay_samples = delay_of(self._call(start_event(rate_hz, packet_samples))["data"][0])
        self._fetching.send(http_request("GET", self._path))

    def speak(self, sequence: int, payload: bytes) -> None:
        """Send a packet, together with others if the last request is not answered yet."""
        packet = encode_packet(AudioPacket(KIND_AUDIO, 0, sequence, 0, payload))
        self._waiting.append(b"b" + base64.b64encode(encode_audio(packet)))
        self._post()

    def hear(self, wire: Wire) -> list[AudioPacket]:
        """Take what a request was answered, and ask again."""
        wire.fill()
        body = wire.http_answer()
        if body is None:
            return []
        if wire is self._sending:
            self._is_sending = False
            self._post()
            return []
        self._fetching.send(http_request("GET", self._path))
        messages = body.split(b"\x1e")
        if b"2" in messages:
            self._waiting.append(b"3")
            self._post()
        return [answer for message in messages if (answer := _polled_audio(message)) is not None]

    def leave(self) -> None:
        """Close the session: to the box, who polls and is gone is only slow, until the next ping is missed."""
        self._sending.socket.setblocking(True)
        self._sending.socket.sendall(http_request("POST", self._path, b"1"))

    def _post(self) -> None:
        if self._waiting and not self._is_sending:
            self._is_sending = True
            body, self._waiting = b"\x1e".join(self._waiting[:64]), self._waiting[64:]
            self._sending.send(http_request("POST", self._path, body))

    def _call(self, packet: object) -> dict[str, Any]:
        self._sending.request("POST", self._path, b"b" + base64.b64encode(msgpack.packb(packet)))
        return dict(msgpack.unpackb(base64.b64decode(self._fetching.request("GET", self._path)[1:])))


class NaiveTalker(_OneWireTalker):
    """Stock Flask-SocketIO: JSON packets, with the audio as an attachment in a frame of its own."""

    def __init__(
        self, port: int, tls: bool, token: str, rate_hz: int, packet_samples: int, questions: Questions
    ) -> None:
        super().__init__(port, tls, questions)
        self.delay_samples = 0
        self._greet()
        self._wire.send(frame(TEXT, b"40" + NAMESPACE.encode() + b","))
        self._wire.receive()
        event = json.dumps(["audio", {"_placeholder": True, "num": 0}], separators=(",", ":"))
        self._event = frame(TEXT, f"451-{NAMESPACE},{event}".encode())

    def speak(self, sequence: int, payload: bytes) -> None:
        """Send a frame of text and a binary one."""
        packet = encode_packet(AudioPacket(KIND_AUDIO, 0, sequence, 0, payload))
        self._wire.send(self._event + frame(BINARY, packet))

    def hear(self, wire: Wire) -> list[AudioPacket]:
        """Take the attachments; pings are answered."""
        wire.fill()
        answers = []
        for opcode, data in wire.messages():
            if opcode == BINARY:
                answers.append(decode_answer(data))
            elif data == b"2":
                wire.send(frame(TEXT, b"3"))
        return answers


TALKERS: dict[str, type[SocketIoTalker] | type[RawTalker] | type[PollingTalker] | type[NaiveTalker]] = {
    "socketio": SocketIoTalker,
    "raw": RawTalker,
    "polling": PollingTalker,
    "naive": NaiveTalker,
}


def start_event(rate_hz: int, packet_samples: int) -> dict[str, Any]:
    """Give the packet that starts a stream."""
    request = {"sample_rate_hz": rate_hz, "packet_samples": packet_samples}
    return {"type": EVENT, "nsp": NAMESPACE, "id": 1, "data": ["stream.start", request]}


def delay_of(started: dict[str, Any]) -> int:
    """Give the delay that a started stream has, in samples."""
    if not started["ok"]:
        raise ConnectionError(started["error"]["message"])
    return int(started["delay_samples"])


def _polled_audio(message: bytes) -> AudioPacket | None:
    if message[:1] != b"b":
        return None
    data = msgpack.unpackb(base64.b64decode(message[1:])).get("data")
    return decode_answer(data[1]) if data and data[0] == "audio" else None
