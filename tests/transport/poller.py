"""A client that polls, one request at a time."""

import base64
import json
import urllib.error
import urllib.request
from typing import Any

import msgpack

from edge_server.transport.packets import KIND_AUDIO, AudioPacket, encode_packet
from edge_server.transport.socketio_packet import NAMESPACE
from tests.raw_client import ACK, CONNECT, EVENT
from tests.running_box import Box

TIMEOUT_S = 20.0
SEPARATOR = b"\x1e"
OVER = 400


class Poller:
    """A polling connection of Engine.IO; Socket.IO begins with `join`."""

    def __init__(self, box: Box) -> None:
        self._path = f"{box.url}/socket.io/?EIO=4&transport=polling"
        with urllib.request.urlopen(self._path, timeout=TIMEOUT_S) as answer:
            self.sid = str(json.loads(answer.read()[1:])["sid"])
        self._path += f"&sid={self.sid}"

    def post(self, body: bytes) -> int:
        """Send a body, and give the status."""
        try:
            with urllib.request.urlopen(urllib.request.Request(self._path, body), timeout=TIMEOUT_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def fetch(self) -> list[bytes]:
        """The Engine.IO packets of one answer; none when the connection is over."""
        try:
            with urllib.request.urlopen(self._path, timeout=TIMEOUT_S) as answer:
                return list(answer.read().split(SEPARATOR))
        except urllib.error.HTTPError as error:
            if error.code != OVER:
                raise
            return []

    def join(self, token: str) -> "Poller":
        """Ask for the namespace with this token, in msgpack."""
        assert self.send({"type": CONNECT, "nsp": NAMESPACE, "data": {"token": token}}) == 200
        return self

    def send(self, *packets: dict[str, Any]) -> int:
        """Send packets of Socket.IO as msgpack in one body, and give the status."""
        return self.post(SEPARATOR.join(b"b" + base64.b64encode(msgpack.packb(packet)) for packet in packets))

    def send_plain(self, text: str, *attachments: bytes) -> int:
        """Send a text of Socket.IO with what it announces in one body, and give the status."""
        encoded = [b"b" + base64.b64encode(attachment) for attachment in attachments]
        return self.post(SEPARATOR.join([b"4" + text.encode(), *encoded]))

    def receive(self) -> list[dict[str, Any]]:
        """The packets of Socket.IO in msgpack of one answer, which may be none of them."""
        return [msgpack.unpackb(base64.b64decode(data[1:])) for data in self.fetch() if data[:1] == b"b"]

    def call(self, event: str, argument: Any) -> dict[str, Any]:
        """Send one event, and give its acknowledgement."""
        assert self.send({"type": EVENT, "nsp": NAMESPACE, "data": [event, argument], "id": 1}) == 200
        while True:
            for packet in self.receive():
                if packet["type"] == ACK:
                    return dict(packet["data"][0])


def audio_event(number: int, payload: bytes) -> dict[str, Any]:
    """The event that carries one packet of audio."""
    return {"type": EVENT, "nsp": NAMESPACE, "data": ["audio", audio_packet(number, payload)]}


def audio_packet(number: int, payload: bytes) -> bytes:
    """One packet of audio."""
    return encode_packet(AudioPacket(KIND_AUDIO, 0, number, 0, payload))
