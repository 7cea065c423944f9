"""The Socket.IO namespace /audio: who connects, their audio, and their end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import socketio
from socketio.exceptions import ConnectionRefusedError as ConnectionRefused

from edge_server.auth.tokens import TokenDesk
from edge_server.config import Settings
from edge_server.errors import (
    BadRequestError,
    HushboxError,
    InternalError,
    OverrunError,
    PacketMalformedError,
    ServerStoppingError,
    TokenExpiredError,
    UnknownEventError,
)
from edge_server.metrics import Metrics
from edge_server.sessions.session import Session
from edge_server.transport.client import Client
from edge_server.transport.client_link import ClientLink
from edge_server.transport.packets import decode_packet
from edge_server.transport.socketio_packet import MALFORMED_EVENT, NAMESPACE
from edge_server.transport.socketio_server import CLIP_ENVELOPE_BYTES

logger = logging.getLogger(__name__)


class AudioLane:
    """Owns the connected clients of the namespace /audio.

    Handlers are registered on the Socket.IO server below Flask-SocketIO, which would build a Flask request context
    for every packet. Thread: the network loop's.
    """

    def __init__(
        self,
        server: socketio.Server,
        settings: Settings,
        tokens: TokenDesk,
        metrics: Metrics,
        unix_clock: Callable[[], float],
    ) -> None:
        self.clients: dict[str, Client] = {}
        self.stopping = False
        self._server = server
        self._settings = settings
        self._tokens = tokens
        self._metrics = metrics
        self._unix_clock = unix_clock
        metrics.sessions.set_function(lambda: len(self.clients))

    def register(self) -> None:
        """Attach the handlers to the server."""
        self._server.on("connect", self._connect, namespace=NAMESPACE)
        self._server.on("disconnect", self._disconnect, namespace=NAMESPACE)
        self._server.on("audio", self._audio, namespace=NAMESPACE)
        self._server.on(MALFORMED_EVENT, self._malformed, namespace=NAMESPACE)
        self._server.on("*", self._unknown, namespace=NAMESPACE)

    def check_tokens(self) -> None:
        """Warn the clients whose token ends soon, and part from those whose token ended."""
        now_s = self._unix_clock()
        for client in list(self.clients.values()):
            if client.session.expired(now_s):
                self._part_expired(client)
                continue
            left_s = client.session.take_expiry_warning(now_s, self._settings.token_warning_s)
            if left_s is not None:
                client.link.emit("token.expiring", {"expires_in_s": left_s})

    def _connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        try:
            if self.stopping:
                raise ServerStoppingError("This box is shutting down.")
            token = auth.get("token") if isinstance(auth, dict) else None
            claims = self._tokens.verify(token)
        except HushboxError as error:
            self._metrics.count_error(error)
            raise ConnectionRefused(error.message, error.to_dict()) from error
        link = ClientLink(
            self._server,
            sid,
            environ["wsgi.websocket"],
            self._settings.max_outbound_packets,
            self._settings.max_outbound_bytes,
            self._metrics.cut_connections.inc,
        )
        link.admit(self._settings.max_clip_bytes + CLIP_ENVELOPE_BYTES)
        self.clients[sid] = Client(Session(str(token), claims), link, self._metrics)

    def _disconnect(self, sid: str, reason: str) -> None:
        client = self.clients.pop(sid, None)
        if client is not None:
            client.close()
            client.link.release()

    def _audio(self, sid: str, *arguments: object) -> None:
        client = self.clients.get(sid)
        if client is None:
            return
        if client.session.expired(self._unix_clock()):
            self._part_expired(client)
            return
        try:
            if len(arguments) != 1 or not isinstance(arguments[0], bytes):
                raise PacketMalformedError("An audio event has one binary argument.")
            client.session.require_voice().accept(decode_packet(arguments[0]))
            self._metrics.packets_in.inc()
        except HushboxError as error:
            if isinstance(error, OverrunError):
                self._metrics.dropped_packets.inc()
            client.notice(error)
        except Exception:
            logger.exception("An audio packet could not be handled.")
            client.part(InternalError("Something broke in the box; its log has the details."))

    def _malformed(self, sid: str, *arguments: object) -> None:
        client = self.clients.get(sid)
        if client is not None:
            client.notice(BadRequestError("This message is not a Socket.IO packet in msgpack."))

    def _unknown(self, event: str, sid: str, *arguments: object) -> dict[str, Any]:
        error = UnknownEventError(f"There is no event {event[:64]!r}.")
        client = self.clients.get(sid)
        if client is not None:
            client.notice(error)
        return {"ok": False, "error": error.to_dict()}

    def _part_expired(self, client: Client) -> None:
        client.part(TokenExpiredError("The token has expired: pair this device again."))
