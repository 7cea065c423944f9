"""The Socket.IO server under Flask-SocketIO."""

from __future__ import annotations

from flask import Flask
from flask_socketio import SocketIO

from edge_server.config import Settings
from edge_server.transport.plain_clients import PlainClients
from edge_server.transport.polling import PollingGate
from edge_server.transport.socketio_packet import NAMESPACES, StrictPacket
from edge_server.transport.upload_gate import UploadGate

# An encoded clip travels in one message, together with its token and field names.
CLIP_ENVELOPE_BYTES = 8192


def create_socketio(flask_app: Flask, settings: Settings, gate: UploadGate) -> SocketIO:
    """Flask-SocketIO on gevent: msgpack or stock JSON, WebSocket or polling, handlers in the reader's greenlet."""
    box = SocketIO(
        flask_app,
        async_mode="gevent",
        serializer=StrictPacket,
        async_handlers=False,
        namespaces=list(NAMESPACES),
        transports=["websocket", "polling"],
        ping_interval=settings.ping_interval_s,
        ping_timeout=settings.ping_timeout_s,
        max_http_buffer_size=settings.max_clip_bytes + CLIP_ENVELOPE_BYTES,
        manage_session=False,
    )
    PlainClients(box.server)
    flask_app.wsgi_app = PollingGate(  # type: ignore[method-assign]
        flask_app.wsgi_app, box.server.eio, gate, settings.max_connections, settings.http_timeout_s
    )
    return box
