"""Requests, in turns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge_server.transport.arrivals import Arrivals
from edge_server.transport.polling import WsgiApp, is_for_engineio, polling_sid


class RequestTurns:
    """Lets the requests of every address in at a bounded rate, but for those of long polling that has shown a token.

    Upgrades to a WebSocket are counted as connections already, and each connection may have only so many requests.
    Thread: the network loop's.
    """

    def __init__(self, application: WsgiApp, engine: Any, arrivals: Arrivals) -> None:
        self._application = application
        self._engine = engine
        self._arrivals = arrivals

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request when it is its turn."""
        if "wsgi.websocket" not in environ and not self._is_polling_on(environ):
            self._arrivals.wait_for_request(environ["REMOTE_ADDR"])
        return self._application(environ, start_response)

    def _is_polling_on(self, environ: dict[str, Any]) -> bool:
        connection = self._engine.sockets.get(polling_sid(environ))
        return (
            is_for_engineio(environ)
            and connection is not None
            and not connection.upgraded
            and "limit_bytes" in connection.session
        )
