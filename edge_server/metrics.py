"""What the service counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from edge_server.engine.stats import EngineStats
from edge_server.errors import HushboxError

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.13, 0.25, 0.5)


class Metrics:
    """Counters and gauges of one service, in a registry of their own."""

    def __init__(self, engine_stats: Callable[[], EngineStats]) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.sessions = Gauge("hushbox_sessions", "Authenticated connections.", registry=registry)
        self.packets_in = Counter("hushbox_packets_in", "Audio packets taken.", registry=registry)
        self.packets_out = Counter("hushbox_packets_out", "Audio packets sent.", registry=registry)
        self.dropped_packets = Counter("hushbox_dropped_packets", "Audio packets refused.", registry=registry)
        self.lost_packets = Counter("hushbox_lost_packets", "Audio packets filled with silence.", registry=registry)
        self.cut_connections = Counter("hushbox_cut_connections", "Clients that did not read.", registry=registry)
        self.clips = Counter("hushbox_clips", "Files cleaned.", registry=registry)
        self.clip_audio_s = Counter("hushbox_clip_audio_seconds", "Audio in cleaned files.", registry=registry)
        self.errors = Counter("hushbox_errors", "Refusals by code.", ["code"], registry=registry)
        self.failed_housekeeping = Counter(
            "hushbox_failed_housekeeping", "Token and certificate checks that failed.", registry=registry
        )
        self.stream_latency_s = Histogram(
            "hushbox_stream_latency_p99_seconds",
            "The p99 of each finished stream: from a packet's arrival to its answer.",
            buckets=_LATENCY_BUCKETS_S,
            registry=registry,
        )
        registry.register(_EngineCollector(engine_stats))

    def count_error(self, error: HushboxError) -> None:
        """Count a refusal under its code."""
        self.errors.labels(error.code).inc()

    def count_clip(self, audio_s: float) -> None:
        """Count a cleaned file by the seconds of its audio."""
        self.clips.inc()
        self.clip_audio_s.inc(audio_s)

    def render(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self.registry)


class _EngineCollector(Collector):
    """Reads the engine's own counters at the moment they are asked for."""

    def __init__(self, engine_stats: Callable[[], EngineStats]) -> None:
        self._engine_stats = engine_stats

    def collect(self) -> Iterable[Metric]:
        """The engine's counters as metric families."""
        stats = self._engine_stats()
        yield GaugeMetricFamily("hushbox_engine_running", "1 while the engine's thread runs.", value=stats.running)
        streams = GaugeMetricFamily("hushbox_streams", "Streams in the engine.", labels=["priority"])
        streams.add_metric(["live"], stats.live_streams)
        streams.add_metric(["file"], stats.file_streams)
        yield streams
        yield GaugeMetricFamily("hushbox_queued_frames", "Frames that wait for a batch.", value=stats.queued_frames)
        yield CounterMetricFamily("hushbox_frames", "Frames through the engine.", value=stats.frames)
        yield CounterMetricFamily("hushbox_late_frames", "Frames answered with dry audio.", value=stats.late_frames)
        yield CounterMetricFamily("hushbox_failed_runs", "Model runs that failed.", value=stats.failed_runs)
        yield CounterMetricFamily("hushbox_run_seconds", "Time in model runs.", value=stats.run_time_s)
        yield _batch_histogram(stats.batch_sizes)


def _batch_histogram(batch_sizes: tuple[int, ...]) -> HistogramMetricFamily:
    bounds = [size for size in (1, 2, 4, 8, 16, 32, 64, 128) if size < len(batch_sizes)]
    buckets = [(str(float(bound)), float(sum(batch_sizes[: bound + 1]))) for bound in bounds]
    buckets.append(("+Inf", float(sum(batch_sizes))))
    frames = sum(size * count for size, count in enumerate(batch_sizes))
    return HistogramMetricFamily("hushbox_batch_size", "Frames in a model run.", buckets=buckets, sum_value=frames)
