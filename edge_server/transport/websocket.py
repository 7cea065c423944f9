"""The server's side of a WebSocket: bounded, read by callbacks, and taken by python-engineio for its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from edge_server.errors import TooManyStreamsError
from edge_server.transport.loop_turns import LoopTurns
from edge_server.transport.outbox import Outbox
from edge_server.transport.turn_ring import TurnRing
from edge_server.transport.upload_gate import LARGE_BYTES, Upload
from edge_server.transport.websocket_frames import (
    BINARY,
    CLOSE,
    NORMAL,
    PING,
    POLICY,
    PONG,
    TEXT,
    TRY_LATER,
    FrameReader,
    Message,
    WebSocketViolationError,
    check_close,
    encode_close,
    encode_frame,
)
from edge_server.transport.wire import Wire

if TYPE_CHECKING:
    from edge_server.transport.handler import BoundedHandler

Sink = Callable[[bytes | bytearray], bool]

_MAX_INBOX = 16
_FRAMES_PER_TURN = 16
_FRAMES_IN_A_CROWD = 4
"""Read at once while others wait for their turn to read on."""
_FRAMES_OF_A_STRANGER = 32
"""All that may come before a token: to connect takes three."""
_CLOSE_GRACE_S = 1.0


class BoundedWebSocket:
    """A WebSocket whose messages are measured before they are read.

    Messages go to a `sink` as they come, on the loop; those that it does not take, or that come while the greenlet of
    this connection is busy with an earlier one, wait for `receive`. Messages beyond `limit_bytes`, which grows once
    the client has shown a token, end the connection; large ones wait at the gate. Who is not admitted in time is cut.
    Between two messages that `receive` gives, a connection rests for the work that they made (`LoopTurns`).
    """

    def __init__(self, environ: dict[str, Any], handler: BoundedHandler, limit_bytes: int, outbox: Outbox) -> None:
        self.environ = environ
        self.path: str = environ.get("PATH_INFO", "")
        self.origin: str | None = environ.get("HTTP_ORIGIN")
        self.version: str | None = environ.get("HTTP_SEC_WEBSOCKET_VERSION")
        self.protocol: str | None = None
        self.closed = False
        self.outbox = outbox
        self._handler = handler
        self._reader = FrameReader(limit_bytes)
        self._wire: Wire | None = None
        self._silence_s: float = handler.server.http_timeout_s
        self._inbox: deque[str | bytes | bytearray | None] = deque()
        self._came = Event()
        self._idle = False
        self._turns = LoopTurns()
        self._sink: Sink | None = None
        self._give_up: Callable[[], None] | None = None
        self._is_given_up = False
        self._wants_gate = False
        self._upload: Upload | None = None
        self._ring: TurnRing = handler.server.turn_ring
        self._in_ring = False
        self._only_audio = False
        # Stopped as soon as it is settled: one that only fires would keep each of a flood of connections until then.
        self._no_token = gevent.get_hub().loop.timer(handler.server.handshake_timeout_s)
        self._no_token.start(self.cut)

    def admit(self, limit_bytes: int) -> None:
        """Keep this connection beyond the time for authentication, and take messages up to this size or an earlier one."""
        self._no_token.stop()
        self._reader.limit_bytes = max(self._reader.limit_bytes, limit_bytes)

    def listen(self, sink: Sink) -> None:
        """Show every binary message to `sink` first; it says whether it took the message, and must not wait."""
        self._sink = sink

    def when_too_slow(self, give_up: Callable[[], None]) -> None:
        """Part by `give_up`, called once, from a client that does not take what it is sent; without one it is cut."""
        self._give_up = give_up

    def settimeout(self, seconds: float) -> None:
        """Longest silence of the peer; python-engineio calls this with the ping interval plus its timeout."""
        self._silence_s = seconds

    def cut(self) -> None:
        """End the TCP connection now, also under a reader or a writer that waits on it."""
        if not self.closed:
            self.closed = True
            self._open().end()

    def send(self, message: str | bytes) -> None:
        """Send one message."""
        if isinstance(message, str):
            self.send_frame(encode_frame(TEXT, message.encode()))
        else:
            self.send_frame(encode_frame(BINARY, message))

    def send_frame(self, frame: bytes, is_audio: bool = False) -> None:
        """Send the bytes of one frame, at once or as soon as the client takes it."""
        if self.closed:
            return
        self._open().send(frame, is_audio)
        if len(self.outbox) and self.outbox.too_slow and not self._is_given_up:
            self._is_given_up = True
            self._deafen()
            (self._give_up or self.cut)()

    def receive(self) -> str | bytes | bytearray | None:
        """The next message that the sink did not take, or None when the connection is over."""
        self._open()
        self._rest()
        while not self._inbox:
            if self._wants_gate:
                self._enter_gate()
            self._idle = True
            self._came.wait()
            self._came.clear()
        message = self._inbox.popleft()
        self._turns.begin()
        if message is None:
            self._inbox.append(None)
        elif len(self._inbox) == _MAX_INBOX - 1:
            self._read_on()
        return message

    def _deafen(self) -> None:
        """Hear nothing more: what it has sent already may take longer to work off than the farewell lasts."""
        self._inbox.clear()
        self._wants_gate = False
        self._leave_gate()
        self._open().discard()

    def _rest(self) -> None:
        rest_s = self._turns.end()
        if rest_s and not self.closed and not self._is_given_up:
            # Whatever comes meanwhile goes to the sink, unless something waits before it.
            self._idle = not self._inbox
            gevent.sleep(rest_s)

    def forget(self) -> None:
        """Hear that nobody serves this connection any more; perhaps it was never read."""
        if self._wire is not None:
            self._wire.end()
        self._end_of_messages()

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say that the connection ends and why, and end it; waits for the peer for a second at each step."""
        self._leave_gate()
        if not self.closed:
            wire = self._open()
            wire.send(encode_close(code, reason))
            self.closed = True
            wire.finish(_CLOSE_GRACE_S)
        self._end_of_messages()

    def admissible(self, text: str) -> str | bytes | None:
        """What `receive` gives for a text message; None ends the connection as a breach of the protocol."""
        return text

    def _open(self) -> Wire:
        if self._wire is None:
            connection = self._handler.socket
            self._wire = Wire(connection, self.outbox, self._take_data, self._ask, self._end_of_messages)
            first = self._handler.take_early_bytes()
            self._wire.start(self._silence_s)
            if first:
                self._take_data(first)
        return self._wire

    def _ask(self) -> None:
        self.send_frame(encode_frame(PING, b""))

    def _take_data(self, data: bytes) -> None:
        self._read_frames(data, self._frames_at_once)

    @property
    def _frames_at_once(self) -> int:
        if self._no_token.active:
            return 1
        return _FRAMES_IN_A_CROWD if self._ring.is_crowded and not self._only_audio else _FRAMES_PER_TURN

    def _read_frames(self, data: bytes, frames: int) -> None:
        try:
            taken = [self._take(message) for message in self._reader.feed(data, frames)]
            self._only_audio = bool(taken) and all(taken)
            if self._no_token.active and self._reader.frames > _FRAMES_OF_A_STRANGER:
                raise WebSocketViolationError(POLICY, "no token")
        except WebSocketViolationError as violation:
            self._refuse(violation)
            return
        if self._is_given_up:
            return
        if self._reader.has_more and not self.closed:
            # Whoever sends floods of small messages gets a turn like everyone, and no longer one.
            self._open().pause()
            self._read_on()
        if self._reader.declared_bytes > LARGE_BYTES and self._upload is None and not self._wants_gate:
            self._wants_gate = True
            self._open().pause()
            self._wake()

    def _read_on(self) -> None:
        if self.closed or self._is_given_up or self._wants_gate or len(self._inbox) >= _MAX_INBOX:
            return
        if self._reader.has_more:
            if not self._in_ring:
                self._in_ring = True
                self._ring.join(self._go_on, self._only_audio)
        else:
            self._open().resume()

    def _go_on(self) -> None:
        self._in_ring = False
        if not (self.closed or self._is_given_up) and self._reader.has_more and len(self._inbox) < _MAX_INBOX:
            if self._open().peer_has_gone:
                # Nobody is left to answer, and what is worked off turn by turn would keep its place until then.
                self.cut()
                return
            self._read_frames(b"", 1 if self._no_token.active else _FRAMES_PER_TURN)
            if not self._reader.has_more:
                self._read_on()

    def _take(self, message: Message) -> bool:
        """Whether the sink took this message."""
        opcode, data = message
        is_taken = False
        if opcode == BINARY:
            is_taken = self._sink is not None and self._idle and self._sink(data)
            if not is_taken:
                self._keep(data)
            self._leave_gate()
        elif opcode == TEXT:
            text = self.admissible(data.decode())
            if text is None:
                raise WebSocketViolationError(1002, "no packet of this protocol")
            self._keep(text)
            self._leave_gate()
        elif opcode == PING:
            self.send_frame(encode_frame(PONG, bytes(data)))
        elif opcode == CLOSE:
            raise WebSocketViolationError(_echoed(check_close(bytes(data))), "")
        return is_taken

    def _keep(self, message: str | bytes | bytearray) -> None:
        if self._is_given_up:
            return
        self._inbox.append(message)
        if len(self._inbox) >= _MAX_INBOX:
            self._open().pause()
        self._wake()

    def _refuse(self, violation: WebSocketViolationError) -> None:
        self._open().pause()
        self._sink = None
        # In a greenlet of its own: the close frame may have to wait, and this runs on the loop.
        gevent.spawn(self.close, violation.code, violation.reason)

    def _end_of_messages(self) -> None:
        self.closed = True
        self._no_token.stop()
        self._leave_gate()
        if not self._inbox or self._inbox[-1] is not None:
            self._inbox.append(None)
        self._wake()

    def _wake(self) -> None:
        self._idle = False
        self._came.set()

    def _enter_gate(self) -> None:
        self._wants_gate = False
        try:
            self._upload = self._handler.server.upload_gate.enter()
        except TooManyStreamsError as busy:
            self.close(TRY_LATER, busy.message)
            return
        if self.closed:
            # It ended while this waited for the place, and whoever ended it found none to give back.
            self._leave_gate()
            return
        self._read_on()

    def _leave_gate(self) -> None:
        if self._upload is not None:
            self._upload.leave()
            self._upload = None


def _echoed(code: int) -> int:
    # 1005 says that there was no code; it may not be sent.
    return NORMAL if code == 1005 else code
