"""The servers below the application: plain HTTP for the box itself, HTTPS for the network."""

from __future__ import annotations

import contextlib
import errno
import logging
from typing import Any

import gevent

# gevent's own: the sockets that the standard library's contexts make would block the whole loop.
from gevent import ssl
from gevent.pool import Pool
from gevent.pywsgi import WSGIServer

from edge_server.appliance.tls import CertificateFiles
from edge_server.config import Settings
from edge_server.errors import AddressTakenError
from edge_server.transport.arrivals import Arrivals
from edge_server.transport.handler import BoundedHandler
from edge_server.transport.turn_ring import TurnRing
from edge_server.transport.upload_gate import UploadGate


class BoundedServer(WSGIServer):  # type: ignore[misc]
    """A WSGI server with a limit on connections, on their rate and on the time of a TLS handshake; logs no requests.

    It takes up few connections in a round of the loop: each costs a greenlet, before it is known whether it may come in.
    """

    handler_class = BoundedHandler
    max_accept = 4

    def __init__(
        self,
        address: tuple[str, int],
        application: Any,
        settings: Settings,
        gate: UploadGate,
        ring: TurnRing,
        arrivals: Arrivals,
        **tls: Any,
    ) -> None:
        # A given name keeps pywsgi from asking the resolver for one.
        environ = {"SERVER_NAME": "hushbox"}
        pool = Pool(settings.max_connections)
        super().__init__(address, application, spawn=pool, log=None, error_log=None, environ=environ, **tls)
        # gevent-websocket would write a line for every upgrade that is none; any device on the network can send them.
        self.logger = logging.Logger("hushbox.upgrades", logging.ERROR)
        self.upload_gate = gate
        self.turn_ring = ring
        self._arrivals = arrivals
        self.http_timeout_s = settings.http_timeout_s
        self.handshake_timeout_s = settings.handshake_timeout_s
        self.first_message_bytes = settings.max_message_bytes
        self.max_outbound_packets = settings.max_outbound_packets
        self.max_outbound_bytes = settings.max_outbound_bytes
        self.max_discard_bytes = 2 * settings.max_clip_bytes

    def handle(self, client_socket: Any, address: Any) -> None:
        """Serve a connection of plain HTTP when it is its turn."""
        with self._arrivals.admitted(address) as admitted:
            if admitted:
                super().handle(client_socket, address)

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> None:
        """Shake hands in time, then serve; whoever does not manage that is just let go."""
        with self._arrivals.admitted(address) as admitted:
            if admitted:
                self._handle_secure(client_socket, address)

    def _handle_secure(self, client_socket: Any, address: Any) -> None:
        try:
            # The whole handshake, however slowly its bytes trickle in; a socket's own timeout starts anew with each.
            with gevent.Timeout(self.handshake_timeout_s, TimeoutError):
                secure = self.wrap_socket(client_socket, **self.ssl_args)
            with contextlib.closing(secure):
                super().handle(secure, address)
        except OSError:
            # Port scans, browsers that do not accept the certificate yet, clients that hung up: no defects of ours.
            client_socket.close()


def start_http_server(
    application: Any, settings: Settings, gate: UploadGate, ring: TurnRing, arrivals: Arrivals
) -> BoundedServer:
    """Listen on plain HTTP. Raises `AddressTakenError`."""
    server = BoundedServer((settings.http_host, settings.http_port), application, settings, gate, ring, arrivals)
    _start(server, "--http-port")
    return server


def tls_context(files: CertificateFiles) -> ssl.SSLContext:
    """TLS 1.2 or newer with this certificate; a renewed one can be loaded into it later."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.private_key)
    return context


def start_https_server(
    application: Any,
    settings: Settings,
    gate: UploadGate,
    ring: TurnRing,
    arrivals: Arrivals,
    context: ssl.SSLContext,
) -> BoundedServer:
    """Listen on HTTPS. Raises `AddressTakenError`."""
    address = (settings.https_host, settings.https_port)
    server = BoundedServer(address, application, settings, gate, ring, arrivals, ssl_context=context)
    _start(server, "--https-port")
    return server


def _start(server: BoundedServer, option: str) -> None:
    host, port = server.address[:2]
    try:
        server.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressTakenError(f"Port {port} is taken; choose another with {option}.") from error
        raise AddressTakenError(f"Cannot listen on {host}:{port} ({error.strerror}); see {option}.") from error
