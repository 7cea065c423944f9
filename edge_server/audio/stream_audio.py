"""One stream's samples between packets and hops: cutting, resampling, alignment, delay."""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from edge_server.audio.geometry import StreamGeometry
from edge_server.audio.resample import (
    HELD_BACK_FROM_ENGINE_SAMPLES,
    HELD_BACK_INTO_ENGINE_SAMPLES,
    StreamResampler,
)
from edge_server.errors import InternalError

Float32 = NDArray[np.float32]


class StreamAudio:
    """Turns what a client sends into hops for the engine, and the engine's hops into what the client gets back.

    Every sample pulled is the input sample `delay_samples` (at the stream's rate) before it, denoised. After any
    number of whole packets was pushed and all their hops were delivered, as many samples can be pulled. What comes
    out does not depend on how the input was cut.

    Thread: one at a time.
    """

    def __init__(self, geometry: StreamGeometry, packet_samples: int) -> None:
        self.geometry = geometry
        self.packet_samples = packet_samples
        self._rest = np.empty(0, np.float32)
        self._ready = _SampleQueue()
        self._pushed = 0
        self._pulled = 0
        self._flushed = False
        self._resample_in: StreamResampler | None = None
        self._resample_out: StreamResampler | None = None
        if geometry.resampled:
            self.delay_samples = self._start_resampled()
        else:
            self.delay_samples = self._start_native()

    def push(self, samples: Float32) -> list[Float32]:
        """Take float32 samples in [-1, 1] at the stream's rate, and give the hops `[hop_samples]` they complete."""
        if self._flushed:
            raise InternalError("The stream was flushed already.")
        self._pushed += len(samples)
        return self._cut(samples)

    def deliver(self, hop: Float32) -> None:
        """Take the engine's next finished hop; hops are delivered in the order in which they were pushed."""
        self._ready.append(self._resample_out.push(hop) if self._resample_out else hop)

    def available(self) -> int:
        """Give how many samples can be pulled now."""
        if not self._flushed:
            return len(self._ready)
        return min(len(self._ready), self._pushed + self.delay_samples - self._pulled)

    def pull(self, count: int) -> Float32:
        """Give the next `count` samples as a new float32 array; raises InternalError when fewer are available."""
        if count > self.available():
            raise InternalError(f"{count} samples were pulled and {self.available()} are available.")
        self._pulled += count
        return self._ready.take(count)

    def flush(self) -> list[Float32]:
        """Give the zero-padded hops after which as many samples came out as went in, plus the delay, and no more."""
        to_whole_packet = -self._pushed % self.packet_samples
        packets = math.ceil(self.delay_samples / self.packet_samples)
        hops = self._cut(np.zeros(to_whole_packet + packets * self.packet_samples, np.float32))
        self._flushed = True
        return hops

    def _start_native(self) -> int:
        # Overlap-add finishes a hop when the next has come; and after n packets up to hop - gcd samples still wait
        # for their hop to fill, which the zeros at the front of the output make up for.
        hop = self.geometry.hop_samples
        waiting = hop - math.gcd(hop, self.packet_samples)
        self._ready.append(np.zeros(waiting, np.float32))
        return hop + waiting

    def _start_resampled(self) -> int:
        geometry = self.geometry
        self._resample_in = StreamResampler(geometry.sample_rate_hz, geometry.engine_rate_hz)
        self._resample_out = StreamResampler(geometry.engine_rate_hz, geometry.sample_rate_hz)
        hop = geometry.hop_samples
        common = math.gcd(geometry.engine_rate_hz, geometry.sample_rate_hz)
        engine_step, stream_step = geometry.engine_rate_hz // common, geometry.sample_rate_hz // common
        # The engine's delay is made a whole number of samples at both rates, or the signal would lie between samples.
        aligned = math.ceil(hop / engine_step) * engine_step
        padding = aligned - hop
        lag_at_engine = hop - 1 - padding + HELD_BACK_FROM_ENGINE_SAMPLES
        waiting = HELD_BACK_INTO_ENGINE_SAMPLES + math.ceil(lag_at_engine * stream_step / engine_step)
        self._ready.append(np.zeros(waiting, np.float32))
        self._ready.append(self._resample_out.push(np.zeros(padding, np.float32)))
        return aligned * stream_step // engine_step + waiting

    def _cut(self, samples: Float32) -> list[Float32]:
        if self._resample_in:
            samples = self._resample_in.push(samples)
        hop = self.geometry.hop_samples
        # A copy always: the hops go to another thread, and the caller may use its array again.
        waiting = np.concatenate((self._rest, samples), dtype=np.float32)
        whole = len(waiting) // hop * hop
        self._rest = waiting[whole:].copy()
        return [waiting[start : start + hop] for start in range(0, whole, hop)]


class _SampleQueue:
    """Samples in the order of their arrival, taken in any sizes."""

    def __init__(self) -> None:
        self._chunks: deque[Float32] = deque()
        self._samples = 0

    def __len__(self) -> int:
        return self._samples

    def append(self, chunk: Float32) -> None:
        if len(chunk):
            self._chunks.append(chunk)
            self._samples += len(chunk)

    def take(self, count: int) -> Float32:
        taken = np.empty(count, np.float32)
        filled = 0
        while filled < count:
            chunk = self._chunks.popleft()
            part = chunk[: count - filled]
            taken[filled : filled + len(part)] = part
            filled += len(part)
            if len(part) < len(chunk):
                self._chunks.appendleft(chunk[len(part) :])
        self._samples -= count
        return taken
