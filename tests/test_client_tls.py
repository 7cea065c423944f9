"""A TLS connection that one thread reads while another writes."""

import os
import socket
import ssl
import threading
from pathlib import Path

import pytest

from edge_server.appliance.addresses import local_names
from edge_server.appliance.tls import ensure_certificate, utc_now
from edge_server.client_tls import SharedTlsSocket

SIZE = 3_000_000


@pytest.fixture
def pair(tmp_path: Path) -> tuple[SharedTlsSocket, ssl.SSLSocket]:
    files = ensure_certificate(tmp_path, local_names(), utc_now())
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(files.certificate, files.private_key)
    client_context = ssl.create_default_context(cafile=str(files.certificate))
    here, there = socket.socketpair()
    served: list[ssl.SSLSocket] = []
    thread = threading.Thread(target=lambda: served.append(server_context.wrap_socket(there, server_side=True)))
    thread.start()
    client = SharedTlsSocket(client_context.wrap_socket(here, server_hostname="localhost"), 20.0)
    thread.join()
    return client, served[0]


def test_both_directions_at_once_lose_nothing(pair: tuple[SharedTlsSocket, ssl.SSLSocket]) -> None:
    client, server = pair
    said, heard = os.urandom(SIZE), bytearray()

    def echo() -> None:
        left = SIZE
        while left:
            data = server.recv(65536)
            left -= len(data)
            server.sendall(data)

    def read() -> None:
        while len(heard) < SIZE:
            heard.extend(client.recv(16384))

    threads = [threading.Thread(target=echo), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    sent = 0
    while sent < SIZE:
        sent += client.send(said[sent : sent + 1000])
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert bytes(heard) == said


def test_silence_ends_in_time(pair: tuple[SharedTlsSocket, ssl.SSLSocket]) -> None:
    client, _ = pair
    client.settimeout(0.01)
    assert client.gettimeout() == 0.01
    with pytest.raises(TimeoutError):
        client.recv(1)


def test_after_its_end_nothing_can_be_read(pair: tuple[SharedTlsSocket, ssl.SSLSocket]) -> None:
    client, _ = pair
    client.shutdown(socket.SHUT_RDWR)
    client.close()
    with pytest.raises(OSError, match=r"closed|descriptor"):
        client.recv(1)
