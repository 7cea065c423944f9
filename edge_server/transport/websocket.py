"""gevent-websocket with limits, fast unmasking and a socket that can be cut."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import Any

import gevent
import numpy as np
from gevent.pywsgi import Input
from geventwebsocket.exceptions import ProtocolError, WebSocketError
from geventwebsocket.handler import WebSocketHandler
from geventwebsocket.websocket import Header, Stream, WebSocket

from edge_server.errors import TooManyStreamsError
from edge_server.transport.request_body import BoundedInput
from edge_server.transport.upload_gate import Upload

_ENGINE_IO_TEXTS = frozenset("156")
_ENGINE_IO_PINGS = "23"
_LONGEST_PING = 32
# No msgpack begins with this byte: the Socket.IO layer above answers it as a malformed message.
_NO_MSGPACK = b"\xc1"
_CLOSE_TOO_BIG = 1009
_CLOSE_PROTOCOL_ERROR = 1002
_CLOSE_TRY_LATER = 1013
_MESSAGES_PER_TURN = 16
# A multiple of the mask's four bytes, so that every block begins with the first of them.
_BLOCK_BYTES = 256 * 1024
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-length: 0\r\n\r\n"
STILL_CONNECTED = "hushbox.still_connected"
"""A function in the WSGI environment: whether the client of a request has not hung up yet."""


class MessageTooLargeError(WebSocketError):  # type: ignore[misc]
    """A message is longer than this connection may send."""


class BoundedWebSocket(WebSocket):  # type: ignore[misc]
    """A WebSocket whose messages are measured before they are read.

    gevent-websocket allocates whatever a frame header declares and joins fragments without end; this one
    refuses both beyond `limit_bytes`, which grows once the client has shown a token. Large ones wait at the gate.
    """

    __slots__ = ("_message_bytes", "_messages", "_upload", "admitted", "limit_bytes")

    def __init__(self, environ: dict[str, Any], handler: BoundedHandler, limit_bytes: int) -> None:
        super().__init__(environ, Stream(handler), handler)
        self.limit_bytes = limit_bytes
        self.admitted = False
        self._message_bytes = 0
        self._messages = 0
        self._upload: Upload | None = None

    def admit(self, limit_bytes: int) -> None:
        """Keep this connection beyond the time for authentication, and take messages up to this size."""
        self.admitted = True
        self.limit_bytes = limit_bytes

    def cut_unless_admitted(self) -> None:
        """End the connection of a client that never showed a token."""
        if not self.admitted:
            self.cut()

    def settimeout(self, seconds: float) -> None:
        """Longest silence of the peer; python-engineio calls this with the ping interval plus its timeout."""
        connection = self.handler.socket
        if connection is not None:
            connection.settimeout(seconds)

    def cut(self) -> None:
        """End the TCP connection now, also under a reader or a writer that waits on it."""
        connection = getattr(self.handler, "socket", None)
        if connection is None:
            return
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            # The peer was faster; the connection is gone either way.
            return

    def receive(self) -> str | bytes | None:
        """The next message, or None when the connection is over."""
        self._messages += 1
        if self._messages % _MESSAGES_PER_TURN == 0:
            # Reading from a socket that always has data never yields; without this a flood would starve everyone.
            gevent.sleep(0)
        try:
            message: str | bytes | None = super().receive()
        except MessageTooLargeError:
            self.close(_CLOSE_TOO_BIG, "message too large")
            return None
        except TooManyStreamsError as busy:
            self.close(_CLOSE_TRY_LATER, busy.message)
            return None
        finally:
            self._message_bytes = 0
            self._leave_gate()
        return self._admissible(message) if isinstance(message, str) else message

    def _admissible(self, text: str) -> str | bytes | None:
        """What python-engineio may see of a text: it fails on others outside its own error handling."""
        if text in _ENGINE_IO_TEXTS or (text[:1] in _ENGINE_IO_PINGS and 0 < len(text) <= _LONGEST_PING):
            return text
        if text[:1] == "4":
            return _NO_MSGPACK
        self.close(_CLOSE_PROTOCOL_ERROR, "not an Engine.IO packet")
        return None

    def read_frame(self) -> tuple[Any, bytes | bytearray]:
        """The header and the unmasked payload of the next frame. Raises `MessageTooLargeError`."""
        header = Header.decode_header(self.stream)
        if header.flags:
            raise ProtocolError
        self._message_bytes += header.length
        if self._message_bytes > self.limit_bytes:
            raise MessageTooLargeError
        if self._message_bytes > _BLOCK_BYTES and self._upload is None:
            self._upload = self.handler.server.upload_gate.enter()
        if not header.length:
            return header, b""
        if header.length <= _BLOCK_BYTES:
            return header, self._read_block(header.length, header.mask)
        payload = bytearray()
        while len(payload) < header.length:
            payload += self._read_block(min(_BLOCK_BYTES, header.length - len(payload)), header.mask)
            gevent.sleep(0)
        return header, payload

    def _leave_gate(self) -> None:
        if self._upload is not None:
            self._upload.leave()
            self._upload = None

    def _read_block(self, size_bytes: int, mask: bytes) -> bytes:
        block: bytes = self.raw_read(size_bytes)
        if len(block) != size_bytes:
            raise WebSocketError("Unexpected EOF reading frame payload")
        return _unmask(block, mask) if mask else block


class BoundedHandler(WebSocketHandler):  # type: ignore[misc]
    """Upgrades to `BoundedWebSocket`; bounds the silence inside a request; sends small packets at once."""

    def handle(self) -> None:
        """Serve the requests of one connection."""
        self.socket.settimeout(self.server.http_timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A client may hang up before it has its answer; nothing is left to be done for it then.
        with contextlib.suppress(OSError):
            super().handle()

    def upgrade_connection(self) -> Any:
        """Answer the upgrade request and put the bounded WebSocket in the place of the library's."""
        answer = super().upgrade_connection()
        replaced = getattr(self, "websocket", None)
        if replaced is not None:
            # Marked closed, or its __del__ would send a close frame on the connection that lives on.
            replaced.closed = True
            self.websocket = BoundedWebSocket(self.environ, self, self.server.first_message_bytes)
            self.environ["wsgi.websocket"] = self.websocket
            gevent.spawn_later(self.server.handshake_timeout_s, self.websocket.cut_unless_admitted)
        return answer

    def handle_one_request(self) -> Any:
        """Serve one request, whose head has to arrive in time however slowly its bytes trickle."""
        self._head_deadline = gevent.Timeout.start_new(self.server.http_timeout_s, TimeoutError)
        try:
            return super().handle_one_request()
        finally:
            self._head_deadline.close()

    def get_environ(self) -> dict[str, Any]:
        """The WSGI environment, with a body that is read in bounds."""
        environ: dict[str, Any] = super().get_environ()
        # An upgrade has no body; pywsgi gives it the bare connection.
        if isinstance(environ["wsgi.input"], Input):
            self.wsgi_input = BoundedInput(
                environ["wsgi.input"], self.server.max_discard_bytes, self.server.http_timeout_s, self._end_connection
            )
            environ["wsgi.input"] = self.wsgi_input
        environ[STILL_CONNECTED] = self._still_connected
        return environ

    def handle_one_response(self) -> None:
        """Answer a request whose head is complete."""
        self._head_deadline.close()
        super().handle_one_response()

    def _still_connected(self) -> bool:
        # Asked of the kernel: a read would take bytes away, and a TLS connection cannot be peeked at.
        poll = select.poll()
        poll.register(self.socket.fileno(), select.POLLRDHUP)
        return not poll.poll(0)

    def _end_connection(self) -> None:
        self.close_connection = True

    def handle_error(self, t: Any, v: Any, tb: Any) -> None:
        """Report a defect; a client that hung up or fell silent is none."""
        if issubclass(t, OSError):
            self.close_connection = True
        else:
            super().handle_error(t, v, tb)

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        # The library prints a traceback here for what only is a client that hung up or dawdled.
        return ("400", _BAD_REQUEST)

    def log_request(self) -> None:
        """Requests are counted, not logged."""

    def log_error(self, msg: str, *args: object) -> None:
        """Malformed requests are answered with 400 and not logged: any device on the network can send them."""


def _unmask(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    padded = np.frombuffer(mask * (-(-size // 4)), dtype=np.uint8, count=size)
    return np.bitwise_xor(np.frombuffer(payload, dtype=np.uint8), padded).tobytes()
