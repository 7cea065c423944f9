"""The handler of one HTTP connection: bounded in time, and upgraded to the WebSockets of this service."""

from __future__ import annotations

import contextlib
import io
import math
import socket
from time import monotonic
from typing import Any

import gevent
from gevent.pywsgi import Input
from geventwebsocket.handler import WebSocketHandler
from geventwebsocket.websocket import WebSocket

from edge_server.transport.engineio_websocket import EngineIoWebSocket
from edge_server.transport.give_way import give_way
from edge_server.transport.outbox import Outbox
from edge_server.transport.request_body import BoundedInput
from edge_server.transport.turnstile import Turnstile
from edge_server.transport.websocket import BoundedWebSocket
from edge_server.transport.wire import peer_has_gone

_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-length: 0\r\n\r\n"
_REQUESTS_PER_S = 200
"""Of one connection: four times what long polling sends for packets of 20 ms."""
_REQUESTS_AT_ONCE = 20
RAW_PATH = "/ws/v1/audio"
STILL_CONNECTED = "hushbox.still_connected"
"""A function in the WSGI environment: whether the client of a request has not hung up yet."""


class _ReplacedWebSocket(WebSocket):  # type: ignore[misc]
    """The library's WebSocket for a connection that has another one: its end is nobody's, and must not close anything."""

    __slots__ = ()

    def __del__(self) -> None:
        """Say no goodbye."""


class BoundedHandler(WebSocketHandler):  # type: ignore[misc]
    """Upgrades to `BoundedWebSocket`; bounds the silence inside a request; sends small packets at once."""

    def handle(self) -> None:
        """Serve the requests of one connection."""
        self._turns = Turnstile(_REQUESTS_PER_S, _REQUESTS_AT_ONCE, math.inf)
        self._upgraded: BoundedWebSocket | None = None
        self.socket.settimeout(self.server.http_timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            # A client may hang up before it has its answer; nothing is left to be done for it then.
            with contextlib.suppress(OSError):
                super().handle()
        finally:
            if self._upgraded is not None:
                self._upgraded.forget()
                self._upgraded.environ.pop("wsgi.websocket", None)
            # All of them know this handler: they should end with it, and not when garbage is collected.
            for name in ("_upgraded", "environ", "wsgi_input", "websocket"):
                self.__dict__.pop(name, None)

    def upgrade_websocket(self) -> Any:
        """Upgrade, or refuse what is no upgrade of RFC 6455, in bytes: the library's own text would end in a traceback."""
        try:
            refusal = super().upgrade_websocket()
        except ValueError:
            self.start_response("400 Bad Request", [])
            refusal = ["Sec-WebSocket-Key is not Base64"]
        return [text.encode() for text in refusal] if refusal else refusal

    def upgrade_connection(self) -> Any:
        """Answer the upgrade request and put the bounded WebSocket in the place of the library's."""
        answer = super().upgrade_connection()
        replaced = getattr(self, "websocket", None)
        if replaced is not None:
            replaced.__class__ = _ReplacedWebSocket
            kind = BoundedWebSocket if self.environ["PATH_INFO"] == RAW_PATH else EngineIoWebSocket
            outbox = Outbox(self.server.max_outbound_packets, self.server.max_outbound_bytes)
            self._upgraded = kind(self.environ, self, self.server.first_message_bytes, outbox)
            self.websocket = self.environ["wsgi.websocket"] = self._upgraded
            # An upgrade has no body, and what would read it has a buffer that lives as long as the connection.
            self.environ["wsgi.input"] = self.wsgi_input = Input(io.BytesIO(), 0)
        return answer

    def take_early_bytes(self) -> bytes:
        """What the client sent right behind its upgrade request and is in the reader's buffer already.

        To be asked once: the buffer, 8 kB of every connection, goes with it. Mutates: the handler.
        """
        try:
            early = bytes(self.rfile.peek())
        except OSError:
            # Nothing is there, and the connection does not wait any more.
            early = b""
        self.rfile: Any = self.rfile.detach()
        return early

    def handle_one_request(self) -> Any:
        """Serve one request when it is its turn; its head has to arrive in time however slowly its bytes trickle."""
        # Requests that came together are read without waiting: nobody else would get a turn between them.
        give_way(self._turns.wait_s("", monotonic()) or 0.0)
        self._head_deadline = gevent.Timeout.start_new(self.server.http_timeout_s, TimeoutError)
        try:
            return super().handle_one_request()
        finally:
            self._head_deadline.close()

    def get_environ(self) -> dict[str, Any]:
        """The WSGI environment, with a body that is read in bounds."""
        environ: dict[str, Any] = super().get_environ()
        # Also where pywsgi gives the bare connection: to say "upgrade" makes no upgrade yet, and a proxy may always say it.
        environ["wsgi.input"] = self.wsgi_input = BoundedInput(
            self.wsgi_input, self.server.max_discard_bytes, self.server.http_timeout_s, self._end_connection
        )
        environ["wsgi.input_terminated"] = True
        environ[STILL_CONNECTED] = self._still_connected
        return environ

    def handle_one_response(self) -> None:
        """Answer a request whose head is complete."""
        self._head_deadline.close()
        super().handle_one_response()

    def _still_connected(self) -> bool:
        return not peer_has_gone(self.socket)

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
