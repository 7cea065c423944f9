"""The server's side of a WebSocket: bounded, read by callbacks, and taken by python-engineio for its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from edge_server.errors import TooManyStreamsError
from edge_server.transport.intake import Intake
from edge_server.transport.loop_turns import LoopTurns
from edge_server.transport.outbox import Outbox
from edge_server.transport.websocket_frames import (
    BINARY,
    CLOSE,
    NORMAL,
    PING,
    PONG,
    TEXT,
    TRY_LATER,
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
_CLOSE_GRACE_S = 1.0


class BoundedWebSocket:
    """A WebSocket whose messages are measured before they are read.

    Messages go to a `sink` as they come, on the loop; those that it does not take, or that come while the greenlet of
    this connection is busy with an earlier one, wait for `receive`. Messages beyond `limit_bytes`, which grows once
    the client has shown a token, end the connection; how many are read at once is the `Intake`'s. Who is not admitted in
    time is cut. Between two messages that `receive` gives, a connection rests for the work that they made (`LoopTurns`).
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
        enter_gate = partial(handler.server.upload_gate.enter, environ.get("REMOTE_ADDR", ""))
        self._intake = Intake(limit_bytes, handler.server.turn_ring, enter_gate, self)
        self._wire: Wire | None = None
        self._silence_s: float = handler.server.http_timeout_s
        self._inbox: deque[str | bytes | bytearray | None] = deque()
        self._came = Event()
        self._idle = False
        self._turns = LoopTurns()
        self._sink: Sink | None = None
        self._give_up: Callable[[], None] | None = None
        self._is_given_up = False
        # Stopped as soon as it is settled: one that only fires would keep each of a flood of connections until then.
        self._no_token = gevent.get_hub().loop.timer(handler.server.handshake_timeout_s)
        self._no_token.start(self.cut)

    def admit(self, limit_bytes: int) -> None:
        """Keep this connection beyond the time for authentication, and take messages up to this size or an earlier one."""
        self._no_token.stop()
        self._intake.admit(limit_bytes)

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
            self.wire().end()

    def send(self, message: str | bytes) -> None:
        """Send one message."""
        if isinstance(message, str):
            self.send_frame(encode_frame(TEXT, message.encode()))
        else:
            self.send_frame(encode_frame(BINARY, message))

    def send_frame(self, *pieces: bytes, is_audio: bool = False) -> None:
        """Send the bytes of one frame, whole or in pieces, at once or as soon as the client takes it."""
        if self.closed:
            return
        for piece in pieces:
            self.wire().send(piece, is_audio)
        # Behind all of it: what parts from a client that is too slow says goodbye, in a frame of its own.
        if len(self.outbox) and self.outbox.too_slow and not self._is_given_up:
            self._is_given_up = True
            self._inbox.clear()
            self._intake.stop()
            (self._give_up or self.cut)()

    def receive(self) -> str | bytes | bytearray | None:
        """The next message that the sink did not take, or None when the connection is over."""
        self.wire()
        self._rest()
        while not self._inbox:
            if self._intake.wants_gate:
                self._enter_gate()
            self._idle = True
            self._came.wait()
            self._came.clear()
        message = self._inbox.popleft()
        self._turns.begin()
        if message is None:
            self._inbox.append(None)
        elif len(self._inbox) == _MAX_INBOX - 1:
            self._intake.read_on()
        return message

    def _rest(self) -> None:
        rest_s = self._turns.end()
        if rest_s and not self.closed and not self._is_given_up:
            # Whatever comes meanwhile goes to the sink, unless something waits before it.
            self._idle = not self._inbox
            gevent.sleep(rest_s)

    def forget(self) -> None:
        """Hear that nobody serves this connection any more; perhaps it was never read.

        Lets go of all who hold this object, too: a flood of connections would be tens of thousands of objects for one
        collection of garbage, under which everybody's audio stands still.
        """
        if self._wire is not None:
            self._wire.end()
        self._end_of_messages()
        self._sink = self._give_up = None
        self.outbox.forget()
        self._intake.forget()

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say that the connection ends and why, and end it; waits for the peer for a second at each step."""
        self._intake.leave_gate()
        if not self.closed:
            wire = self.wire()
            wire.send(encode_close(code, reason))
            self.closed = True
            wire.finish(_CLOSE_GRACE_S)
        self._end_of_messages()

    def wire(self) -> Wire:
        """Give the connection below, which is opened when it is asked for first."""
        if self._wire is None:
            connection = self._handler.socket
            self._wire = Wire(connection, self.outbox, self._intake.take_data, self._ask, self._end_of_messages)
            first = self._handler.take_early_bytes()
            self._wire.start(self._silence_s)
            if first:
                self._intake.take_data(first)
        return self._wire

    @property
    def wants_more(self) -> bool:
        """Whether there is room for another message, and somebody left to answer it."""
        return not (self.closed or self._is_given_up) and len(self._inbox) < _MAX_INBOX

    def take(self, message: Message) -> bool:
        """Take one message in; whether the sink took it."""
        opcode, data = message
        is_taken = False
        if opcode == BINARY:
            is_taken = self._sink is not None and self._idle and self._sink(data)
            if not is_taken:
                self._keep(data)
            self._intake.leave_gate()
        elif opcode == TEXT:
            text = self.admissible(data.decode())
            if text is None:
                raise WebSocketViolationError(1002, "no packet of this protocol")
            self._keep(text)
            self._intake.leave_gate()
        elif opcode == PING:
            self.send_frame(encode_frame(PONG, bytes(data)))
        elif opcode == CLOSE:
            raise WebSocketViolationError(_echoed(check_close(bytes(data))), "")
        return is_taken

    def refuse(self, violation: WebSocketViolationError) -> None:
        """Say what was violated, and end the connection."""
        self.wire().pause()
        self._sink = None
        # In a greenlet of its own: the close frame may have to wait, and this runs on the loop.
        gevent.spawn(self.close, violation.code, violation.reason)

    def wake(self) -> None:
        """Let `receive` look at what has come."""
        self._idle = False
        self._came.set()

    def admissible(self, text: str) -> str | bytes | None:
        """What `receive` gives for a text message; None ends the connection as a breach of the protocol."""
        return text

    def _ask(self) -> None:
        self.send_frame(encode_frame(PING, b""))

    def _keep(self, message: str | bytes | bytearray) -> None:
        if self._is_given_up:
            return
        self._inbox.append(message)
        if len(self._inbox) >= _MAX_INBOX:
            self.wire().pause()
        self.wake()

    def _end_of_messages(self) -> None:
        self.closed = True
        self._no_token.stop()
        self._intake.leave_gate()
        if not self._inbox or self._inbox[-1] is not None:
            self._inbox.append(None)
        self.wake()

    def _enter_gate(self) -> None:
        try:
            self._intake.enter_gate()
        except TooManyStreamsError as busy:
            self.close(TRY_LATER, busy.message)
            return
        if self.closed:
            # It ended while this waited for the place, and whoever ended it found none to give back.
            self._intake.leave_gate()
            return
        self._intake.read_on()


def _echoed(code: int) -> int:
    # 1005 says that there was no code; it may not be sent.
    return NORMAL if code == 1005 else code
