"""A WebSocket client, as far as the load generator needs one."""

import struct

from gevent import socket

TEXT, BINARY = 1, 2
TIMEOUT_S = 30.0


class Wire:
    """A connection to `/socket.io/` on a loopback port; answers pings by itself."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._socket.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        del self._buffer[: self._buffer.index(b"\r\n\r\n") + 4]

    def send(self, frames: list[tuple[int, bytes]]) -> None:
        """Send frames of (opcode, data), masked with zeros."""
        self._socket.sendall(b"".join(_head(opcode, len(data)) + data for opcode, data in frames))

    def receive(self) -> tuple[int, bytes]:
        """Give opcode and data of the next frame that is not a ping. Raises OSError when the box hangs up."""
        while True:
            opcode, data = self._read_frame()
            if opcode == TEXT and data == b"2":
                self.send([(TEXT, b"3")])
            elif opcode in (TEXT, BINARY):
                return opcode, data
            else:
                raise ConnectionError("The box closed the connection.")

    def _read_frame(self) -> tuple[int, bytes]:
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        return first & 0x0F, self._take(size)

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def _fill(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("The box closed the connection.")
        self._buffer += data


def _head(opcode: int, size: int) -> bytes:
    if size < 126:
        return struct.pack("!BBI", 0x80 | opcode, 0x80 | size, 0)
    return struct.pack("!BBHI", 0x80 | opcode, 0x80 | 126, size, 0)
