"""The way to one client: bounded, and ended in order or by force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
import socketio

from edge_server.config import Settings
from edge_server.errors import ClientTooSlowError, HushboxError
from edge_server.transport.client import TOO_SLOW
from edge_server.transport.packets import AudioPacket, encode_packet
from edge_server.transport.plain_clients import PlainClients
from edge_server.transport.socketio_packet import (
    NAMESPACE,
    encode_acknowledgement,
    encode_audio,
    encode_event,
    encode_file_acknowledgement,
)
from edge_server.transport.websocket import BoundedWebSocket, Sink
from edge_server.transport.websocket_frames import BINARY, TEXT, encode_frame, frame_head

# Longer than a WebSocket takes to close (two steps of a second): then the client has had its time to read.
_GOODBYE_GRACE_S = 3.0
# Longer, since it may have been away for all that time, and costs nothing: its audio is gone from the queue.
_FETCH_GRACE_S = 10.0


class ClientLink:
    """Sends to one client in one namespace without waiting.

    Over a WebSocket, what python-engineio has nothing to send before goes straight to the connection. A client that
    takes its audio too slowly loses the oldest first, and is parted from when that is not enough (see `Outbox`).
    Thread: the network loop's; everything may be called from loop callbacks.
    """

    def __init__(
        self,
        server: socketio.Server,
        sid: str,
        websocket: BoundedWebSocket | None,
        settings: Settings,
        on_cut: Callable[[], None],
        namespace: str = NAMESPACE,
    ) -> None:
        self._server = server
        self._sid = sid
        self._namespace = namespace
        self._eio_sid: str = server.manager.eio_sid_from_sid(sid, namespace)
        # What all namespaces of one connection have in common; known to its client, so not for others.
        self.connection_id = self._eio_sid
        self._plain_clients: PlainClients = server.plain_clients
        self._is_plain = self._eio_sid in server.plain_clients
        self._websocket = websocket
        self._max_packets = settings.max_outbound_packets
        self._max_bytes = settings.max_outbound_bytes
        self._dropped = 0
        self._on_cut = on_cut
        self._on_dropped: Callable[[], None] | None = None
        self._parting = False

    def admit(self, limit_bytes: int) -> None:
        """Keep the connection, and take messages up to this size or an earlier one."""
        if (connection := self._connection) is not None:
            connection.session["limit_bytes"] = max(limit_bytes, connection.session.get("limit_bytes", 0))
            # By namespace: a client may leave and join again as often as it likes.
            connection.session.setdefault("links", {})[self._namespace] = self
            if (websocket := self._known_websocket(connection)) is not None:
                websocket.admit(limit_bytes)
                websocket.when_too_slow(self.give_up)

    def listen(self, sink: Sink) -> None:
        """Let `sink` see binary messages before python-engineio does."""
        connection = self._connection
        if connection is None or self._is_plain:
            return
        if (websocket := self._known_websocket(connection)) is not None:
            websocket.listen(sink)
        else:
            connection.session["sink"] = sink

    def when_dropped(self, on_dropped: Callable[[], None]) -> None:
        """Tell `on_dropped` of each packet of audio that makes way for later ones."""
        self._on_dropped = on_dropped
        if (connection := self._connection) is not None:
            connection.queue.on_dropped = on_dropped
            self._watch_outbox(self._known_websocket(connection))

    @property
    def _connection(self) -> Any:
        return self._server.eio.sockets.get(self._eio_sid)

    def _known_websocket(self, connection: Any) -> BoundedWebSocket | None:
        """The WebSocket of this connection; of one that began as polling, the one to which it goes over."""
        return self._websocket or connection.session.get("websocket")

    def emit(self, event: str, argument: Any) -> None:
        """Send one event."""
        self.send_encoded(encode_event(event, argument, self._namespace))

    def send_audio(self, packet: AudioPacket) -> None:
        """Send one packet of audio."""
        self.send_encoded(encode_audio(encode_packet(packet)), is_audio=True)

    def acknowledge(self, acknowledgement_id: int | None, argument: Any) -> None:
        """Answer an event, if it asked for an acknowledgement."""
        if acknowledgement_id is not None:
            self.send_encoded(encode_acknowledgement(acknowledgement_id, argument, self._namespace))

    def acknowledge_with_file(self, acknowledgement_id: int | None, argument: dict[str, Any], file: bytes) -> None:
        """Answer an event, if it asked for an acknowledgement, with a file as the field `data`."""
        connection = self._connection
        if acknowledgement_id is None or self._parting or connection is None or connection.closed:
            return
        pieces = encode_file_acknowledgement(acknowledgement_id, argument, file, self._namespace)
        websocket = self._straight_way(connection)
        if websocket is None or self._is_plain:
            self._send(b"".join(pieces), False)
            return
        websocket.send_frame(frame_head(BINARY, sum(map(len, pieces))), *pieces)

    @property
    def waiting_packets(self) -> int:
        """How many packets wait for this client to read."""
        connection = self._connection
        in_outbox = len(self._websocket.outbox) if self._websocket is not None else 0
        return in_outbox + (connection.queue.qsize() if connection is not None else 0)

    def part(self, error: HushboxError) -> None:
        """Say goodbye with the reason, and disconnect; by force after a while."""
        if not self._parting:
            self._parting = True
            self._send(encode_event("goodbye", error.to_dict(), self._namespace), False)
            gevent.spawn(self._disconnect)

    def give_up(self) -> None:
        """Part from a client that does not take what it is sent, in all namespaces that its connection has joined."""
        connection = self._connection
        if self._parting or connection is None:
            return
        self._on_cut()
        if not connection.upgraded:
            connection.queue.drop_audio()
        for link in list(connection.session.get("links", {self._namespace: self}).values()):
            link.part(ClientTooSlowError(TOO_SLOW))
        # Also where its client has left this namespace already: it would find the connection as slow again.
        self._parting = True

    def leave(self, is_last: bool) -> None:
        """Hear that the client has left this namespace; with the last one its connection ends."""
        connection = self._connection
        links = connection.session.get("links", {}) if connection is not None else {}
        if links.get(self._namespace) is self:
            del links[self._namespace]
        # Who hears of dropped audio holds this link.
        self._on_dropped = None
        if is_last:
            self.release()

    def release(self) -> None:
        """End what is left of a connection whose client is gone."""
        self._parting = True
        if self._websocket is not None:
            self._cut_later()
        elif (connection := self._connection) is not None and not (connection.closing or connection.closed):
            # Who polls would go on to, without ever hearing anything again.
            gevent.spawn(self._disconnect)

    def send_encoded(self, message: bytes, is_audio: bool = False) -> None:
        """Send the bytes of one Socket.IO packet."""
        if not self._parting:
            self._send(message, is_audio)

    def _send(self, message: bytes, is_audio: bool) -> None:
        connection = self._connection
        if connection is None or connection.closed:
            return
        if (websocket := self._straight_way(connection)) is None:
            self._queue(connection, message, is_audio)
        else:
            websocket.send_frame(self._frames(message), is_audio=is_audio)

    def _straight_way(self, connection: Any) -> BoundedWebSocket | None:
        """The WebSocket, unless there is none (yet) or python-engineio has something to send before."""
        if self._websocket is None and connection.upgraded:
            self._websocket = connection.session.get("websocket")
            self._watch_outbox(self._websocket)
        return None if connection.queue.qsize() else self._websocket

    def _watch_outbox(self, websocket: BoundedWebSocket | None) -> None:
        # All namespaces share one outbox; audio that may be dropped is in one of them.
        if websocket is not None and self._on_dropped is not None:
            websocket.outbox.on_dropped = self._on_dropped

    def _frames(self, message: bytes) -> bytes:
        """The WebSocket frames of one packet, which go, or are dropped, together."""
        if not self._is_plain:
            return encode_frame(BINARY, message)
        return b"".join(
            encode_frame(TEXT, b"4" + part.encode()) if isinstance(part, str) else encode_frame(BINARY, part)
            for part in self._plain_clients.translate(message)
        )

    def _queue(self, connection: Any, message: bytes, is_audio: bool) -> None:
        # Whether it still answers pings is not asked here, as python-engineio's own `send` does: that would end the connection,
        # and call whoever hears of its end, in the midst of what its caller does for others.
        parts = self._plain_clients.translate(message) if self._is_plain else [message]
        if not connection.queue.qsize():
            self._dropped = 0
        connection.queue.put_message(parts, is_audio)
        waiting = connection.queue.qsize()
        if waiting > self._max_packets:
            self._dropped += connection.queue.drop_oldest_audio()
        too_many = waiting > 2 * self._max_packets or self._dropped >= self._max_packets
        # Bytes are counted only for those who lag: nearly always the queue is empty.
        if too_many or (waiting > 1 and connection.queue.bytes_beside_the_largest() > self._max_bytes):
            self.give_up()

    def _disconnect(self) -> None:
        self._cut_later()
        self._server.disconnect(self._sid, self._namespace)
        if (connection := self._connection) is None:
            return
        if not connection.upgraded:
            # python-engineio hands out nothing any more once it is closed.
            connection.queue.join(_FETCH_GRACE_S)
        # Not waited for: a client that does not read would keep this greenlet and the queue for ever.
        connection.close(wait=False)

    def _cut_later(self) -> None:
        if self._websocket is not None and not self._websocket.closed:
            gevent.spawn_later(_GOODBYE_GRACE_S, self._websocket.cut)


def open_link(
    server: socketio.Server,
    settings: Settings,
    on_cut: Callable[[], None],
    sid: str,
    environ: dict[str, Any],
    namespace: str = NAMESPACE,
) -> ClientLink:
    """The way to a client that has joined a namespace, with the limits of the settings."""
    return ClientLink(server, sid, environ.get("wsgi.websocket"), settings, on_cut, namespace)
