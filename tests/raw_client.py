"""A client that says what it is told to, right or wrong."""

import json
import time
from types import TracebackType
from typing import Any

import msgpack
import websocket

from edge_server.transport.socketio_packet import NAMESPACE
from tests.running_box import Box

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = 0, 1, 2, 3, 4
TIMEOUT_S = 20.0


class RawClient:
    """A WebSocket to a box; the Engine.IO handshake is done, the Socket.IO one only by `join`."""

    def __init__(self, box: Box, **options: Any) -> None:
        self.websocket = websocket.create_connection(
            box.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket", timeout=TIMEOUT_S, **options
        )
        opening = self.websocket.recv()
        assert opening[:1] == "0"
        self.sid = str(json.loads(opening[1:])["sid"])

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.websocket.close()

    def join(self, token: Any) -> dict[str, Any]:
        """Ask for the namespace with this token, and give the answer."""
        self.send({"type": CONNECT, "nsp": NAMESPACE, "data": {"token": token}})
        return self.receive()

    def send(self, packet: Any) -> None:
        """Send one packet as msgpack."""
        self.websocket.send_binary(msgpack.packb(packet))

    def emit(self, *event: Any, number: int | None = None) -> None:
        """Send one event."""
        packet = {"type": EVENT, "nsp": NAMESPACE, "data": list(event)}
        self.send(packet if number is None else packet | {"id": number})

    def call(self, *event: Any) -> Any:
        """Send one event and give its acknowledgement."""
        self.emit(*event, number=1)
        while (answer := self.receive())["type"] != ACK:
            pass
        return answer["data"][0]

    def receive(self) -> dict[str, Any]:
        """Give the next Socket.IO packet; pings of the box do not make the wait for it longer."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline_s:
            message = self.websocket.recv()
            if message == "2":
                self.websocket.send("3")
            elif isinstance(message, bytes) and message:
                return dict(msgpack.unpackb(message))
            elif not message:
                raise ConnectionError("The box closed the connection.")
        raise websocket.WebSocketTimeoutException("Nothing but pings came.")

    def receive_event(self, name: str, namespace: str | None = None) -> Any:
        """Give the argument of the next event of this name, in any namespace unless one is named."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline_s:
            packet = self.receive()
            is_there = namespace in (None, packet["nsp"])
            if is_there and packet["type"] == EVENT and packet["data"][0] == name:
                return packet["data"][1]
        raise AssertionError(f"There was no event {name!r}.")

    def closed_by_box(self) -> bool:
        """Wait for the end of the connection."""
        try:
            while True:
                self.receive()
        except websocket.WebSocketTimeoutException:
            return False
        except (ConnectionError, websocket.WebSocketException):
            return True
