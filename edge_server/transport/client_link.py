"""The way to one client: bounded, and ended in order or by force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
import socketio

from edge_server.errors import HushboxError
from edge_server.transport.socketio_packet import NAMESPACE, encode_acknowledgement, encode_event
from edge_server.transport.websocket import BoundedWebSocket

_GOODBYE_GRACE_S = 1.0


class ClientLink:
    """Sends to one client without waiting.

    A client that does not read is cut once `max_packets`, or `max_bytes` beside the last message,
    wait for it. Thread: the network loop's; everything but
    `part_and_wait` may be called from loop callbacks.
    """

    def __init__(
        self,
        server: socketio.Server,
        sid: str,
        websocket: BoundedWebSocket,
        max_packets: int,
        max_bytes: int,
        on_cut: Callable[[], None],
    ) -> None:
        self._server = server
        self._sid = sid
        self._eio_sid: str = server.manager.eio_sid_from_sid(sid, NAMESPACE)
        self._websocket = websocket
        self._max_packets = max_packets
        self._max_bytes = max_bytes
        self._on_cut = on_cut
        self._parting = False

    def admit(self, limit_bytes: int) -> None:
        """Keep the connection, and take messages up to this size."""
        self._websocket.admit(limit_bytes)

    def emit(self, event: str, argument: Any) -> None:
        """Send one event."""
        self._send(encode_event(event, argument))

    def acknowledge(self, acknowledgement_id: int | None, argument: Any) -> None:
        """Answer an event, if it asked for an acknowledgement."""
        if acknowledgement_id is not None:
            self._send(encode_acknowledgement(acknowledgement_id, argument))

    def part(self, error: HushboxError) -> None:
        """Say goodbye with the reason, and disconnect; by force after a second."""
        if not self._parting:
            self.emit("goodbye", error.to_dict())
            self._parting = True
            gevent.spawn(self._disconnect)

    def release(self) -> None:
        """End what is left of a connection whose client is gone."""
        self._parting = True
        gevent.spawn_later(_GOODBYE_GRACE_S, self._websocket.cut)

    def _send(self, message: bytes) -> None:
        connection = self._server.eio.sockets.get(self._eio_sid)
        if self._parting or connection is None or connection.closed:
            return
        if self._is_behind(connection.queue):
            self._on_cut()
            self._parting = True
            self._websocket.cut()
            return
        self._server.eio.send(self._eio_sid, message)

    def _is_behind(self, queue: Any) -> bool:
        waiting = queue.qsize()
        if waiting >= self._max_packets:
            return True
        # Counted only for those who lag: nearly always the queue is empty.
        return waiting > 0 and sum(len(packet.data or b"") for packet in queue.queue if packet) > self._max_bytes

    def _disconnect(self) -> None:
        gevent.spawn_later(_GOODBYE_GRACE_S, self._websocket.cut)
        self._server.disconnect(self._sid, NAMESPACE)
        connection = self._server.eio.sockets.get(self._eio_sid)
        if connection is not None:
            # Not waited for: a client that does not read would keep this greenlet and the queue for ever.
            connection.close(wait=False)
