"""One stream's s16le bytes between packets and hops: `StreamAudio` for those who neither want nor need floats."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_server.audio.geometry import StreamGeometry
from edge_server.audio.pcm import BYTES_PER_SAMPLE, from_s16le, to_s16le
from edge_server.audio.stream_audio import StreamAudio
from edge_server.errors import InternalError

Hop = NDArray[np.float32] | bytes
"""One hop at the engine's rate: float32 `[hop_samples]` in [-1, 1], or s16le bytes on a stream opened with `pcm`."""


class PcmAudio(Protocol):
    """Turns s16le packets into hops for the engine, and the engine's hops into s16le packets.

    Hops are bytes where `engine_takes_pcm`, float32 arrays otherwise. Every promise of `StreamAudio` holds.
    """

    delay_samples: int
    engine_takes_pcm: bool

    def push(self, payload: bytes) -> list[Hop]:
        """Take s16le bytes and give the hops that they complete."""

    def deliver(self, hop: Hop) -> None:
        """Take the engine's next finished hop, in the order in which they were pushed."""

    def available(self) -> int:
        """Give how many samples can be pulled now."""

    def pull(self, count: int) -> bytes:
        """Give the next `count` samples; raises InternalError when fewer are available."""

    def flush(self) -> list[Hop]:
        """Give the zero-padded hops after which as many samples came out as went in, plus the delay, and no more."""


def open_pcm_audio(geometry: StreamGeometry, packet_samples: int) -> PcmAudio:
    """Give the audio of a new stream."""
    return _Resampled(geometry, packet_samples) if geometry.resampled else _Native(geometry, packet_samples)


class _Native:
    """At a rate of the engine bytes are only cut and joined; the engine converts whole batches."""

    engine_takes_pcm = True

    def __init__(self, geometry: StreamGeometry, packet_samples: int) -> None:
        hop = geometry.hop_samples
        # As in StreamAudio: after whole packets, up to hop - gcd samples still wait for their hop to fill.
        waiting = hop - math.gcd(hop, packet_samples)
        self.delay_samples = hop + waiting
        self._packet_bytes = packet_samples * BYTES_PER_SAMPLE
        self._hop_bytes = hop * BYTES_PER_SAMPLE
        self._rest = b""
        self._ready = bytearray(waiting * BYTES_PER_SAMPLE)
        self._pushed_bytes = 0
        self._pulled_bytes = 0
        self._flushed = False

    def push(self, payload: bytes) -> list[Hop]:
        if self._flushed:
            raise InternalError("The stream was flushed already.")
        self._pushed_bytes += len(payload)
        return self._cut(payload)

    def deliver(self, hop: Hop) -> None:
        self._ready += hop  # type: ignore[arg-type]

    def available(self) -> int:
        ready_bytes = len(self._ready)
        if self._flushed:
            left_bytes = self._pushed_bytes + self.delay_samples * BYTES_PER_SAMPLE - self._pulled_bytes
            ready_bytes = min(ready_bytes, left_bytes)
        return ready_bytes // BYTES_PER_SAMPLE

    def pull(self, count: int) -> bytes:
        if count > self.available():
            raise InternalError(f"{count} samples were pulled and {self.available()} are available.")
        size = count * BYTES_PER_SAMPLE
        taken = bytes(self._ready[:size])
        del self._ready[:size]
        self._pulled_bytes += size
        return taken

    def flush(self) -> list[Hop]:
        packets = math.ceil(self.delay_samples * BYTES_PER_SAMPLE / self._packet_bytes)
        hops = self._cut(bytes(-self._pushed_bytes % self._packet_bytes + packets * self._packet_bytes))
        self._flushed = True
        return hops

    def _cut(self, payload: bytes) -> list[Hop]:
        waiting, size = self._rest + payload, self._hop_bytes
        whole = len(waiting) // size * size
        self._rest = waiting[whole:]
        return [waiting[start : start + size] for start in range(0, whole, size)]


class _Resampled:
    """At 44.1 kHz the way goes through floats."""

    engine_takes_pcm = False

    def __init__(self, geometry: StreamGeometry, packet_samples: int) -> None:
        self._audio = StreamAudio(geometry, packet_samples)
        self.delay_samples = self._audio.delay_samples

    def push(self, payload: bytes) -> list[Hop]:
        return list(self._audio.push(from_s16le(payload)))

    def deliver(self, hop: Hop) -> None:
        self._audio.deliver(hop)  # type: ignore[arg-type]

    def available(self) -> int:
        return self._audio.available()

    def pull(self, count: int) -> bytes:
        return to_s16le(self._audio.pull(count))

    def flush(self) -> list[Hop]:
        return list(self._audio.flush())
