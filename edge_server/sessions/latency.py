"""Latency of a stream in bounded space."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_STEPS_PER_OCTAVE = 64
_SHORTEST_S = 0.0001
_BUCKETS = 16 * _STEPS_PER_OCTAVE


class LatencyHistogram:
    """Percentiles over all latencies of a stream, true within a hundredth, in 4 kB."""

    def __init__(self) -> None:
        self._counts = array("I", bytes(4 * _BUCKETS))

    def add(self, latency_s: float) -> None:
        """Count one latency, in seconds."""
        bucket = int(_STEPS_PER_OCTAVE * math.log2(latency_s / _SHORTEST_S)) if latency_s > _SHORTEST_S else 0
        self._counts[min(bucket, _BUCKETS - 1)] += 1

    def counts(self) -> NDArray[np.uint32]:
        """How many latencies fell into each bucket so far; a copy."""
        return np.array(self._counts, dtype=np.uint32)

    def add_counts(self, counts: NDArray[np.uint32]) -> None:
        """Count the latencies of another one too, bucket by bucket."""
        self._counts = array("I", (self.counts() + counts).tobytes())

    def percentiles_ms(self, percents: Sequence[float]) -> list[float]:
        """The percentiles, in milliseconds with two decimals; zeros when nothing was counted."""
        total = sum(self._counts)
        return [self._percentile_ms(total * percent / 100) if total else 0.0 for percent in percents]

    def _percentile_ms(self, rank: float) -> float:
        below = 0
        for bucket, count in enumerate(self._counts):
            if below + count >= rank and count:
                # Spread over the bucket as if its latencies lay evenly in it.
                position = bucket + (rank - below) / count
                return round(1000 * _SHORTEST_S * math.exp2(position / _STEPS_PER_OCTAVE), 2)
            below += count
        return 0.0
