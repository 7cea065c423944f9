"""Connections of the load generator: frames of a WebSocket and answers of HTTP, without a client library."""

import contextlib
import select
import socket
import ssl
import struct
from collections.abc import Iterator

TEXT, BINARY, CLOSE = 1, 2, 8
TIMEOUT_S = 30.0
_READ_BYTES = 1 << 16


class Wire:
    """A loopback connection, blocking until `set_free`. Raises ConnectionError when the box hangs up."""

    def __init__(self, port: int, tls: bool, source: str = "127.0.0.1") -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S, source_address=(source, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = _context().wrap_socket(plain) if tls else plain
        self._tls = tls
        self._unsent = b""
        self.buffer = bytearray()

    def set_free(self) -> None:
        """From now on neither `send` nor `fill` waits."""
        self.socket.setblocking(False)

    def upgrade(self, path: str, headers: str = "") -> None:
        """Make a WebSocket of the connection; `headers` end with CRLF each."""
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{headers}"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        del self.buffer[: self.buffer.index(b"\r\n\r\n") + 4]

    def send(self, data: bytes | bytearray) -> None:
        """Send, or keep what the kernel does not take now for the next call."""
        data = self._unsent + data if self._unsent else data
        self._unsent = b""
        try:
            sent = self.socket.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            sent = 0
        if sent < len(data):
            self._unsent = bytes(data[sent:])

    def fill(self) -> None:
        """Take what has arrived into `buffer`."""
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            while True:
                data = self.socket.recv(_READ_BYTES)
                if not data:
                    raise ConnectionError("The box closed the connection.")
                self.buffer += data
                if not (self._tls and self.socket.pending()):  # type: ignore[attr-defined]
                    return

    def messages(self) -> Iterator[tuple[int, bytes]]:
        """Give opcode and data of every whole frame in the buffer."""
        buffer = self.buffer
        while len(buffer) >= 2:
            opcode, size, body = buffer[0] & 0x0F, buffer[1], 2
            if size == 126:
                if len(buffer) < 4:
                    return
                size, body = struct.unpack_from("!H", buffer, body)[0], body + 2
            if len(buffer) < body + size:
                return
            data = bytes(buffer[body : body + size])
            del buffer[: body + size]
            yield opcode, data

    def receive(self) -> tuple[int, bytes]:
        """Wait for the next frame, when no other can follow it yet."""
        while True:
            for message in self.messages():
                return message
            self.fill()

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Send a request and wait for the body of its answer."""
        self.socket.sendall(http_request(method, path, body))
        while (answer := self.http_answer()) is None:
            self.fill()
        return answer

    def http_answer(self) -> bytes | None:
        """Give the body of the answer in the buffer once it is whole."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self.buffer[:end]).lower()
        at = head.find(b"content-length:")
        size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + size:
            return None
        if not head.startswith(b"http/1.1 200"):
            raise ConnectionError(f"The box answered {head[:40].decode()}.")
        body = bytes(self.buffer[end + 4 : end + 4 + size])
        del self.buffer[: end + 4 + size]
        return body


def frame(opcode: int, data: bytes) -> bytes:
    """Give a client's frame, masked with zeros: the box has to unmask it all the same."""
    if len(data) < 126:
        return struct.pack("!BBI", 0x80 | opcode, 0x80 | len(data), 0) + data
    return struct.pack("!BBHI", 0x80 | opcode, 0x80 | 126, len(data), 0) + data


def http_request(method: str, path: str, body: bytes = b"") -> bytes:
    """Give the bytes of a request on a connection that stays open."""
    length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}\r\n".encode() + body


def poller(wires: list[Wire]) -> select.epoll:
    """Give what tells which of the wires can be read."""
    readable = select.epoll()
    for wire in wires:
        readable.register(wire.socket.fileno(), select.EPOLLIN)
    return readable


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
