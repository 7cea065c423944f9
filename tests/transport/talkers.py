"""Clients of every lane that speak, and read only when they are told to."""

import json
import socket
from typing import Any, Protocol

import websocket

from edge_server.transport.packets import (
    KIND_AUDIO,
    AudioPacket,
    decode_answer,
    decode_raw_answer,
    encode_packet,
    encode_raw_packet,
)
from tests.raw_client import ACK, CONNECT, EVENT, RawClient
from tests.running_box import Box, wait_until
from tests.transport.poller import Poller

START = {"sample_rate_hz": 48000, "packet_samples": 4800, "resumable": True}
TIMEOUT_S = 20.0
LITTLE_ON_THE_WAY = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
"""Small answers would take long to fill what the kernel has for a client."""


class Talker(Protocol):
    """A client over some lane."""

    connection: websocket.WebSocket

    def start(self) -> dict[str, Any]:
        """Start a resumable stream, and give the answer."""

    def resume(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Go on with a stream, and give the answer."""

    def say(self, number: int) -> None:
        """Send one packet of audio."""

    def ask(self) -> None:
        """Send an event that is answered by text."""

    def ask_end(self) -> None:
        """Ask for the end of the stream and its summary."""

    def hear(self) -> AudioPacket | dict[str, Any]:
        """The next packet of audio, or the argument of the next event or acknowledgement."""


class SocketIoTalker:
    """A client of Socket.IO with msgpack."""

    def __init__(self, box: Box) -> None:
        self._client = RawClient(box, sockopt=LITTLE_ON_THE_WAY)
        self._client.join(box.token())
        self.connection = self._client.websocket

    def start(self) -> dict[str, Any]:
        return dict(self._client.call("stream.start", START))

    def resume(self, fields: dict[str, Any]) -> dict[str, Any]:
        return dict(self._client.call("stream.resume", fields))

    def ask_end(self) -> None:
        self._client.emit("stream.end", {}, number=7)

    def say(self, number: int) -> None:
        self._client.emit("audio", encode_packet(AudioPacket(KIND_AUDIO, 0, number, 0, bytes(9600))))

    def hear(self) -> AudioPacket | dict[str, Any]:
        packet = self._client.receive()
        if packet["type"] == ACK:
            return dict(packet["data"][0])
        assert packet["type"] == EVENT, packet
        event, argument = packet["data"]
        return decode_answer(argument) if event == "audio" else {"event": event, **argument}


class UpgradedTalker(SocketIoTalker):
    """A client of Socket.IO with msgpack that began by polling."""

    def __init__(self, box: Box) -> None:
        self._client = UpgradedClient(box)
        self.connection = self._client.websocket


class UpgradedClient(RawClient):
    """A client that has joined by polling, and goes on over a WebSocket."""

    def __init__(self, box: Box) -> None:
        poller = Poller(box).join(box.token())
        assert [packet["type"] for packet in poller.receive()] == [CONNECT]
        self.sid = poller.sid
        self.websocket = websocket.create_connection(
            f"{box.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid={self.sid}",
            timeout=TIMEOUT_S,
            sockopt=LITTLE_ON_THE_WAY,
        )
        self.websocket.send("2probe")
        assert self.websocket.recv() == "3probe"
        self.websocket.send("5")
        wait_until(lambda: box.service.socketio.server.eio.sockets[self.sid].upgraded)


class PlainTalker(SocketIoTalker):
    """A client of Socket.IO with the stock JSON parser."""

    def __init__(self, box: Box) -> None:
        self._client = RawClient(box, sockopt=LITTLE_ON_THE_WAY)
        self.connection = self._client.websocket
        self.connection.send("40/audio," + json.dumps({"token": box.token()}))
        assert self.connection.recv().startswith("40/audio,")

    def start(self) -> dict[str, Any]:
        self.connection.send('42/audio,1["stream.start",' + json.dumps(START) + "]")
        return dict(json.loads(self.connection.recv().removeprefix("43/audio,1"))[0])

    def ask(self) -> None:
        self.connection.send('42/audio,2["stream.set",{"suppression_limit_db":6}]')

    def hear(self) -> AudioPacket | dict[str, Any]:
        text = self.connection.recv()
        assert isinstance(text, str)
        if text.startswith("43/audio,2"):
            return {"event": "stream.set"}
        assert text.startswith("42/audio,"), text
        event, argument = json.loads(text.removeprefix("42/audio,"))
        return {"event": event, **argument}


class RawTalker:
    """A client of the raw lane."""

    connection: websocket.WebSocket

    def __init__(self, box: Box) -> None:
        self._box = box

    def start(self) -> dict[str, Any]:
        return self._opened("sample_rate_hz=48000&packet_samples=4800&resumable=1")

    def resume(self, fields: dict[str, Any]) -> dict[str, Any]:
        return self._opened("&".join(f"{name}={value}" for name, value in fields.items()))

    def say(self, number: int) -> None:
        self.connection.send_binary(encode_raw_packet(AudioPacket(KIND_AUDIO, 0, number, 0, bytes(9600))))

    def ask_end(self) -> None:
        self.connection.send('{"event": "stream.end"}')

    def ask(self) -> None:
        self.connection.send('{"event": "stream.set", "suppression_limit_db": 6}')

    def hear(self) -> AudioPacket | dict[str, Any]:
        message = self.connection.recv()
        assert message, "the box closed the connection"
        return decode_raw_answer(message) if isinstance(message, bytes) else dict(json.loads(message))

    def _opened(self, query: str) -> dict[str, Any]:
        url = f"{self._box.url.replace('http', 'ws')}/ws/v1/audio?{query}"
        header = [f"Authorization: Bearer {self._box.token()}"]
        self.connection = websocket.create_connection(url, header=header, timeout=TIMEOUT_S, sockopt=LITTLE_ON_THE_WAY)
        return dict(json.loads(self.connection.recv()))
