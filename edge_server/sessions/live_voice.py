"""A live stream at work: its packets, its slot in the engine, and where its answers go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_server.audio.geometry import StreamGeometry
from edge_server.engine.stream_handle import Priority, Result
from edge_server.errors import BadRequestError, EngineFailedError
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream import DueHop, Stream, StreamLimits
from edge_server.transport.packets import AudioPacket

MIN_PACKET_MS = 5
MAX_PACKET_MS = 100
MAX_SUPPRESSION_LIMIT_DB = 100.0


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """What a client asks of a stream: packet length in samples, and the most attenuation in dB (None: no limit)."""

    geometry: StreamGeometry
    packet_samples: int
    suppression_limit_db: float | None

    def __post_init__(self) -> None:
        rate_hz = self.geometry.sample_rate_hz
        # 5 ms of 44.1 kHz are 220.5 samples; 220 are as good as 221.
        lowest, highest = MIN_PACKET_MS * rate_hz // 1000, MAX_PACKET_MS * rate_hz // 1000
        if not lowest <= self.packet_samples <= highest:
            raise BadRequestError(
                f"packet_samples has to be {MIN_PACKET_MS} to {MAX_PACKET_MS} ms of audio: "
                f"{lowest} to {highest} at {rate_hz} Hz."
            )


@dataclass(frozen=True, slots=True)
class VoiceContext:
    """What every voice of a box shares: limits, the answer deadline in seconds and the clock of the engine."""

    pump: Pump
    limits: StreamLimits
    deadline_s: float
    clock: Callable[[], float]


class VoiceListener(Protocol):
    """The client's side of a voice. None of these calls may wait."""

    def answer(self, packet: AudioPacket) -> None:
        """Send one packet to the client."""

    def engine_failed(self, error: EngineFailedError) -> None:
        """Hear that the engine is gone and nothing more will come."""


class LiveVoice:
    """Runs one `Stream` through the engine and gives each answer to `listener` as soon as it is complete.

    Raises `TooManyStreamsError` when the engine has no slot. Thread: the network loop's.
    """

    def __init__(self, context: VoiceContext, request: VoiceRequest, listener: VoiceListener) -> None:
        self.request = request
        self._context = context
        self._listener = listener
        self._on_finished: Callable[[], None] | None = None
        self._handle = context.pump.engine.open_stream(request.geometry, request.suppression_limit_db, Priority.LIVE)
        context.pump.attach(self._handle, self)
        self.stream = Stream(request.geometry, request.packet_samples, context.limits, context.deadline_s)

    def accept(self, packet: AudioPacket) -> None:
        """Take one packet of the client. Raises what `Stream.accept` raises."""
        self._submit(self.stream.accept(packet, self._context.clock()))
        # Answers that need no further hop (packets shorter than a hop) go out at once.
        self._send_answers()

    def set_suppression_limit(self, limit_db: float | None) -> None:
        """Ramp to another limit, from the next packet on."""
        self._context.pump.engine.set_suppression_limit(self._handle, limit_db)

    def finish(self, on_finished: Callable[[], None]) -> None:
        """Flush; `on_finished` is called once the last packet was given to the listener."""
        self._on_finished = on_finished
        self._submit(self.stream.flush(self._context.clock()))
        self.delivered()

    def close(self) -> None:
        """Free the slot. Closing twice does nothing."""
        self._context.pump.detach(self._handle)
        self._context.pump.engine.close_stream(self._handle)

    def deliver(self, result: Result) -> None:
        """Take one finished hop of the engine."""
        self.stream.deliver(result.hop, result.late)

    def delivered(self) -> None:
        """Send the answers that are complete, and the tail when the stream ends."""
        self._send_answers()
        if self._on_finished is not None and self.stream.drained:
            for packet in self.stream.tail():
                self._listener.answer(packet)
            self._report_finished()

    def failed(self, error: EngineFailedError) -> None:
        """Hear that the engine is gone."""
        self._on_finished = None
        self._listener.engine_failed(error)

    def _submit(self, hops: list[DueHop]) -> None:
        for hop in hops:
            self._context.pump.engine.submit(self._handle, hop.samples, hop.due_s)

    def _send_answers(self) -> None:
        for packet in self.stream.answers(self._context.clock()):
            self._listener.answer(packet)

    def _report_finished(self) -> None:
        if self._on_finished is not None:
            on_finished, self._on_finished = self._on_finished, None
            on_finished()
