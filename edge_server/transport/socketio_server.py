"""The Socket.IO server under Flask-SocketIO."""

from __future__ import annotations

from flask import Flask
from flask_socketio import SocketIO

from edge_server.config import Settings
from edge_server.transport.socketio_packet import NAMESPACE, StrictPacket

# An encoded clip travels in one message, together with its token and field names.
CLIP_ENVELOPE_BYTES = 8192


def create_socketio(flask_app: Flask, settings: Settings) -> SocketIO:
    """Flask-SocketIO on gevent: WebSocket only, msgpack, handlers in the reader's greenlet."""
    return SocketIO(
        flask_app,
        async_mode="gevent",
        serializer=StrictPacket,
        async_handlers=False,
        namespaces=[NAMESPACE],
        transports=["websocket"],
        ping_interval=settings.ping_interval_s,
        ping_timeout=settings.ping_timeout_s,
        max_http_buffer_size=settings.max_clip_bytes + CLIP_ENVELOPE_BYTES,
        manage_session=False,
    )
