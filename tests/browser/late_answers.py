"""Audio packets on their way to a page, flagged as the box flags the ones that it could not clean in time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import msgpack
from playwright.sync_api import WebSocketRoute

from edge_server.transport.packets import FLAG_LATE, FLAGS_OFFSET


def flag_late(event: str, every: int = 1) -> Callable[[WebSocketRoute], None]:
    """Give what stands between page and box, and flags `every` so manyth packet of this event."""
    numbers = count()

    def flagged(message: bytes) -> bytes:
        packet = msgpack.unpackb(message)
        data = packet.get("data")
        if not (isinstance(data, list) and data[0] == event) or next(numbers) % every:
            return message
        audio = bytearray(data[1])
        audio[FLAGS_OFFSET] |= FLAG_LATE
        packet["data"] = [event, bytes(audio)]
        changed: bytes = msgpack.packb(packet)
        return changed

    def connect(page_side: WebSocketRoute) -> None:
        box_side = page_side.connect_to_server()
        box_side.on_message(lambda message: page_side.send(flagged(message) if isinstance(message, bytes) else message))

    return connect
