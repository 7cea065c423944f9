"""A session together with the way to its client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from edge_server.errors import EngineFailedError, HushboxError, OverloadedError, OverrunError, TooFastError
from edge_server.metrics import Metrics
from edge_server.rate_limit import RateLimit
from edge_server.sessions.session import Session
from edge_server.transport.packets import AudioPacket

_COMPLAINTS_TOLD = 10
_COMPLAINTS_TOLD_S = 1.0
MISTAKES_S = 10.0
TOO_SLOW = "You do not take what the box sends you; the oldest audio was dropped already."


class Link(Protocol):
    """The way to a client. None of these calls may wait."""

    connection_id: str

    def emit(self, event: str, argument: Any) -> None:
        """Send one event."""

    def send_audio(self, packet: AudioPacket) -> None:
        """Send one packet of audio."""

    def when_dropped(self, on_dropped: Callable[[], None]) -> None:
        """Tell `on_dropped` of each packet of audio that makes way for later ones."""

    def part(self, error: HushboxError) -> None:
        """Say goodbye with the reason, and disconnect."""

    def leave(self, is_last: bool) -> None:
        """Hear that the client has left a namespace; with the last one its connection ends."""

    def release(self) -> None:
        """End what is left of the connection."""


@dataclass(slots=True, eq=False)
class Client:
    """One connected client; it also listens to its session's voice. `clock` never goes back.

    `mistakes` is how many of its messages may be of no use.
    """

    session: Session
    link: Link
    metrics: Metrics
    clock: Callable[[], float]
    mistakes: RateLimit
    parted: bool = False
    _told: RateLimit = field(init=False, default_factory=lambda: RateLimit(_COMPLAINTS_TOLD, _COMPLAINTS_TOLD_S))

    def answer(self, packet: AudioPacket) -> None:
        """Send one packet of audio."""
        self.metrics.audio.packets_out += 1
        self.link.send_audio(packet)

    def dropped(self) -> None:
        """Count an answer that this client will not get: it reads too slowly, and later ones were to be kept."""
        self.metrics.audio.unsent_packets += 1
        if self.session.voice is not None:
            self.session.voice.stream.counters.unsent_packets += 1

    def overloaded(self, error: OverloadedError) -> None:
        """Tell the client that some of its audio comes back dry."""
        self.notice(error)

    def engine_failed(self, error: EngineFailedError) -> None:
        """Tell the client that its stream is over, and part."""
        self.part(error)

    def notice(self, error: HushboxError) -> None:
        """Tell the client about something that has no acknowledgement."""
        self.metrics.count_error(error)
        self.link.emit("notice", error.to_dict())

    def complain(self, error: HushboxError) -> None:
        """Tell the client what it did wrong, unless it was told enough; part from one that hardly does anything else."""
        if self.parted:
            return
        now_s = self.clock()
        # Who was cut off for a while is ahead of time with everything that waited, by no mistake of its own.
        if not isinstance(error, OverrunError) and not self.mistakes.allows(now_s):
            self.part(TooFastError("Too many of your messages were of no use."))
        elif self._told.allows(now_s):
            self.notice(error)
        else:
            self.metrics.count_error(error)

    def part(self, error: HushboxError) -> None:
        """Say goodbye with the reason and disconnect."""
        self.metrics.count_error(error)
        self.parted = True
        self.link.part(error)

    def let_go(self) -> None:
        """Give the voice up: its client has come back over another connection."""
        self.session.voice = self.session.resumable = None
        self.link.release()

    def close(self) -> None:
        """Free the voice's slot and count what the stream did. Closing twice does nothing."""
        voice = self.session.voice
        if voice is not None:
            self.metrics.count_voice(voice.stream.summary())
            self.session.close()
