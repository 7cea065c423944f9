"""The Socket.IO namespace /audio: who connects, their audio, and their end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import socketio
from socketio.exceptions import ConnectionRefusedError as ConnectionRefused

from edge_server.auth.tokens import OWNER, SPEAKER, IssuedToken, TokenDesk
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
from edge_server.rate_limit import RateLimit
from edge_server.sessions.session import Session
from edge_server.transport.bounded_msgpack import Envelope, unpack
from edge_server.transport.client import MISTAKES_S, Client, Link
from edge_server.transport.client_link import open_link
from edge_server.transport.connections import Attendance, Connections
from edge_server.transport.packets import AudioPacket, decode_packet
from edge_server.transport.socketio_packet import MALFORMED_EVENT, NAMESPACE
from edge_server.transport.socketio_server import CLIP_ENVELOPE_BYTES
from edge_server.transport.voice_control import VoiceControl

logger = logging.getLogger(__name__)

EVENT = 2
_LONGEST_AUDIO_BYTES = 64 * 1024
"""Several times a packet of 100 ms: what is longer is a file, and would be read twice."""


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
        connections: Connections,
        control: VoiceControl,
        unix_clock: Callable[[], float],
    ) -> None:
        self.clients: dict[str, Client] = {}
        self.stopping = False
        self._server = server
        self._settings = settings
        self._tokens = tokens
        self._metrics = metrics
        self._connections = connections
        self._control = control
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

    def renewed(self, client: Client, issued: IssuedToken) -> None:
        """Let a fresh token count in every namespace of this client."""
        self._connections.renewed(client.link.connection_id, issued)

    def require_open(self) -> None:
        """Raise `ServerStoppingError` once the box admits nobody any more."""
        if self.stopping:
            raise ServerStoppingError("This box is shutting down.")

    def client(self, session: Session, link: Link) -> Client:
        """One who has shown a token, and the way to it."""
        mistakes = RateLimit(self._settings.max_mistakes, MISTAKES_S)
        client = Client(session, link, self._metrics, self._control.context.clock, mistakes)
        link.when_dropped(client.dropped)
        return client

    def enter(self, sid: str, namespace: str, environ: dict[str, Any], client: Client) -> None:
        """Count a client among the connected."""
        self.clients[sid] = client
        attendance = Attendance(client.session, client.part, lambda: client.session.voice is not None)
        self._connections.joined(client.link.connection_id, environ, namespace, attendance)

    def leave(self, sid: str, namespace: str, broken: bool) -> None:
        """Let a client go whose connection is over, as it wished or because it is `broken`."""
        client = self.clients.pop(sid, None)
        if client is not None:
            self._control.leave(client, broken)
            client.link.leave(self._connections.left(client.link.connection_id, namespace))

    def _connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        try:
            self.require_open()
            token = auth.get("token") if isinstance(auth, dict) else None
            claims = self._tokens.verify(token)
            claims.require_role(SPEAKER, OWNER)
        except HushboxError as error:
            self._metrics.count_error(error)
            raise ConnectionRefused(error.message, error.to_dict()) from error
        link = open_link(self._server, self._settings, self._metrics.cut_connections.inc, sid, environ)
        link.admit(self._settings.max_clip_bytes + CLIP_ENVELOPE_BYTES)
        client = self.client(Session(claims), link)
        self.enter(sid, NAMESPACE, environ, client)
        envelope = Envelope()
        link.listen(lambda message: self._take_message(client, envelope, message))

    def _disconnect(self, sid: str, reason: str) -> None:
        self.leave(sid, NAMESPACE, broken=reason != self._server.reason.CLIENT_DISCONNECT)

    def _audio(self, sid: str, *arguments: object) -> None:
        client = self.clients.get(sid)
        if client is not None:
            self.take(client, arguments, decode_packet)

    def _take_message(self, client: Client, envelope: Envelope, message: bytes | bytearray) -> bool:
        """Take a message right from the connection if it is audio; everything else goes through python-socketio."""
        payload = envelope.open(message)
        if payload is None:
            if len(message) > _LONGEST_AUDIO_BYTES:
                return False
            try:
                fields = unpack(message)
                event, payload = fields["data"] if fields["nsp"] == NAMESPACE else ("", b"")
            except (ValueError, TypeError, KeyError):
                return False
            if event != "audio" or fields.get("type") != EVENT or fields.get("id") is not None:
                return False
            if not isinstance(payload, bytes):
                return False
            envelope.learn(message, payload)
        self.take(client, (payload,), decode_packet)
        return True

    def take(self, client: Client, arguments: Sequence[object], decode: Callable[[bytes], AudioPacket]) -> None:
        """Take one packet of audio, or tell the client why not."""
        if client.parted:
            return
        if client.session.expired(self._unix_clock()):
            self._part_expired(client)
            return
        try:
            if len(arguments) != 1 or not isinstance(arguments[0], bytes):
                raise PacketMalformedError("An audio event has one binary argument.")
            client.session.require_voice().accept(decode(arguments[0]))
            self._metrics.audio.packets_in += 1
        except HushboxError as error:
            if isinstance(error, OverrunError):
                self._metrics.audio.dropped_packets += 1
            client.complain(error)
        except Exception:
            logger.exception("An audio packet could not be handled.")
            client.part(InternalError("Something broke in the box; its log has the details."))

    def _malformed(self, sid: str, *arguments: object) -> None:
        client = self.clients.get(sid)
        if client is not None:
            client.complain(BadRequestError("This message is not a Socket.IO packet in msgpack."))

    def _unknown(self, event: str, sid: str, *arguments: object) -> dict[str, Any]:
        error = UnknownEventError(f"There is no event {event[:64]!r}.")
        client = self.clients.get(sid)
        if client is not None:
            client.complain(error)
        return {"ok": False, "error": error.to_dict()}

    def _part_expired(self, client: Client) -> None:
        client.part(TokenExpiredError("The token has expired: pair this device again."))
