"""A program: python-socketio's own client over polling, whose network stands still for a second while it speaks.

It imports nothing of the box, which lifts a limit of python-engineio in its own process.
"""

import json
import struct
import sys
import threading
import time
from typing import Any

import requests
import socketio

PACKET_S = 0.02
HELD_S = 1.0
TIMEOUT_S = 20.0


class HeldBack(requests.Session):
    """Holds one GET back, once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.hold_next = threading.Event()

    def request(self, method: Any, *arguments: Any, **options: Any) -> requests.Response:
        """Send one request."""
        if method == "GET" and self.hold_next.is_set():
            self.hold_next.clear()
            time.sleep(HELD_S)
        return super().request(method, *arguments, **options)


def main(url: str, token: str, packets: int) -> None:
    """Speak so many packets of 20 ms, and print the numbers that were answered."""
    heard: list[int] = []
    complete, over = threading.Event(), threading.Event()
    network = HeldBack()
    client = socketio.Client(reconnection=False, serializer="msgpack", handle_sigint=False, http_session=network)

    def hear(data: bytes) -> None:
        heard.append(struct.unpack_from("<I", data, 4)[0])
        if len(heard) == packets:
            complete.set()

    client.on("audio", hear, namespace="/audio")
    client.on("disconnect", lambda *_: over.set(), namespace="/audio")
    client.connect(url, auth={"token": token}, namespaces=["/audio"], transports=["polling"])
    start = {"sample_rate_hz": 16000, "packet_samples": 320}
    client.call("stream.start", start, namespace="/audio", timeout=TIMEOUT_S)
    network.hold_next.set()
    for number in range(packets):
        if over.is_set():
            break
        client.emit("audio", struct.pack("<BBHII", 1, 1, 0, number, 0) + bytes(640), namespace="/audio")
        over.wait(PACKET_S)
    while not complete.is_set() and not over.is_set():
        complete.wait(PACKET_S)
    print(json.dumps({"heard": sorted(heard), "connected": client.connected}))
    client.disconnect()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
