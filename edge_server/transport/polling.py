"""Long polling: bounded before python-engineio reads it, and in what it answers."""

from __future__ import annotations

import contextlib
import errno
import io
import math
from collections.abc import Callable, Iterable
from typing import Any

import gevent
from engineio.payload import Payload
from gevent.lock import BoundedSemaphore

from edge_server.errors import HushboxError, TooManyStreamsError
from edge_server.transport.loop_turns import LoopTurns
from edge_server.transport.poll_queue import PollQueue
from edge_server.transport.upload_gate import LARGE_BYTES, UploadGate
from edge_server.transport.websocket import BoundedWebSocket

MAX_PACKETS = 64
MAX_BODY_BYTES = 1 << 20
_PACKETS_AT_ONCE = 4
"""Of one body, before the others have a turn."""
_FIRST_BODY_BYTES = 64 * 1024
_SEPARATOR = b"\x1e"
_EMPTY_PACKETS = frozenset((b"1", b"3", b"6"))
_LONGEST_PONG = 32
_PATH = "/socket.io/"

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]

Payload.max_decode_packets = MAX_PACKETS


class PollingGate:
    """Refuses bodies, connections and packets beyond the limits before python-engineio sees them.

    It would read what a request declares, log a traceback for every malformed packet, and answer with all that waits.
    """

    def __init__(
        self, application: WsgiApp, engine: Any, gate: UploadGate, max_connections: int, body_timeout_s: float
    ) -> None:
        self._application = application
        self._engine = engine
        self._gate = gate
        self._max_connections = max_connections
        self._body_timeout_s = body_timeout_s
        engine.create_queue = PollQueue

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        if not is_for_engineio(environ):
            return self._application(environ, start_response)
        sid = polling_sid(environ)
        if "wsgi.websocket" in environ:
            self._remember(environ["wsgi.websocket"], sid)
            return self._application(environ, start_response)
        # Half a request to upgrade: python-engineio would take it for a whole one.
        if "HTTP_UPGRADE" not in environ:
            connection = self._engine.sockets.get(sid)
            if environ["REQUEST_METHOD"] == "POST" and connection is not None and not connection.closed:
                return self._post(connection.session, environ, start_response)
            if environ["REQUEST_METHOD"] == "GET" and (sid or len(self._engine.sockets) < self._max_connections):
                return self._application(environ, start_response)
        return _refuse(start_response)

    def _post(self, session: dict[str, Any], environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Let one body of a connection in."""
        turns = session.setdefault("turns", LoopTurns())
        door = session.setdefault("door", BoundedSemaphore(1))
        if not door.acquire(timeout=self._body_timeout_s):
            return _refuse(start_response)
        try:
            body = self._body(environ, MAX_BODY_BYTES if "limit_bytes" in session else _FIRST_BODY_BYTES)
            turns.begin()
            packets = _packets(body)
            _rest(turns)
            return self._take(turns, packets, environ, start_response) if packets else _refuse(start_response)
        except TooManyStreamsError as busy:
            return _refuse(start_response, "503 Service Unavailable", busy)
        finally:
            door.release()

    def _body(self, environ: dict[str, Any], longest: int) -> bytes:
        """The body of a request, however its bytes trickle; nothing of one that is too long or cut short."""
        length = environ.get("CONTENT_LENGTH", "")
        if not length.isdigit() or int(length) > longest:
            return b""
        is_large = int(length) > LARGE_BYTES
        place = self._gate.enter(environ.get("REMOTE_ADDR", "")) if is_large else contextlib.nullcontext()
        # With arguments, which pywsgi looks at.
        too_slow = TimeoutError(errno.ETIMEDOUT, "The body did not come in time.")
        with place, gevent.Timeout(self._body_timeout_s, too_slow):
            body: bytes = environ["wsgi.input"].read_whole(int(length))
        return body if len(body) == int(length) else b""

    def _take(
        self, turns: LoopTurns, packets: list[bytes], environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        """Let the packets of a body in, a few at a time, with a rest behind them for the work that they made."""
        outcome: tuple[Any, ...] = ()
        answer: Iterable[bytes] = []

        def keep(*status_and_headers: Any) -> None:
            nonlocal outcome
            outcome = status_and_headers

        for start in range(0, len(packets), _PACKETS_AT_ONCE):
            part = _SEPARATOR.join(packets[start : start + _PACKETS_AT_ONCE])
            turns.begin()
            answer = self._application(
                {**environ, "wsgi.input": io.BytesIO(part), "CONTENT_LENGTH": str(len(part))}, keep
            )
            _rest(turns)
            if not outcome[0].startswith("200"):
                break
        start_response(*outcome)
        return answer

    def _remember(self, websocket: BoundedWebSocket, sid: str) -> None:
        """Let a polling connection that goes on over a WebSocket have there what it has already."""
        connection = self._engine.sockets.get(sid)
        if connection is None or connection.upgraded:
            return
        session = connection.session
        session["websocket"] = websocket
        if "limit_bytes" in session:
            websocket.admit(session["limit_bytes"])
        if "sink" in session:
            websocket.listen(session.pop("sink"))
        if links := session.get("links"):
            websocket.when_too_slow(next(iter(links.values())).give_up)


class UnauthenticatedPollers:
    """Ends the polling connections that show no token in time; those over a WebSocket are cut by it.

    `clock` never goes back. Thread: the network loop's.
    """

    def __init__(self, engine: Any, patience_s: float, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._patience_s = patience_s
        self._clock = clock
        self._first_seen_s: dict[str, float] = {}

    def sweep(self) -> None:
        """Look at everyone who is connected."""
        now_s = self._clock()
        strangers = {sid: it for sid, it in self._engine.sockets.items() if "limit_bytes" not in it.session}
        self._first_seen_s = {sid: self._first_seen_s.get(sid, now_s) for sid in strangers}
        for sid, connection in strangers.items():
            if not connection.upgraded and now_s - self._first_seen_s[sid] >= self._patience_s:
                connection.close(wait=False)
                self._engine.sockets.pop(sid, None)


def is_for_engineio(environ: dict[str, Any]) -> bool:
    """Whether python-engineio serves this request, which takes everything below its path for its own."""
    return bool(environ["PATH_INFO"].startswith(_PATH))


def polling_sid(environ: dict[str, Any]) -> str:
    """The Engine.IO connection that a request names; empty where it names none."""
    fields = dict(item.partition("=")[::2] for item in environ.get("QUERY_STRING", "").split("&"))
    return str(fields.get("sid", ""))


def _rest(turns: LoopTurns) -> None:
    if rest_s := turns.end():
        gevent.sleep(rest_s)


def _refuse(start_response: Any, status: str = "400 Bad Request", error: HushboxError | None = None) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain"), ("Content-Length", "0")]
    if error is not None and error.retry_after_s is not None:
        headers.append(("Retry-After", str(math.ceil(error.retry_after_s))))
    start_response(status, headers)
    return []


def _packets(body: bytes) -> list[bytes]:
    """The packets of a body; none where it holds anything else, or too many."""
    packets = body.split(_SEPARATOR, MAX_PACKETS)
    return packets if len(packets) <= MAX_PACKETS and all(map(_is_packet, packets)) else []


def _is_packet(data: bytes) -> bool:
    if data[:1] == b"4":
        return data[1:2].isdigit() and _is_utf8(data)
    if data[:1] == b"b":
        # Base64 of whole groups; what it holds is for the packet parser above to judge.
        return len(data) > 1 and (len(data) - 1) % 4 == 0 and data[1:].rstrip(b"=").translate(None, _BASE64) == b""
    return data in _EMPTY_PACKETS or (data[:1] == b"3" and len(data) <= _LONGEST_PONG and data.isascii())


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
