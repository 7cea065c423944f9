"""The msgpack form of Socket.IO packets, read strictly and written the way JavaScript clients expect."""

from __future__ import annotations

import secrets
from typing import Any

import msgpack
from socketio import packet
from socketio.msgpack_packet import MsgPackPacket

from edge_server.transport.bounded_msgpack import NoMessageError, unpack

NAMESPACE = "/audio"
JOBS_NAMESPACE = "/jobs"
ROOMS_NAMESPACE = "/rooms"
BOX_NAMESPACE = "/box"
NAMESPACES = (NAMESPACE, JOBS_NAMESPACE, ROOMS_NAMESPACE, BOX_NAMESPACE)
MALFORMED_EVENT = "\x00malformed"
# Events whose answer takes long, or has to be out before what follows: their handler gets the
# acknowledgement's id and answers by itself.
DEFERRED_EVENTS = frozenset({"clip", "stream.resume"})
DEFERRED_NAMESPACES = frozenset({JOBS_NAMESPACE, ROOMS_NAMESPACE, BOX_NAMESPACE})
_NUMBERS = 1 << 63
_CLIENT_TYPES = frozenset({packet.CONNECT, packet.DISCONNECT, packet.EVENT})
# python-socketio would run the server's own handlers for these, with arguments of the client's choice.
_RESERVED_EVENTS = frozenset({"connect", "disconnect", MALFORMED_EVENT})


_AUDIO_PREFIX = b"\x83\xa4type\x02\xa4data\x92\xa5audio"
_AUDIO_SUFFIX = b"\xa3nsp" + bytes((0xA0 | len(NAMESPACE),)) + NAMESPACE.encode()


class StrictPacket(MsgPackPacket):  # type: ignore[misc]
    """A Socket.IO packet in msgpack.

    Whatever cannot be a packet of a client becomes the event `MALFORMED_EVENT`, so that its sender can be told;
    python-socketio would raise into its log instead.
    """

    def __init__(self, *args: Any, encoded_packet: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if encoded_packet is not None:
            self.decode(encoded_packet)

    def encode(self) -> bytes:
        """The bytes of this packet; absent data is left out, as JavaScript parsers require."""
        fields: dict[str, Any] = {"type": self.packet_type, "nsp": self.namespace}
        if self.data is not None:
            fields["data"] = self.data
        if self.id is not None:
            fields["id"] = self.id
        return bytes(msgpack.packb(fields))

    def decode(self, encoded_packet: Any) -> None:
        """Fill this packet from bytes of a client."""
        try:
            fields = unpack(encoded_packet)
        except NoMessageError:
            fields = None
        if not is_client_packet(fields):
            self._fill({"type": packet.EVENT, "nsp": NAMESPACE, "data": [MALFORMED_EVENT]})
            return
        self._fill(fields)

    @classmethod
    def of(cls, fields: dict[str, Any]) -> StrictPacket:
        """The packet of these fields, which `is_client_packet` has approved."""
        made = cls()
        made._fill(fields)
        return made

    def _fill(self, fields: dict[str, Any]) -> None:
        self.packet_type = fields["type"]
        self.namespace = fields["nsp"]
        data, self.id = fields.get("data"), fields.get("id")
        if data and self.packet_type == packet.EVENT and _is_deferred(self.namespace, data[0]):
            data, self.id = [data[0], self.id, *data[1:]], None
        self.data = data


def encode_event(event: str, argument: Any, namespace: str = NAMESPACE) -> bytes:
    """The bytes of one event with one argument."""
    return bytes(msgpack.packb({"type": packet.EVENT, "data": [event, argument], "nsp": namespace}))


def encode_audio(data: bytes) -> bytes:
    """The bytes of an `audio` event, as `encode_event` would give them."""
    size = len(data)
    head = b"\xc4" + bytes((size,)) if size < 256 else b"\xc5" + size.to_bytes(2, "big")
    return _AUDIO_PREFIX + head + data + _AUDIO_SUFFIX


def encode_acknowledgement(acknowledgement_id: int, argument: Any, namespace: str = NAMESPACE) -> bytes:
    """The bytes of the answer to the event that carried `acknowledgement_id`."""
    return bytes(msgpack.packb({"type": packet.ACK, "data": [argument], "nsp": namespace, "id": acknowledgement_id}))


def encode_file_acknowledgement(
    acknowledgement_id: int, argument: dict[str, Any], file: bytes, namespace: str = NAMESPACE
) -> tuple[bytes, bytes, bytes]:
    """The same with a file as the field `data`, in three pieces to be sent one after the other: the second is the file itself.

    To copy a recording of 50 MB into a message, and that into a frame, would hold every voice up for the time of an answer.
    """
    stand_in = secrets.token_bytes(16)
    message = encode_acknowledgement(acknowledgement_id, {**argument, "data": stand_in}, namespace)
    head, tail = message.split(b"\xc4\x10" + stand_in)
    return head + b"\xc6" + len(file).to_bytes(4, "big"), file, tail


def _is_deferred(namespace: str, event: str) -> bool:
    return namespace in DEFERRED_NAMESPACES or (namespace == NAMESPACE and event in DEFERRED_EVENTS)


def is_client_packet(fields: Any) -> bool:
    """Whether these are the fields of a packet that a client may send."""
    if not isinstance(fields, dict) or not isinstance(fields.get("nsp"), str):
        return False
    kind, data, number = fields.get("type"), fields.get("data"), fields.get("id")
    if type(kind) is not int or kind not in _CLIENT_TYPES:
        return False
    # The number is given back in msgpack, also to those who said it in JSON.
    if number is not None and not (type(number) is int and 0 <= number < _NUMBERS):
        return False
    if kind != packet.EVENT:
        return True
    return isinstance(data, list) and bool(data) and isinstance(data[0], str) and data[0] not in _RESERVED_EVENTS
