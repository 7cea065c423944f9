"""Clients that speak Socket.IO with the stock JSON parser: heard and answered in their own way."""

from __future__ import annotations

from typing import Any

import msgpack
import socketio
from socketio import packet

from edge_server.transport.socketio_packet import MALFORMED_EVENT, NAMESPACE, StrictPacket, is_client_packet

# `audio` has one; nothing else that a plain client may send has any.
_ATTACHMENTS = 1
# What is long comes as an attachment; a text of many megabytes would hold everyone up while it is read.
_LONGEST_TEXT = 64 * 1024


class PlainClients:
    """The connections that send text, with the packets that still lack their attachment.

    Everything above sees `StrictPacket`s; everything sent is translated on its way out. Hooks into a python-socketio
    server: its reader of messages and its writer of packets are the two places where the parser shows.
    """

    def __init__(self, server: socketio.Server) -> None:
        self._server = server
        self._waiting: dict[str, packet.Packet] = {}
        # Whether a connection is a plain one: its first message decides.
        self._is_plain: dict[str, bool] = {}
        self._read = server._handle_eio_message
        self._forget = server._handle_eio_disconnect
        server.eio.on("message", self._message)
        server.eio.on("disconnect", self._disconnected)
        self._write = server._send_packet
        server._send_packet = self._send_packet
        server.plain_clients = self

    def __contains__(self, eio_sid: str) -> bool:
        return self._is_plain.get(eio_sid, False)

    def translate(self, message: bytes) -> list[str | bytes]:
        """The messages that say to a plain client what this packet in msgpack says."""
        fields = msgpack.unpackb(message)
        plain = packet.Packet(fields["type"], fields.get("data"), fields["nsp"], fields.get("id"))
        encoded = plain.encode()
        return encoded if isinstance(encoded, list) else [encoded]

    def _message(self, eio_sid: str, data: str | bytes) -> None:
        if eio_sid not in self._server.environ:
            # What comes behind the end of a connection would be kept for ever: nobody hears that it ends.
            return
        is_text = isinstance(data, str)
        if not self._is_plain.setdefault(eio_sid, is_text):
            if is_text:
                self._dispatch(eio_sid, _malformed())
            else:
                self._read(eio_sid, data)
        elif isinstance(data, str):
            self._dispatch(eio_sid, self._decode(eio_sid, data))
        else:
            self._attach(eio_sid, data)

    def _decode(self, eio_sid: str, data: str) -> StrictPacket | None:
        """The packet in a text; None while its attachment is missing."""
        # A text where an attachment was promised ends the waiting.
        self._waiting.pop(eio_sid, None)
        if len(data) > _LONGEST_TEXT:
            return _malformed()
        try:
            plain = packet.Packet(encoded_packet=data)
        except (ValueError, TypeError, RecursionError):
            return _malformed()
        if plain.packet_type == packet.BINARY_EVENT:
            if plain.attachment_count != _ATTACHMENTS:
                return _malformed()
            self._waiting[eio_sid] = plain
            return None
        return _strict(plain)

    def _attach(self, eio_sid: str, data: bytes) -> None:
        plain = self._waiting.pop(eio_sid, None)
        if plain is None:
            self._dispatch(eio_sid, _malformed())
            return
        try:
            plain.add_attachment(data)
        except (ValueError, TypeError, IndexError, RecursionError):
            self._dispatch(eio_sid, _malformed())
            return
        self._dispatch(eio_sid, _strict(plain))

    def _dispatch(self, eio_sid: str, strict: StrictPacket | None) -> None:
        if strict is None:
            return
        server, namespace = self._server, strict.namespace
        if strict.packet_type == packet.CONNECT:
            server._handle_connect(eio_sid, namespace, strict.data)
        elif strict.packet_type == packet.DISCONNECT:
            server._handle_disconnect(eio_sid, namespace, server.reason.CLIENT_DISCONNECT)
        else:
            server._handle_event(eio_sid, namespace, strict.id, strict.data)

    def _disconnected(self, eio_sid: str, reason: str) -> None:
        self._is_plain.pop(eio_sid, None)
        self._waiting.pop(eio_sid, None)
        if (connection := self._server.eio.sockets.get(eio_sid)) is not None:
            # A greenlet that waits for the next ping has the connection until then, and this would have all the rest.
            connection.session.pop("websocket", None)
            connection.session.pop("links", None)
            connection.session.pop("sink", None)
            connection.queue.forget()
        self._forget(eio_sid, reason)

    def _send_packet(self, eio_sid: str, sent: Any) -> None:
        if eio_sid not in self:
            self._write(eio_sid, sent)
            return
        for part in self.translate(sent.encode()):
            self._server.eio.send(eio_sid, part)


def _strict(plain: packet.Packet) -> StrictPacket:
    kind = packet.EVENT if plain.packet_type == packet.BINARY_EVENT else plain.packet_type
    fields = {"type": kind, "nsp": plain.namespace or "/", "data": plain.data, "id": plain.id}
    return StrictPacket.of(fields) if is_client_packet(fields) else _malformed()


def _malformed() -> StrictPacket:
    return StrictPacket(packet.EVENT, [MALFORMED_EVENT], NAMESPACE)
