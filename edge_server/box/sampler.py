"""What the owner sees every second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_server.engine.stats import EngineStats
from edge_server.sessions.latency import LatencyHistogram

STATS_KEPT = 120


@dataclass(frozen=True, slots=True)
class Counters:
    """What has been counted since the start, and how things stand."""

    engine: EngineStats
    dropped_packets: int
    lost_packets: int
    unsent_packets: int
    latencies: dict[int, LatencyHistogram]
    standing: dict[str, Any]


class Sampler:
    """Makes one set of statistics from the difference to the time before.

    `read` gives the counters; `clock` never goes back, `unix_clock` gives Unix seconds. Thread: the network loop's.
    """

    def __init__(
        self,
        read: Callable[[], Counters],
        clock: Callable[[], float],
        unix_clock: Callable[[], float],
    ) -> None:
        self.kept: deque[dict[str, Any]] = deque(maxlen=STATS_KEPT)
        self._read = read
        self._clock = clock
        self._unix_clock = unix_clock
        self._started_s = self._sampled_s = clock()
        self._before = read()
        self._counts_before: dict[int, NDArray[np.uint32]] = {}

    def sample(self, machine: Mapping[str, Any]) -> dict[str, Any]:
        """The statistics since the last sample, together with those of the machine; they are kept too."""
        now_s, counters = self._clock(), self._read()
        stats = {
            "at_ms": round(1000 * self._unix_clock()),
            **counters.standing,
            **self._rates(counters, max(now_s - self._sampled_s, 1e-3)),
            **self._delays(counters.latencies),
            **machine,
            "uptime_s": round(now_s - self._started_s),
        }
        self._sampled_s, self._before = now_s, counters
        self.kept.append(stats)
        return stats

    def _rates(self, now: Counters, interval_s: float) -> dict[str, Any]:
        before = self._before
        runs = [more - fewer for more, fewer in zip(now.engine.batch_sizes, before.engine.batch_sizes, strict=True)]
        frames = sum(size * count for size, count in enumerate(runs))
        return {
            "live_voices": now.engine.live_streams,
            "file_streams": now.engine.file_streams,
            "queued_frames": now.engine.queued_frames,
            "frames_per_s": round((now.engine.frames - before.engine.frames) / interval_s, 1),
            "batch_size_mean": round(frames / sum(runs), 2) if sum(runs) else None,
            "late_frames_per_s": round((now.engine.late_frames - before.engine.late_frames) / interval_s, 2),
            "dropped_packets_per_s": round((now.dropped_packets - before.dropped_packets) / interval_s, 2),
            "lost_packets_per_s": round((now.lost_packets - before.lost_packets) / interval_s, 2),
            "unsent_packets_per_s": round((now.unsent_packets - before.unsent_packets) / interval_s, 2),
        }

    def _delays(self, latencies: dict[int, LatencyHistogram]) -> dict[str, float | None]:
        recent = LatencyHistogram()
        counts = {key: histogram.counts() for key, histogram in latencies.items()}
        for key, now in counts.items():
            before = self._counts_before.get(key)
            recent.add_counts(now if before is None else now - before)
        self._counts_before = counts
        names = ("delay_ms_p50", "delay_ms_p95", "delay_ms_p99")
        if not recent.counts().any():
            return dict.fromkeys(names)
        return dict(zip(names, recent.percentiles_ms((50.0, 95.0, 99.0)), strict=True))
