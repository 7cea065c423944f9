"""The raw lane: one plain WebSocket, one stream, eight bytes of header (PROTOCOL.md, section 4b)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import gevent
from flask import Request

from edge_server.auth.tokens import OWNER, SPEAKER, IssuedToken, TokenDesk
from edge_server.config import Settings
from edge_server.errors import BadRequestError, ClientTooSlowError, HushboxError, PacketMalformedError
from edge_server.metrics import Metrics
from edge_server.sessions.session import Session
from edge_server.transport.client import TOO_SLOW, Client
from edge_server.transport.control_answers import ControlAnswers
from edge_server.transport.handler import RAW_PATH
from edge_server.transport.packets import AudioPacket, decode_raw_packet, encode_raw_packet
from edge_server.transport.polling import WsgiApp
from edge_server.transport.same_origin import require_own_origin
from edge_server.transport.socketio_audio import AudioLane
from edge_server.transport.tickets import TicketDesk
from edge_server.transport.voice_control import VoiceControl
from edge_server.transport.websocket import BoundedWebSocket
from edge_server.transport.websocket_frames import BINARY, POLICY, TRY_LATER, encode_frame

NAMESPACE = "raw"
_NUMBERS = ("sample_rate_hz", "packet_samples", "next_answer")


class RawLink:
    """The way to a client of the raw lane. Thread: the network loop's."""

    def __init__(self, websocket: BoundedWebSocket, connection_id: str, on_cut: Callable[[], None]) -> None:
        self.connection_id = connection_id
        self._websocket = websocket
        self._on_cut = on_cut
        self._parting = False
        websocket.when_too_slow(self._give_up)

    def emit(self, event: str, argument: Any) -> None:
        """Send one event as text."""
        if not self._parting:
            self._websocket.send(json.dumps({"event": event, **argument}))

    def send_audio(self, packet: AudioPacket) -> None:
        """Send one packet of audio."""
        if not self._parting:
            self._websocket.send_frame(encode_frame(BINARY, encode_raw_packet(packet)), is_audio=True)

    def when_dropped(self, on_dropped: Callable[[], None]) -> None:
        """Tell `on_dropped` of each packet of audio that makes way for later ones."""
        self._websocket.outbox.on_dropped = on_dropped

    def part(self, error: HushboxError) -> None:
        """Say goodbye with the reason, and disconnect."""
        if not self._parting:
            self.emit("goodbye", error.to_dict())
            self._parting = True
            gevent.spawn(self._websocket.close, TRY_LATER if error.retryable else POLICY, error.code)

    def leave(self, is_last: bool) -> None:
        """Hear that the client has left; its connection ends when it is in no other namespace."""
        if is_last:
            self.release()

    def release(self) -> None:
        """End what is left of the connection."""
        self._parting = True
        self._websocket.cut()

    def _give_up(self) -> None:
        if not self._parting:
            self._on_cut()
            self.part(ClientTooSlowError(TOO_SLOW))


class RawLane:
    """Serves `/ws/v1/audio`; everything else goes to `application`. Thread: the network loop's."""

    def __init__(
        self,
        application: WsgiApp,
        settings: Settings,
        lane: AudioLane,
        control: VoiceControl,
        tokens: TokenDesk,
        tickets: TicketDesk,
        metrics: Metrics,
    ) -> None:
        self._application = application
        self._settings = settings
        self._lane = lane
        self._control = control
        self._tokens = tokens
        self._tickets = tickets
        self._metrics = metrics
        self._answers = ControlAnswers(tokens)
        self._numbers = itertools.count(1)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        websocket = environ.get("wsgi.websocket")
        if websocket is None or environ["PATH_INFO"] != RAW_PATH:
            return self._application(environ, start_response)
        link = RawLink(websocket, f"raw-{next(self._numbers)}", self._metrics.cut_connections.inc)
        websocket.settimeout(self._settings.ping_interval_s + self._settings.ping_timeout_s)
        try:
            client = self._admit(websocket, link, environ)
        except HushboxError as error:
            self._metrics.count_error(error)
            link.part(error)
            self._read_out(websocket)
            return []
        try:
            self._converse(websocket, client)
        finally:
            self._lane.leave(link.connection_id, NAMESPACE, broken=True)
        return []

    def _admit(self, websocket: BoundedWebSocket, link: RawLink, environ: dict[str, Any]) -> Client:
        self._lane.require_open()
        # Not kept in what it looks at, which would hold itself then.
        require_own_origin(Request(environ, populate_request=False))
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        token = self._token(environ, query)
        claims = self._tokens.verify(token)
        claims.require_role(SPEAKER, OWNER)
        client = self._lane.client(Session(claims), link)
        fields = _fields(query)
        websocket.admit(self._settings.max_message_bytes)
        if "stream_id" in fields:
            answer, adopt = self._control.resume(client, fields)
        else:
            answer, adopt = self._control.start(client, fields), lambda: None
        self._lane.enter(link.connection_id, NAMESPACE, environ, client)
        link.emit("stream.started", answer)
        websocket.listen(lambda message: self._take(client, message))
        adopt()
        return client

    def _token(self, environ: dict[str, Any], query: Mapping[str, str]) -> str | None:
        if "ticket" in query:
            return self._tickets.redeem(query["ticket"])
        scheme, _, token = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def _take(self, client: Client, message: bytes | bytearray) -> bool:
        self._lane.take(client, (bytes(message),), decode_raw_packet)
        return True

    def _converse(self, websocket: BoundedWebSocket, client: Client) -> None:
        while (message := websocket.receive()) is not None:
            if not isinstance(message, str):
                self._take(client, message)
                continue
            event, fields = _event(message)
            if event == "stream.end":
                client.link.emit(event, self._answers.answer(client, self._control.end, fields))
                websocket.close()
            elif event == "stream.set":
                client.link.emit(event, self._answers.answer(client, self._control.set, fields))
            elif event == "token.renew":
                client.link.emit(event, self._answers.answer(client, self._renew, fields))
            else:
                client.complain(
                    PacketMalformedError("A text is JSON with event: stream.set, stream.end or token.renew.")
                )

    def _renew(self, client: Client, fields: Mapping[str, Any]) -> dict[str, Any]:
        issued: IssuedToken = self._tokens.renew(client.session.claims)
        self._lane.renewed(client, issued)
        return {"token": issued.token, "expires_in_s": issued.expires_in_s}

    def _read_out(self, websocket: BoundedWebSocket) -> None:
        while websocket.receive() is not None:
            pass


def _event(text: str) -> tuple[str, dict[str, Any]]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return "", {}
    return (str(fields.pop("event", "")), fields) if isinstance(fields, dict) else ("", {})


def _fields(query: Mapping[str, str]) -> dict[str, Any]:
    """The fields of `stream.start` or `stream.resume`, from an address. Raises `BadRequestError`."""
    fields: dict[str, Any] = dict(query)
    try:
        fields |= {name: int(query[name]) for name in _NUMBERS if name in query}
        if "suppression_limit_db" in query:
            limit = query["suppression_limit_db"]
            fields["suppression_limit_db"] = None if limit in ("", "null") else float(limit)
    except ValueError as error:
        raise BadRequestError("A number in the address is none.") from error
    fields["resumable"] = query.get("resumable", "0") in ("1", "true")
    return fields
