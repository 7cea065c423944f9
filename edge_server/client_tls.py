"""A TLS connection that one thread may read while another writes."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit


class SharedTlsSocket:
    """What a WebSocket client needs of a socket, over TLS.

    OpenSSL's connections are not for two threads at a time: where a reader waits inside `SSL_read` while another
    thread writes, now and then both wait for ever. Here nobody waits inside of it: who holds the lock takes or gives
    what is possible at once, and waiting is done on the TCP socket, without the lock. Thread: any.
    """

    def __init__(self, connection: ssl.SSLSocket, timeout_s: float | None) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._timeout_s = timeout_s
        self._lock = threading.Lock()

    def recv(self, size: int) -> bytes:
        """Some bytes, or none at the end. Raises TimeoutError."""
        return bytes(self._when_possible(lambda: self._connection.recv(size), select.POLLIN))

    def send(self, data: bytes) -> int:
        """Send some of the bytes, and give how many. Raises TimeoutError."""
        return int(self._when_possible(lambda: self._connection.send(data), select.POLLOUT))

    def fileno(self) -> int:
        """The descriptor of the connection."""
        return self._connection.fileno()

    def gettimeout(self) -> float | None:
        """How long `recv` and `send` wait, in seconds."""
        return self._timeout_s

    def settimeout(self, seconds: float | None) -> None:
        """Let `recv` and `send` wait so long."""
        self._timeout_s = seconds

    def shutdown(self, how: int) -> None:
        """End the connection, also under those who wait for it."""
        self._connection.shutdown(how)

    def close(self) -> None:
        """Give the descriptor back."""
        self._connection.close()

    def _when_possible(self, act: Callable[[], Any], event: int) -> Any:
        while True:
            wanted = event
            with self._lock:
                try:
                    return act()
                except ssl.SSLWantReadError:
                    wanted = select.POLLIN
                except ssl.SSLWantWriteError:
                    wanted = select.POLLOUT
            self._wait_for(wanted)

    def _wait_for(self, event: int) -> None:
        number = self._connection.fileno()
        if number < 0:
            raise ConnectionError("The connection was closed.")
        poll = select.poll()
        poll.register(number, event)
        if not poll.poll(None if self._timeout_s is None else 1000 * self._timeout_s):
            raise TimeoutError("The box is silent.")


def connect_tls(url: str, context: ssl.SSLContext, timeout_s: float) -> SharedTlsSocket:
    """A connection to the host of `url`. Raises OSError."""
    address = urlsplit(url)
    host = address.hostname or ""
    plain = socket.create_connection((host, address.port or 443), timeout=timeout_s)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return SharedTlsSocket(context.wrap_socket(plain, server_hostname=host), timeout_s)
