"""What the service counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from edge_server.engine.stats import QUEUE_AGE_BOUNDS_S, EngineStats
from edge_server.errors import HushboxError

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_RUN_TEXT = "Time in batches, of all threads together: transforms, the model's run and synthesis."
_UNSENT_TEXT = "Audio packets dropped on the way out: their clients read too slowly."
_LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.13, 0.25, 0.5)


@dataclass(slots=True)
class AudioCounts:
    """Packets of audio: counted as plain numbers, since a counter of Prometheus costs as much as decoding a packet.

    `packets_out` are the answers; `unsent_packets` of them made way for later ones, since their client reads too slowly.
    """

    packets_in: int = 0
    packets_out: int = 0
    dropped_packets: int = 0
    unsent_packets: int = 0
    lost_in_ended_streams: int = 0


class Metrics:
    """Counters and gauges of one service, in a registry of their own."""

    def __init__(
        self,
        engine_stats: Callable[[], EngineStats],
        temperature_c: Callable[[], float | None] = lambda: None,
        lost_in_open_streams: Callable[[], int] = lambda: 0,
    ) -> None:
        self.registry = CollectorRegistry()
        self.on_error: Callable[[HushboxError], None] = lambda error: None
        registry = self.registry
        self.sessions = Gauge("hushbox_sessions", "Authenticated connections for audio.", registry=registry)
        self.audio = AudioCounts()
        self._lost_in_open_streams = lost_in_open_streams
        self._lost_packets = 0
        self.cut_connections = Counter("hushbox_cut_connections", "Clients that did not read.", registry=registry)
        self.clips = Counter("hushbox_clips", "Files cleaned.", registry=registry)
        self.clip_audio_s = Counter("hushbox_clip_audio_seconds", "Audio in cleaned files.", registry=registry)
        self.jobs_queued = Gauge("hushbox_jobs_queued", "Background files that wait for their turn.", registry=registry)
        self.rooms = Gauge("hushbox_rooms", "Rooms that are open.", registry=registry)
        self.listeners = Gauge("hushbox_room_listeners", "People who hear a voice in a room.", registry=registry)
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
        registry.register(_AudioCollector(self.audio, self.lost_packets))
        registry.register(_TemperatureCollector(temperature_c))
        registry.register(_EngineCollector(engine_stats))

    def count_error(self, error: HushboxError) -> None:
        """Count a refusal under its code, and tell of it."""
        self.errors.labels(error.code).inc()
        self.on_error(error)

    def count_voice(self, summary: Mapping[str, int | float]) -> None:
        """Count what a stream did, at its end."""
        self.audio.lost_in_ended_streams += int(summary["lost_packets"])
        self.stream_latency_s.observe(summary["latency_ms_p99"] / 1000)

    def count_clip(self, audio_s: float) -> None:
        """Count a cleaned file by the seconds of its audio."""
        self.clips.inc()
        self.clip_audio_s.inc(audio_s)

    def lost_packets(self) -> int:
        """Packets filled with silence so far, in streams that run and that ended.

        Never fewer than before, also while a stream that broke is neither. Mutates: what was told.
        """
        now = self.audio.lost_in_ended_streams + self._lost_in_open_streams()
        self._lost_packets = max(self._lost_packets, now)
        return self._lost_packets

    def render(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self.registry)


class _AudioCollector(Collector):
    """Reads the packet counts at the moment they are asked for."""

    def __init__(self, counts: AudioCounts, lost_packets: Callable[[], int]) -> None:
        self._counts = counts
        self._lost_packets = lost_packets

    def collect(self) -> Iterable[Metric]:
        """The counts as metric families."""
        counts = self._counts
        yield CounterMetricFamily("hushbox_packets_in", "Audio packets taken.", value=counts.packets_in)
        yield CounterMetricFamily(
            "hushbox_packets_out", "Audio packets answered, the unsent ones too.", value=counts.packets_out
        )
        yield CounterMetricFamily("hushbox_dropped_packets", "Audio packets refused.", value=counts.dropped_packets)
        yield CounterMetricFamily("hushbox_unsent_packets", _UNSENT_TEXT, value=counts.unsent_packets)
        yield CounterMetricFamily(
            "hushbox_lost_packets", "Audio packets filled with silence.", value=self._lost_packets()
        )


class _TemperatureCollector(Collector):
    """Tells what the thermometer showed last, where there is one."""

    def __init__(self, temperature_c: Callable[[], float | None]) -> None:
        self._temperature_c = temperature_c

    def collect(self) -> Iterable[Metric]:
        """The temperature as a metric family."""
        temperature_c = self._temperature_c()
        if temperature_c is not None:
            yield GaugeMetricFamily("hushbox_temperature_celsius", "Of the processor.", value=temperature_c)


class _EngineCollector(Collector):
    """Reads the engine's own counters at the moment they are asked for."""

    def __init__(self, engine_stats: Callable[[], EngineStats]) -> None:
        self._engine_stats = engine_stats

    def collect(self) -> Iterable[Metric]:
        """The engine's counters as metric families."""
        stats = self._engine_stats()
        yield GaugeMetricFamily("hushbox_engine_running", "1 while all threads of the engine run.", value=stats.running)
        streams = GaugeMetricFamily("hushbox_streams", "Streams in the engine.", labels=["priority"])
        streams.add_metric(["live"], stats.live_streams)
        streams.add_metric(["file"], stats.file_streams)
        yield streams
        yield GaugeMetricFamily("hushbox_queued_frames", "Frames that wait for a batch.", value=stats.queued_frames)
        yield CounterMetricFamily("hushbox_frames", "Frames through the engine.", value=stats.frames)
        yield CounterMetricFamily("hushbox_late_frames", "Frames answered with dry audio.", value=stats.late_frames)
        yield CounterMetricFamily("hushbox_failed_runs", "Model runs that failed.", value=stats.failed_runs)
        yield CounterMetricFamily("hushbox_run_seconds", _RUN_TEXT, value=stats.run_time_s)
        yield _batch_histogram(stats.batch_sizes)
        yield _queue_age_histogram(stats)


def _batch_histogram(batch_sizes: tuple[int, ...]) -> HistogramMetricFamily:
    bounds = [size for size in (1, 2, 4, 8, 16, 32, 64, 128) if size < len(batch_sizes)]
    buckets = [(str(float(bound)), float(sum(batch_sizes[: bound + 1]))) for bound in bounds]
    buckets.append(("+Inf", float(sum(batch_sizes))))
    frames = sum(size * count for size, count in enumerate(batch_sizes))
    return HistogramMetricFamily("hushbox_batch_size", "Frames in a model run.", buckets=buckets, sum_value=frames)


def _queue_age_histogram(stats: EngineStats) -> HistogramMetricFamily:
    bounds = [*map(str, QUEUE_AGE_BOUNDS_S), "+Inf"]
    counts = map(float, accumulate(stats.queue_ages))
    text = "How long the live frame that was due first had waited when its batch began."
    return HistogramMetricFamily(
        "hushbox_queue_age_seconds",
        text,
        buckets=list(zip(bounds, counts, strict=True)),
        sum_value=stats.queue_age_sum_s,
    )
