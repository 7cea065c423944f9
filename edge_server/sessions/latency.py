"""Latency of a stream in bounded space."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

_KEPT = 4096


class LatencyReservoir:
    """Percentiles over the latest 4096 latencies."""

    def __init__(self) -> None:
        self._latest_s: deque[float] = deque(maxlen=_KEPT)

    def add(self, latency_s: float) -> None:
        """Count one latency, in seconds."""
        self._latest_s.append(latency_s)

    def percentiles_ms(self, percents: Sequence[float]) -> list[float]:
        """The percentiles, in milliseconds with two decimals; zeros when nothing was counted."""
        if not self._latest_s:
            return [0.0] * len(percents)
        return [round(1000 * float(value), 2) for value in np.percentile(self._latest_s, percents)]
