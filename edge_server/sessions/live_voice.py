"""A live stream at work: its packets, its slot in the engine, and where its answers go."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_server.audio.geometry import StreamGeometry
from edge_server.engine.stream_handle import Priority, Result
from edge_server.errors import BadRequestError, EngineFailedError, OverloadedError
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream import DueHop, Stream
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.packets import FLAG_LATE, AudioPacket

MIN_PACKET_MS = 5
USUAL_PACKET_MS = 20
MAX_PACKET_MS = 100
MAX_SUPPRESSION_LIMIT_DB = 100.0
WARNING_INTERVAL_S = 5.0


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

    @property
    def voices(self) -> float:
        """As how many voices with packets of 20 ms it counts, by the work that its packets make for the network loop."""
        return max(1.0, USUAL_PACKET_MS * self.geometry.sample_rate_hz / (1000 * self.packet_samples))


def _nothing() -> None:
    pass


def _ignore_rate(sample_rate_hz: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class VoiceContext:
    """What every voice of a box shares: limits, the answer deadline in seconds and the clock of the engine.

    `on_started` hears the rate of each voice that begins, `on_ended` that one has ended.
    """

    pump: Pump
    limits: StreamLimits
    deadline_s: float
    clock: Callable[[], float]
    on_started: Callable[[int], None] = _ignore_rate
    on_ended: Callable[[], None] = _nothing


class VoiceListener(Protocol):
    """The client's side of a voice. None of these calls may wait."""

    def answer(self, packet: AudioPacket) -> None:
        """Send one packet to the client."""

    def overloaded(self, error: OverloadedError) -> None:
        """Hear that some answers are late: dry audio, aligned; told at most once in 5 s."""

    def engine_failed(self, error: EngineFailedError) -> None:
        """Hear that the engine is gone and nothing more will come."""


class VoiceAudience(Protocol):
    """Others who hear what the client hears. The call may not wait."""

    def hear(self, packet: AudioPacket) -> None:
        """Hear one packet that was given to the client."""


class _Nobody:
    """Listens while the client is away."""

    def answer(self, packet: AudioPacket) -> None:
        pass

    def overloaded(self, error: OverloadedError) -> None:
        pass

    def engine_failed(self, error: EngineFailedError) -> None:
        pass


_NOBODY = _Nobody()


class LiveVoice:
    """Runs one `Stream` through the engine and gives each answer to `listener` as soon as it is complete.

    Raises `TooManyStreamsError` when the engine has no slot. Thread: the network loop's.
    """

    def __init__(self, context: VoiceContext, request: VoiceRequest, listener: VoiceListener) -> None:
        self.request = request
        self.suppression_limit_db = request.suppression_limit_db
        self.stream_id = secrets.token_hex(8)
        self.device = ""
        self.audience: VoiceAudience | None = None
        self.on_silent: Callable[[], None] = _nothing
        self._context = context
        self._listener = listener
        self._on_finished: Callable[[], None] | None = None
        self.stream = Stream(request.geometry, request.packet_samples, context.limits, context.deadline_s)
        self._next_warning_s = -math.inf
        self._handle = context.pump.engine.open_stream(
            request.geometry, request.suppression_limit_db, Priority.LIVE, self.stream.engine_takes_pcm
        )
        context.pump.attach(self._handle, self)
        context.on_started(self.sample_rate_hz)

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the stream."""
        return self.request.geometry.sample_rate_hz

    @property
    def packet_samples(self) -> int:
        """The samples of each packet."""
        return self.request.packet_samples

    def accept(self, packet: AudioPacket) -> None:
        """Take one packet of the client. Raises what `Stream.accept` raises."""
        silence = self.stream.leap(packet)
        if silence is not None:
            self._hush()
            self._listener.answer(silence)
        self._submit(self.stream.accept(packet, self._context.clock()))
        # Answers that need no further hop (packets shorter than a hop) go out at once.
        self._send_answers()

    def set_suppression_limit(self, limit_db: float | None) -> None:
        """Ramp to another limit, from the next packet on."""
        self.suppression_limit_db = limit_db
        self._context.pump.engine.set_suppression_limit(self._handle, limit_db)

    def finish(self, on_finished: Callable[[], None]) -> None:
        """Flush; `on_finished` is called once the last packet was given to the listener."""
        self._on_finished = on_finished
        self._submit(self.stream.flush(self._context.clock()))
        self.delivered()

    def park(self) -> None:
        """Let the client be away: what comes out meanwhile is nobody's."""
        self._listener = _NOBODY

    def adopt(self, listener: VoiceListener, silence: AudioPacket | None) -> None:
        """Answer to another listener from now on, beginning with what `Stream.resume` gave."""
        self._listener = listener
        if silence is not None:
            listener.answer(silence)

    def close(self) -> None:
        """Free the slot, and tell those who hear along. Closing twice does nothing."""
        if self._handle.closed:
            return
        self._context.pump.detach(self._handle)
        self._context.pump.engine.close_stream(self._handle)
        self._context.on_ended()
        self.on_silent()

    def deliver(self, result: Result) -> None:
        """Take one finished hop of the engine."""
        self.stream.deliver(result.hop, result.late)

    def delivered(self) -> None:
        """Send the answers that are complete, and the tail when the stream ends."""
        self._send_answers()
        if self._on_finished is not None and self.stream.drained:
            for packet in self.stream.tail():
                self._answer(packet)
            self._report_finished()

    def failed(self, error: EngineFailedError) -> None:
        """Hear that the engine is gone."""
        self._on_finished = None
        self._listener.engine_failed(error)

    def _submit(self, hops: list[DueHop]) -> None:
        for hop in hops:
            self._context.pump.engine.submit(self._handle, hop.samples, hop.due_s)

    def _send_answers(self) -> None:
        now_s = self._context.clock()
        for packet in self.stream.answers(now_s):
            self._answer(packet)
            if packet.flags & FLAG_LATE and now_s >= self._next_warning_s:
                self._next_warning_s = now_s + WARNING_INTERVAL_S
                self._listener.overloaded(OverloadedError("The box is overloaded: some of your audio is not denoised."))

    def _answer(self, packet: AudioPacket) -> None:
        self._listener.answer(packet)
        if self.audience is not None:
            self.audience.hear(packet)

    def _hush(self) -> None:
        self._context.pump.detach(self._handle)
        self._handle = self._context.pump.engine.hush_stream(self._handle)
        self._context.pump.attach(self._handle, self)

    def _report_finished(self) -> None:
        if self._on_finished is not None:
            on_finished, self._on_finished = self._on_finished, None
            on_finished()


def live_voices(pump: Pump) -> list[LiveVoice]:
    """The live voices among those with a stream in the engine."""
    return [consumer for consumer in pump.consumers if isinstance(consumer, LiveVoice)]
