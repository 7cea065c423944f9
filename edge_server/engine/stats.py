"""What an engine may be asked to be made of, and what it has done so far."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_server.errors import BadRequestError


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The limits of an engine; every one is at least 1, except that either kind of stream may be 0.

    `max_streams` and `max_file_streams` count the streams of all `threads`, `max_batch` the frames of one run.
    `max_queued_frames` bounds the frames of one stream that were submitted and not yet drained. `retry_after_s` is
    what a refused stream is told: no promise, but soon enough to notice that someone has left.
    """

    max_streams: int = 64
    max_file_streams: int = 4
    max_batch: int = 32
    max_queued_frames: int = 256
    retry_after_s: float = 15.0
    threads: int = 1

    def __post_init__(self) -> None:
        if min(self.max_streams, self.max_file_streams) < 0 or self.max_streams + self.max_file_streams < 1:
            raise BadRequestError("An engine needs room for at least one stream.")
        if min(self.max_batch, self.max_queued_frames, self.threads) < 1:
            raise BadRequestError("max_batch, max_queued_frames and threads are at least 1.")


QUEUE_AGE_BOUNDS_S = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128)


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Counters since the engine was made; times in seconds.

    `batch_sizes[n]` counts model runs of n frames. `queue_ages` counts batches by how long the frame that was due first
    had waited, up to each of `QUEUE_AGE_BOUNDS_S` and above. `late_frames` came out dry (deadline missed or run failed).
    `running` is False before start, after stop, and after a defect ended a thread.
    """

    running: bool
    live_streams: int
    file_streams: int
    queued_frames: int
    queue_ages: tuple[int, ...]
    queue_age_sum_s: float
    frames: int
    late_frames: int
    failed_runs: int
    batch_sizes: tuple[int, ...]
    run_time_s: float


def merge_stats(lanes: Sequence[EngineStats]) -> EngineStats:
    """Give the counters of all lanes as those of one engine."""
    return EngineStats(
        running=all(lane.running for lane in lanes),
        live_streams=sum(lane.live_streams for lane in lanes),
        file_streams=sum(lane.file_streams for lane in lanes),
        queued_frames=sum(lane.queued_frames for lane in lanes),
        queue_ages=tuple(map(sum, zip(*(lane.queue_ages for lane in lanes), strict=True))),
        queue_age_sum_s=sum(lane.queue_age_sum_s for lane in lanes),
        frames=sum(lane.frames for lane in lanes),
        late_frames=sum(lane.late_frames for lane in lanes),
        failed_runs=sum(lane.failed_runs for lane in lanes),
        batch_sizes=tuple(map(sum, zip(*(lane.batch_sizes for lane in lanes), strict=True))),
        run_time_s=sum(lane.run_time_s for lane in lanes),
    )
