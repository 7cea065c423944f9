"""One TCP or TLS connection on the loop: read and written by callbacks, without a greenlet that waits for it."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from collections.abc import Callable
from time import monotonic
from typing import Any

import gevent
from gevent import ssl
from gevent.event import Event

from edge_server.transport.outbox import Outbox, nothing

_READ, _WRITE = 1, 2
# What one peer may make the loop look at before it is the others' turn.
_BLOCK_BYTES = 16 * 1024
_RESET = struct.pack("ii", 1, 0)
_WANTS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def peer_has_gone(connection: Any) -> bool:
    """Whether nothing more will come from the peer than what is here already.

    Asked of the kernel: a read would take bytes away, and a TLS connection cannot be peeked at.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLRDHUP)
    return bool(poll.poll(0))


class Wire:
    """Hands over what arrives to `on_data`, and says once by `on_end` that nothing more will.

    What cannot be sent at once waits in `outbox`. After `silence_s` without a byte from the peer, and a question
    half-way, the connection is over. A stopped wire (`pause`) leaves its peer waiting. Thread: the network loop's;
    callbacks must not wait.
    """

    __slots__ = (
        "_drained",
        "_ended",
        "_finishing",
        "_heard_s",
        "_is_tls",
        "_loop",
        "_on_data",
        "_on_end",
        "_on_quiet",
        "_reader",
        "_silence",
        "_silence_s",
        "_socket",
        "_writer",
        "open",
        "outbox",
    )

    def __init__(
        self,
        connection: Any,
        outbox: Outbox,
        on_data: Callable[[bytes], None],
        on_quiet: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        self._socket = connection
        self._on_data = on_data
        self._on_quiet = on_quiet
        self._on_end = on_end
        self.outbox = outbox
        self.open = True
        self._loop = gevent.get_hub().loop
        self._reader = self._loop.io(connection.fileno(), _READ)
        self._writer = self._loop.io(connection.fileno(), _WRITE)
        self._silence: Any = None
        self._silence_s = 0.0
        self._heard_s = monotonic()
        self._is_tls = isinstance(connection, ssl.SSLSocket)
        self._finishing = False
        self._drained = Event()
        self._ended = Event()
        connection.settimeout(0.0)

    def start(self, silence_s: float) -> None:
        """Begin to read; a peer that is silent for so long is cut, and asked by `on_quiet` half-way."""
        self._silence_s = silence_s
        self._silence = self._loop.timer(silence_s / 2, repeat=silence_s / 2)
        self._silence.start(self._check_silence)
        self.resume()

    def pause(self) -> None:
        """Read nothing until `resume`."""
        self._reader.stop()

    def resume(self) -> None:
        """Read on."""
        if self.open:
            self._reader.start(self._read)
            if self._is_tls:
                self._loop.run_callback(self._read)

    def send(self, frame: bytes, is_audio: bool = False) -> None:
        """Send a frame, or let it wait in the outbox."""
        if not self.open:
            return
        if len(self.outbox):
            self.outbox.append(frame, is_audio)
            return
        sent = self._write(frame)
        if sent < len(frame) and self.open:
            self.outbox.append(frame, is_audio)
            if sent:
                self.outbox.sent(sent)
            self._drained.clear()
            self._writer.start(self._flush)

    def discard(self) -> None:
        """Read on and throw away what comes: a peer that cannot get rid of what it sends does not read either."""
        self._finishing = True
        self.resume()

    def finish(self, timeout_s: float) -> None:
        """Send what waits, then let the peer hang up, then end; waits for each no longer than this.

        Only in a greenlet. What the peer still sends is thrown away: to hang up on it would take back what was sent.
        """
        self.discard()
        if self.open and len(self.outbox):
            self._drained.wait(timeout_s)
        if self.open:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
            self._ended.wait(timeout_s)
        self.end()

    @property
    def peer_has_gone(self) -> bool:
        """Whether the peer sends nothing any more; a stopped wire does not notice by itself."""
        return self.open and peer_has_gone(self._socket)

    def end(self) -> None:
        """End the connection now, also under those who wait for it. Ending twice does nothing."""
        if not self.open:
            return
        self.open = False
        self._drained.set()
        self._ended.set()
        for watcher in (self._reader, self._writer, self._silence):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        with contextlib.suppress(OSError):
            # The peer may have been faster.
            if len(self.outbox):
                # What it does not take would stay in the kernel for minutes, and so would the peer in its own sending.
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._socket.shutdown(socket.SHUT_RDWR)
        on_end = self._on_end
        # Whoever owns this wire is held by what it calls.
        self._on_data = self._on_quiet = self._on_end = nothing
        on_end()

    def _read(self) -> None:
        if not self.open or not self._reader.active:
            return
        try:
            data = self._socket.recv(_BLOCK_BYTES)
        except _WANTS:
            return
        except OSError:
            data = b""
        if not data:
            self.end()
            return
        self._heard_s = monotonic()
        if not self._finishing:
            self._on_data(data)
        # The kernel calls again for what it still holds, but knows nothing of what TLS has taken from it already.
        if self._is_tls and self.open and self._socket.pending():
            self._loop.run_callback(self._read)

    def _write(self, frame: bytes | memoryview) -> int:
        try:
            return int(self._socket.send(frame))
        except _WANTS:
            return 0
        except OSError:
            self.end()
            return 0

    def _flush(self) -> None:
        while self.open and len(self.outbox):
            sent = self._write(self.outbox.next())
            if not sent:
                return
            self.outbox.sent(sent)
        self._drained.set()
        if self.open:
            self._writer.stop()

    def _check_silence(self) -> None:
        silent_s = monotonic() - self._heard_s
        if silent_s >= self._silence_s:
            self.end()
        elif silent_s >= self._silence_s / 2:
            self._on_quiet()
