"""How much of what a connection sends is read, and when."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from edge_server.transport.turn_ring import TurnRing
from edge_server.transport.upload_gate import LARGE_BYTES, Upload
from edge_server.transport.websocket_frames import (
    INTERNAL_ERROR,
    POLICY,
    FrameReader,
    Message,
    WebSocketViolationError,
)
from edge_server.transport.wire import Wire

logger = logging.getLogger(__name__)

_FRAMES_PER_TURN = 16
_FRAMES_IN_A_CROWD = 4
"""Read at once while others wait for their turn to read on."""
_FRAMES_OF_A_STRANGER = 32
"""All that may come before a token: to connect takes three."""


class FrameTaker(Protocol):
    """The connection whose frames are read."""

    @property
    def wants_more(self) -> bool:
        """Whether there is room for another message, and somebody left to answer it."""

    def wire(self) -> Wire:
        """Give what the frames come from."""

    def take(self, message: Message) -> bool:
        """Take one message in; whether it was audio that went its way at once. May raise `WebSocketViolationError`."""

    def refuse(self, violation: WebSocketViolationError) -> None:
        """End the connection."""

    def wake(self) -> None:
        """Come to the gate: a large message wants to be let in."""

    def cut(self) -> None:
        """End the TCP connection now."""


class Intake:
    """Reads the frames of one connection, no more at once than others can wait for.

    Who has no token is a stranger, read one frame at a time. Who has sent more than is read at once goes on when the ring
    comes round, and the wire pauses until then. So it does before a large message, which waits for a place at the gate.
    Thread: the network loop's; only `enter_gate` waits.
    """

    def __init__(self, limit_bytes: int, ring: TurnRing, enter_gate: Callable[[], Upload], taker: FrameTaker) -> None:
        self._reader = FrameReader(limit_bytes)
        self._ring = ring
        self._enter_gate = enter_gate
        self._taker: FrameTaker | None = taker
        self._is_stranger = True
        self._in_ring = False
        self._only_audio = False
        self._wants_gate = False
        self._upload: Upload | None = None
        self._is_stopped = False

    @property
    def wants_gate(self) -> bool:
        """Whether a large message waits for `enter_gate`."""
        return self._wants_gate

    def admit(self, limit_bytes: int) -> None:
        """Read no more as from a stranger, and messages up to this size or an earlier one."""
        self._is_stranger = False
        self._reader.limit_bytes = max(self._reader.limit_bytes, limit_bytes)

    def take_data(self, data: bytes) -> None:
        """Read as many of the frames that have come as may be read at once."""
        if self._is_stranger:
            self._read(data, 1)
        else:
            crowded = self._ring.is_crowded and not self._only_audio
            self._read(data, _FRAMES_IN_A_CROWD if crowded else _FRAMES_PER_TURN)

    def read_on(self) -> None:
        """Go on where reading paused, if there is room again."""
        if self._wants_gate or self._taker is None or not self._taker.wants_more:
            return
        if not self._reader.has_more:
            self._taker.wire().resume()
        elif not self._in_ring:
            self._in_ring = True
            self._ring.join(self._take_turn, self._only_audio)

    def enter_gate(self) -> None:
        """Wait for a place for the large message. Raises `TooManyStreamsError` when none became free in time."""
        self._wants_gate = False
        self._upload = self._enter_gate()

    def leave_gate(self) -> None:
        """Give the place back, if there is one."""
        if self._upload is not None:
            self._upload.leave()
            self._upload = None

    def stop(self) -> None:
        """Hear nothing more: what has come already may take longer to work off than a farewell lasts."""
        self._is_stopped = True
        self._wants_gate = False
        self.leave_gate()
        if self._taker is not None:
            self._taker.wire().discard()

    def forget(self) -> None:
        """Let go of the connection, which is over."""
        self._taker = None

    def _take_turn(self) -> None:
        self._in_ring = False
        if self._taker is None or not (self._taker.wants_more and self._reader.has_more):
            return
        if self._taker.wire().peer_has_gone:
            # Nobody is left to answer, and what is worked off turn by turn would keep its place until then.
            self._taker.cut()
            return
        self._read(b"", 1 if self._is_stranger else _FRAMES_PER_TURN)
        if not self._reader.has_more:
            self.read_on()

    def _read(self, data: bytes, frames: int) -> None:
        if (taker := self._taker) is None:
            return
        try:
            taken = [taker.take(message) for message in self._reader.feed(data, frames)]
            if self._is_stranger and self._reader.frames > _FRAMES_OF_A_STRANGER:
                raise WebSocketViolationError(POLICY, "no token")
        except WebSocketViolationError as violation:
            taker.refuse(violation)
            return
        except Exception:
            # This is a callback of the loop: whoever has a turn after this one would lose it, and never get another.
            logger.exception("A message could not be handled.")
            taker.refuse(WebSocketViolationError(INTERNAL_ERROR, "a defect of the box"))
            return
        if self._is_stopped:
            return
        self._only_audio = bool(taken) and all(taken)
        if self._reader.has_more:
            # Whoever sends floods of small messages gets a turn like everyone, and no longer one.
            taker.wire().pause()
            self.read_on()
        if self._reader.declared_bytes > LARGE_BYTES and self._upload is None and not self._wants_gate:
            self._wants_gate = True
            taker.wire().pause()
            taker.wake()
