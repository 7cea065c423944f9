"""The body of an HTTP request: read in blocks that let others run, and thrown away only up to a limit."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import flask
import gevent
from gevent.pywsgi import Input
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import LimitedStream

from edge_server.transport.give_way import give_way

_BLOCK_BYTES = 64 * 1024
_REST_S = 0.003
"""Between two blocks, of which each costs a slow box a quarter of a millisecond: 20 MB a second are more than a radio link."""
_READS_AT_ONCE = 64
"""A quarter of a millisecond of a slow box: what frames the pieces of a body is read byte by byte."""
_REST_OF_FRAMES_S = 0.02


def in_one_piece(next_block: Callable[[], bytes]) -> bytes:
    """All blocks until an empty one, as one object that grows: to copy tens of megabytes at the end would hold the loop up."""
    whole = io.BytesIO()
    while block := next_block():
        whole.write(block)
    return whole.getvalue()


def read_body(request: flask.Request) -> bytes:
    """The whole body of a request, which is not kept. Raises `RequestEntityTooLarge` and `ClientDisconnected`."""
    stream = request.stream

    def next_block() -> bytes:
        if not (isinstance(stream, LimitedStream) and stream.is_exhausted):
            return stream.read(_BLOCK_BYTES)
        # At its limit the library cannot tell whether more would come.
        if request.environ["wsgi.input"].read(1):
            raise RequestEntityTooLarge
        return b""

    return in_one_piece(next_block)


class RequestInMemory(flask.Request):
    """A request whose uploaded files stay in memory, which the gate bounds; writing to disk would hold the loop up."""

    def _get_file_stream(self, *description: Any, **more: Any) -> io.BytesIO:
        return io.BytesIO()


class _PatientReader:
    """A connection that is read byte by byte, with a rest now and then: nothing else bounds what frames a chunked body."""

    def __init__(self, reader: io.BufferedReader) -> None:
        self._reader = reader
        self._reads = 0

    def read(self, length: int = -1) -> bytes:
        """Up to so many bytes."""
        self._count()
        return self._reader.read(length)

    def readline(self, length: int = -1) -> bytes:
        """Up to a line, or so many bytes."""
        self._count()
        return self._reader.readline(length)

    def _count(self) -> None:
        self._reads += 1
        if self._reads % _READS_AT_ONCE == 0:
            give_way(_REST_OF_FRAMES_S)


class BoundedInput(Input):  # type: ignore[misc]
    """A `wsgi.input` that never holds the loop up.

    pywsgi reads what the application left unread, however long the client says it is and takes, so that the connection
    can go on; this one does so up to `max_discard_bytes` and `max_discard_s`, and calls `on_too_long` beyond them.
    """

    def __init__(
        self, replaced: Input, max_discard_bytes: int, max_discard_s: float, on_too_long: Callable[[], None]
    ) -> None:
        reader = _PatientReader(replaced.rfile) if replaced.chunked_input else replaced.rfile
        super().__init__(reader, replaced.content_length, replaced.socket, replaced.chunked_input)
        self.max_discard_bytes = max_discard_bytes
        self.max_discard_s = max_discard_s
        self.on_too_long = on_too_long

    def read(self, length: int | None = None) -> bytes:
        """Up to `length` bytes; everything when it is None."""
        if length is None or length < 0:
            return in_one_piece(self._read_block)
        return self._read_block(length)

    def read_whole(self, length: int) -> bytes:
        """So many bytes, or fewer when the client sends no more."""
        body = io.BytesIO()
        while body.tell() < length and (block := self._read_block(length - body.tell())):
            body.write(block)
        return body.getvalue()

    def _read_block(self, length: int = _BLOCK_BYTES) -> bytes:
        if not self.chunked_input and self.position >= (self.content_length or 0):
            return b""
        give_way(_REST_S if self.position else 0.0)
        return bytes(super().read(min(length, _BLOCK_BYTES)))

    def _discard(self) -> None:
        if self._chunked_input_error or not (self.chunked_input or self.position < (self.content_length or 0)):
            return
        self.socket = None  # Nobody waits for "100 Continue" any more.
        try:
            with gevent.Timeout(self.max_discard_s, TimeoutError):
                within = self._discard_within_bounds()
        except TimeoutError:
            within = False
        if not within:
            self.on_too_long()

    def _discard_within_bounds(self) -> bool:
        discarded = 0
        while block := self._read_block():
            discarded += len(block)
            if discarded > self.max_discard_bytes:
                return False
        return True

    def __iter__(self) -> Any:
        return iter(self.readline, b"")
