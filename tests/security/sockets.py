"""Connections without a client on them."""

import socket
import time
from http.client import HTTPResponse

PATIENCE_S = 20.0


def connected_socket(port: int | None, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port or 0), timeout=PATIENCE_S, source_address=(source, 0))


def answer_to(connection: socket.socket, request: bytes) -> bytes:
    """The first bytes of the answer, or none where the box hangs up."""
    try:
        connection.sendall(request)
        return connection.recv(65536)
    except ConnectionError:
        return b""


def body_of_answer(connection: socket.socket, request: bytes) -> bytes:
    """The whole body of the answer, however many pieces it comes in."""
    connection.sendall(request)
    response = HTTPResponse(connection)
    response.begin()
    return response.read()


def ends(connection: socket.socket) -> bool:
    """Wait for the box to close the connection."""
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def trickles_until_cut(connection: socket.socket) -> bool:
    """Send a byte now and then, far more often than the box's patience for silence, until the box hangs up."""
    connection.settimeout(0.05)
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        try:
            connection.sendall(b"x")
            if not connection.recv(65536):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False
