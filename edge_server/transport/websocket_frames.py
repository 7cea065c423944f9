"""The frames of a WebSocket as a server sees them: bytes to messages and back (RFC 6455). Pure."""

from __future__ import annotations

import struct
from typing import NamedTuple

from wsaccel.xormask import XorMaskerSimple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
NORMAL, GOING_AWAY, PROTOCOL_ERROR, NO_STATUS, NOT_UTF8 = 1000, 1001, 1002, 1005, 1007
POLICY, TOO_BIG, INTERNAL_ERROR, TRY_LATER = 1008, 1009, 1011, 1013

_FINAL, _RESERVED, _OPCODE, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
_CONTROL = 0x8
_LONGEST_CONTROL_BYTES = 125
_SHORT, _LONG = struct.Struct("!H"), struct.Struct("!Q")
_DEFINED_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
_APPLICATION_CLOSE_CODES = range(3000, 5000)


class WebSocketViolationError(Exception):
    """The peer broke RFC 6455 or a limit; `code` is what the close frame says."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Message(NamedTuple):
    """A whole message (TEXT or BINARY), or a control frame (CLOSE, PING, PONG)."""

    opcode: int
    data: bytes | bytearray


class FrameReader:
    """Makes messages of what a client sends, however it is cut.

    A message longer than `limit_bytes` is refused as soon as its length is declared, before its bytes are kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.has_more = False
        self.frames = 0
        self._head = b""
        self._opcode = 0
        self._final = True
        self._mask = b""
        self._left = 0
        self._payload = bytearray()
        self._message_opcode = CONTINUATION
        self._message = bytearray()

    @property
    def declared_bytes(self) -> int:
        """The length of the message that is under way, as far as it was declared."""
        return len(self._message) + len(self._payload) + self._left

    def feed(self, data: bytes, most: int | None = None) -> list[Message]:
        """The messages that these bytes complete, of `most` frames at a time: then `has_more`, and b"" goes on.

        Raises `WebSocketViolationError`; after that, feed no more.
        """
        messages: list[Message] = []
        position = frames = 0
        self.has_more = False
        if self._head:
            data, self._head = self._head + data, b""
        while position < len(data):
            if not self._left:
                body = self._open_frame(data, position)
                if body < 0:
                    self._head = data[position:]
                    break
                position = body
            taken = min(self._left, len(data) - position)
            self._take(data[position : position + taken])
            position += taken
            if not self._left:
                message = self._close_frame()
                if message is not None:
                    messages.append(message)
                frames += 1
                self.frames += 1
                if frames == most and position < len(data):
                    self._head, self.has_more = data[position:], True
                    break
        return messages

    def _open_frame(self, data: bytes, at: int) -> int:
        """Read a frame's header; gives where its payload begins, or -1 when the header is not complete."""
        if len(data) - at < 2:
            return -1
        first, second = data[at], data[at + 1]
        length, body = second & _LENGTH, at + 2
        if length == 126:
            length, body = _SHORT.unpack_from(data, body)[0] if len(data) >= body + 2 else 0, body + 2
        elif length == 127:
            length, body = _LONG.unpack_from(data, body)[0] if len(data) >= body + 8 else 0, body + 8
        if len(data) < body + 4:
            # What is certainly wrong is refused also when the rest of the header never comes.
            self._check(first, second, length)
            return -1
        self._check(first, second, length)
        self._final, self._opcode = bool(first & _FINAL), first & _OPCODE
        self._mask, self._left = data[body : body + 4], length
        return body + 4

    def _check(self, first: int, second: int, length: int) -> None:
        opcode = first & _OPCODE
        if first & _RESERVED or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise WebSocketViolationError(PROTOCOL_ERROR, "reserved bits or opcode")
        if not second & _MASKED:
            raise WebSocketViolationError(PROTOCOL_ERROR, "clients mask their frames")
        if opcode & _CONTROL:
            if length > _LONGEST_CONTROL_BYTES or second & _LENGTH > _LONGEST_CONTROL_BYTES or not first & _FINAL:
                raise WebSocketViolationError(PROTOCOL_ERROR, "control frames are short and whole")
            return
        if (opcode == CONTINUATION) is (self._message_opcode == CONTINUATION):
            raise WebSocketViolationError(PROTOCOL_ERROR, "a fragment out of place")
        if len(self._message) + length > self.limit_bytes:
            raise WebSocketViolationError(TOO_BIG, "message too large")

    def _take(self, masked: bytes) -> None:
        if not masked:
            return
        phase = len(self._payload) % 4
        self._payload += XorMaskerSimple(self._mask[phase:] + self._mask[:phase]).process(masked)
        self._left -= len(masked)

    def _close_frame(self) -> Message | None:
        payload, self._payload = self._payload, bytearray()
        if self._opcode & _CONTROL:
            if self._opcode == CLOSE:
                check_close(bytes(payload))
            return Message(self._opcode, bytes(payload))
        if self._opcode != CONTINUATION:
            self._message_opcode = self._opcode
        if not self._final:
            self._message += payload
            return None
        if self._message:
            self._message += payload
            payload, self._message = self._message, bytearray()
        opcode, self._message_opcode = self._message_opcode, CONTINUATION
        if opcode == TEXT:
            require_utf8(payload)
        return Message(opcode, payload)


def require_utf8(data: bytes | bytearray) -> str:
    """The text in `data`. Raises `WebSocketViolationError`."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WebSocketViolationError(NOT_UTF8, "text is UTF-8") from error


def check_close(payload: bytes) -> int:
    """The status code of a close frame. Raises `WebSocketViolationError` for one that may not be sent."""
    if not payload:
        return NO_STATUS
    if len(payload) == 1:
        raise WebSocketViolationError(PROTOCOL_ERROR, "half a close code")
    code = int(_SHORT.unpack_from(payload)[0])
    if code not in _DEFINED_CLOSE_CODES and code not in _APPLICATION_CLOSE_CODES:
        raise WebSocketViolationError(PROTOCOL_ERROR, "no such close code")
    require_utf8(payload[2:])
    return code


def encode_frame(opcode: int, payload: bytes) -> bytes:
    """The bytes of one whole, unmasked frame."""
    return frame_head(opcode, len(payload)) + payload


def frame_head(opcode: int, size: int) -> bytes:
    """What goes before a payload of so many bytes in one whole, unmasked frame."""
    if size < 126:
        return bytes((_FINAL | opcode, size))
    if size < 1 << 16:
        return bytes((_FINAL | opcode, 126)) + _SHORT.pack(size)
    return bytes((_FINAL | opcode, 127)) + _LONG.pack(size)


def encode_close(code: int, reason: str = "") -> bytes:
    """The bytes of a close frame."""
    return encode_frame(CLOSE, _SHORT.pack(code) + reason.encode()[: _LONGEST_CONTROL_BYTES - 2])
