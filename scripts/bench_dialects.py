"""How the box and the naive server want to be spoken to: one talker for each session."""

import base64
import json
from typing import Any, Protocol

import msgpack

from edge_server.transport.packets import KIND_AUDIO, AudioPacket, decode_answer, encode_packet
from edge_server.transport.socketio_packet import NAMESPACE, encode_audio
from scripts.bench_stream_talkers import (
    CONNECT,
    BreakingRawTalker,
    BreakingSocketIoTalker,
    OneWireTalker,
    Questions,
    RawTalker,
    SocketIoTalker,
    accepted,
    start_event,
)
from scripts.bench_wire import BINARY, TEXT, Wire, frame, http_request


class Talker(Protocol):
    """One session's connections and its way of speaking."""

    wires: list[Wire]
    delay_samples: int

    def speak(self, sequence: int, payload: bytes) -> None:
        """Send one packet."""

    def hear(self, wire: Wire) -> list[AudioPacket]:
        """Take what has arrived on one of the wires."""

    def leave(self) -> int:
        """Let the box know that this session is over, where closed connections do not tell it.

        Gives how many of its frames the box says were late: 0 where it does not say.
        """


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
        self.delay_samples = int(accepted(self._call(start_event(rate_hz, packet_samples)))["delay_samples"])
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

    def leave(self) -> int:
        """Close the session: to the box, who polls and is gone is only slow, until the next ping is missed."""
        self._sending.socket.setblocking(True)
        self._sending.socket.sendall(http_request("POST", self._path, b"1"))
        return 0

    def _post(self) -> None:
        if self._waiting and not self._is_sending:
            self._is_sending = True
            body, self._waiting = b"\x1e".join(self._waiting[:64]), self._waiting[64:]
            self._sending.send(http_request("POST", self._path, body))

    def _call(self, packet: object) -> dict[str, Any]:
        self._sending.request("POST", self._path, b"b" + base64.b64encode(msgpack.packb(packet)))
        return dict(msgpack.unpackb(base64.b64decode(self._fetching.request("GET", self._path)[1:])))


class NaiveTalker(OneWireTalker):
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
    "socketio, breaking": BreakingSocketIoTalker,
    "raw": RawTalker,
    "raw, breaking": BreakingRawTalker,
    "polling": PollingTalker,
    "naive": NaiveTalker,
}


def _polled_audio(message: bytes) -> AudioPacket | None:
    if message[:1] != b"b":
        return None
    data = msgpack.unpackb(base64.b64decode(message[1:])).get("data")
    return decode_answer(data[1]) if data and data[0] == "audio" else None
